"""python scripts/evaluate.py RUN ...: the same as `jaxgan evaluate RUN ...`."""

import sys

from jaxgan.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["evaluate", *sys.argv[1:]]))

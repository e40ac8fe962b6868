"""python scripts/sample.py RUN ...: the same as `jaxgan sample RUN ...`."""

import sys

from jaxgan.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["sample", *sys.argv[1:]]))

"""python scripts/report.py RUN ...: the same as `jaxgan report RUN ...`."""

import sys

from jaxgan.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["report", *sys.argv[1:]]))

"""python scripts/bench.py RECIPE ...: the same as `jaxgan bench RECIPE ...`."""

import sys

from jaxgan.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["bench", *sys.argv[1:]]))

"""python scripts/train.py RECIPE ...: the same as `jaxgan train RECIPE ...`."""

import sys

from jaxgan.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["train", *sys.argv[1:]]))

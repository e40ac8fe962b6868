"""python scripts/convert_inception.py CHECKPOINT.pth OUT.npz: FID's Inception from PyTorch's file; torch is not needed."""

import argparse
import sys

from jaxgan.errors import BadInput
from jaxgan.metrics.features import convert, inception


def main(argv=None):
    """Status 0, or 2 and a line on stderr."""
    parser = argparse.ArgumentParser(prog="convert_inception.py", description=__doc__.partition(": ")[2])
    parser.add_argument("checkpoint", metavar="CHECKPOINT.pth", help="such as pt_inception-2015-12-05-6726825d.pth")
    parser.add_argument("out", metavar="OUT.npz", help="the archive to write; an existing one is not overwritten")
    args = parser.parse_args(argv)
    try:
        digest = convert.inception_of_torch(args.checkpoint, args.out)
    except BadInput as error:
        print(f"convert_inception.py: {error}", file=sys.stderr)
        return 2
    known = "the public checkpoint" if digest == inception.SOURCE else f"not the public one, {inception.SOURCE[:8]}..."
    print(f"{args.out}: written from a file with SHA-256 {digest} ({known})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

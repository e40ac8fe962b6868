"""`jaxgan apply`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from jaxgan import runtime
from jaxgan.cli import flags
from jaxgan.names import tell

USAGE, DOES = "apply RUN PICTURES... [flags]", "let a run's G work on pictures: files, folders, any size"
PLACE, NEEDS = 2.5, "RUN"


@dataclass(frozen=True, kw_only=True)
class Flags(flags.Weights):
    """Flags of `jaxgan apply`."""

    inputs: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PICTURES...")]
    """Pictures, folders or zips of them, or sources of data. A GIF or WebP is made frame by frame."""
    out: str
    """Folder that is written, each picture under its own name. The same command goes on where it was left."""
    seed: int = 0
    """Of what G draws, where it draws: the same for every picture."""
    reverse: bool = False
    """The other way, for a run that has learned both."""
    mask: str | None = None
    """A picture, or a folder of pictures of the same names, white where G is to fill in (what is transparent of a mask is
    not). By default what is transparent of each picture."""
    compare: bool = False
    """Write each picture beside what it was."""
    size: int = 0
    """Bring the shorter side of each picture to so many pixels first. 0: as it is."""
    most_pixels: int = 512 * 512
    """Pixels that G is given at once. Larger pictures are made in tiles, or, where G looks at all of a picture, smaller."""


def run(subject: str | None, argv: Sequence[str]) -> int:
    """Writes the pictures, and says which could not be read."""
    args = flags.parse(Flags, argv, f"jaxgan apply {subject or 'RUN'}", DOES)
    from jaxgan import inference

    runtime.keep_programs()
    done = inference.apply_files(subject, args.inputs, args.out, **flags.of(args, "inputs", "out"))
    for line in done.failed:
        tell(f"jaxgan: {line}", file=sys.stderr)
    kept = f", {done.kept} were there already" if done.kept else ""
    tell(
        f"wrote {done.written} pictures into {done.out}{kept}" + (f", {len(done.failed)} failed" if done.failed else "")
    )
    return 2 if done.failed else 0

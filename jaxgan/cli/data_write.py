"""`jaxgan data write`."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from jaxgan.cli import flags
from jaxgan.names import shown, tell
from jaxgan.options.marks import ActiveIf

USAGE, PLACE, NEEDS = "data write SOURCE --name NAME", 6, "SOURCE"
DOES = "write it as a set of tensorflow-datasets, to train on as tfds:NAME"


@dataclass(frozen=True)
class Flags:
    """Flags of `jaxgan data write`."""

    name: str
    """Of the new set: lower-case letters, digits and _."""
    folder: str | None = None
    """Where tensorflow-datasets keeps its sets. By default TFDS_DATA_DIR, or ~/tensorflow_datasets."""
    resolution: int = 0
    """Bring images to this many pixels in height first."""
    fit: Annotated[
        Literal["crop", "stretch", "pad"],
        ActiveIf(lambda flags: flags.resolution, lambda flags: "--resolution 0: say to how many pixels"),
    ] = "crop"
    """How, as `jaxgan train --fit` does."""
    split: str = ""
    """Of a folder or a set of tfds that has splits: train, val, test or another word for one. By default train."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Writes the set, and prints where."""
    args = flags.parse(Flags, argv, f"jaxgan data write {subject or 'SOURCE'}", DOES)
    from jaxgan import data

    dataset = data.load(subject, **flags.of(args, "name", "folder"))
    folder = data.tfds.write(dataset, **flags.of(args, "resolution", "fit", "split"))
    word = args.name if args.folder is None else Path(args.folder).absolute() / args.name
    tell(f"{dataset.size} samples in {shown(folder)}: train on them with --data {shlex.quote(f'tfds:{word}')}")

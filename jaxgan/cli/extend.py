"""`jaxgan extend`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from jaxgan import runtime
from jaxgan.cli import flags
from jaxgan.names import tell
from jaxgan.options.marks import ActiveIf

USAGE, DOES = (
    "extend RUN --out OUT [flags]",
    "labelled samples for a small data set, and whether they help a classifier",
)
PLACE, NEEDS = 2.7, "RUN"


@dataclass(frozen=True, kw_only=True)
class Flags(flags.Weights):
    """Flags of `jaxgan extend`."""

    out: str
    """Folder (a picture each, classes in sub-folders) or .npz that is written: a source of data like any other."""
    num: int = 10_000
    """Samples in all, classes in equal shares."""
    seed: int = 0
    """Of the latents, and of the classifier that rejects."""
    least_confidence: float = 0.0
    """Keep only samples to which a classifier, trained on the run's own pictures alone, gives the class asked for with this
    probability or more. 0: all."""
    measure: int = 3
    """Seeds with which classifiers are trained on the real pictures, on the synthetic ones and on both, and compared on
    held-out pictures. 0: nothing is measured."""
    held_out: Annotated[
        str | None, ActiveIf(lambda flags: flags.measure, lambda flags: "--measure 0: say with how many seeds")
    ] = None
    """Source of the pictures to measure on: of one with val or test beside train, that. By default what the run's own source
    leaves out."""
    data: str | None = None
    """Where the run's training data are now, if not where they were."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Writes the samples, and prints what they are worth."""
    args = flags.parse(Flags, argv, f"jaxgan extend {subject or 'RUN'}", DOES)
    from jaxgan import evaluation

    runtime.keep_programs()
    found = evaluation.extend(subject, **flags.of(args), say=lambda line: tell(line, file=sys.stderr))
    tell(f"wrote {found.synthetic} labelled samples into {found.out}, of {found.drawn} that were drawn")
    if found.accuracy:
        tell(found.table())

"""`jaxgan probe`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from jaxgan import runtime
from jaxgan.cli import flags
from jaxgan.names import tell

USAGE, DOES = "probe RUN [flags]", "what a run's D knows of classes: a linear layer on its features, few labels"
PLACE, NEEDS = 3.2, "RUN"


@dataclass(frozen=True)
class Flags(flags.Own):
    """Flags of `jaxgan probe`."""

    labels: tuple[int, ...] = (10, 100)
    """Labels of each class, of the run's training data."""
    seeds: int = 3
    """Draws of these labels, 0 .. this less 1."""
    steps: int = 1000
    """Steps of the same network, supervised from its initialisation with the same labels. 0: it is not trained."""
    held_out: str | None = None
    """Source of samples to measure on: of one with val or test beside train, that. By default what the run's own source leaves
    out."""
    checkpoint: str = "latest"
    """Step of the checkpoint, latest, or best (by the run's --best-metric)."""
    data: str | None = None
    """Where the run's training data are now, if not where they were."""


def run(subject: str | None, argv: Sequence[str]) -> None:
    """Measures, and prints a table."""
    args = flags.parse(Flags, argv, f"jaxgan probe {subject or 'RUN'}", DOES)
    from jaxgan import evaluation

    runtime.keep_programs()
    tell(evaluation.probe(subject, **flags.of(args), say=lambda line: tell(line, file=sys.stderr)).table())

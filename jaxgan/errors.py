"""What is said to somebody whose input cannot be used, or whose training cannot go on."""

import difflib
import math
from collections.abc import Iterable


class BadInput(Exception):
    """Input that cannot be used. The message names both values and the way out; the command line prints it alone."""

    status = 2


class TryAgain(BadInput):
    """Nothing is wrong with what was asked for: a disk is full or does not answer, or another process trains there."""

    status = 75  # EX_TEMPFAIL of sysexits.h: a scheduler may begin the same command again


class Diverged(BadInput):
    """Something that a training learns is not finite any more."""

    status = 70


class Damaged(BadInput):
    """Something that was written once is proved not to be what was written."""


def positive(name: str, value: float | None) -> None:
    """Raises BadInput where a value is given that is no finite number above 0."""
    if value is not None and not 0 < value < math.inf:
        raise BadInput(f"{name} is {value}: give a finite number above 0")


def unknown(kind: str, name: object, known: Iterable[object]) -> BadInput:
    """BadInput for a name that is not among `known`, with the nearest ones."""
    known = sorted(map(str, known))
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    return BadInput(f"unknown {kind} {str(name)!r}: {hint}")

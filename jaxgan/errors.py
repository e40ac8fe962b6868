"""What is said to somebody whose input cannot be used, or whose training cannot go on."""

import difflib
import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any


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


def check_counts(rare_every: Any = (1, 1), **counts: int) -> None:
    """Raises BadInput where one of the counts, those of the pair rare_every among them, is no whole number above 0."""
    if not isinstance(rare_every, tuple | list) or len(rare_every) != 2:
        raise BadInput(f"rare_every is {rare_every!r}: give Pair(g=N, d=N), steps between those at which each is due")
    for name, count in {**dict(zip(("rare_every.g", "rare_every.d"), rare_every, strict=True)), **counts}.items():
        if isinstance(count, bool) or not isinstance(count, Integral) or count < 1:
            raise BadInput(f"{name} is {count!r}: give a whole number above 0")


def check_average(**numbers: Any) -> None:
    """Raises BadInput for a number of Python's, of an average of weights, that is below 0 or not finite. Traced ones pass."""
    for name, x in numbers.items():
        if isinstance(x, Real) and not 0 <= float(x) < math.inf:
            raise BadInput(f"{name} is {x}: give 0 or more, 1e9 for what never ends")


def check_pair(name: str, pair: Any) -> None:
    """Raises BadInput for what is no pair of one thing for each side: a Pair, or any other tuple or list of two."""
    if not isinstance(pair, tuple | list) or len(pair) != 2 or all(map(callable, pair)):
        raise BadInput(f"{name} is {type(pair).__name__}: give Pair(g=, d=), one for each side")


def unknown(kind: str, name: object, known: Iterable[object]) -> BadInput:
    """BadInput for a name that is not among `known`, with the nearest ones."""
    known = sorted(map(str, known))
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    return BadInput(f"unknown {kind} {str(name)!r}: {hint}")

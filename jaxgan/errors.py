"""What is said to somebody whose input cannot be used."""

import difflib
from collections.abc import Iterable


class BadInput(Exception):
    """Input that cannot be used. The message names both values and the way out; the command line prints it alone."""


def unknown(kind: str, name: object, known: Iterable[object]) -> BadInput:
    """BadInput for a name that is not among `known`, with the nearest ones."""
    known = sorted(map(str, known))
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
    return BadInput(f"unknown {kind} {str(name)!r}: {hint}")

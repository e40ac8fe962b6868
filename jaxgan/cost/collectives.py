"""What a compiled step sends between devices, read off its text."""

import re
from collections.abc import Sequence

import numpy as np

KINDS = ("all-reduce", "all-gather", "all-to-all", "reduce-scatter", "collective-permute")
_BOTH = ("all-gather", "collective-permute")  # whose "-start" gives operands and results
_LINE = re.compile(rf" = (.*?) ({'|'.join(KINDS)})(-start)?\(")
_SHAPE = re.compile(r"(pred|[a-z]+)(\d*)\[([\d,]*)\]")


def found(text: str) -> list[tuple[str, int]]:
    """(kind, bytes of what comes out on a device) of each collective of a compiled program's text, in its order."""
    found = []
    for line in text.splitlines():
        if match := _LINE.search(line):
            shapes = _SHAPE.findall(match[1])
            if match[3] and match[2] in _BOTH:  # what goes in, what comes out, then what a permutation keeps beside
                shapes = [shape for shape in shapes if shape != ("u", "32", "")]
                shapes = shapes[len(shapes) // 2 :]
            found.append((match[2], sum(_size(kind, bits, dims) for kind, bits, dims in shapes)))
    return found


def total(collectives: Sequence[tuple[str, int]], kind: str) -> int:
    """Bytes of all collectives of a kind."""
    return sum(size for each, size in collectives if each == kind)


def sent(size: float, devices: int, kind: str) -> float:
    """Bytes that each device sends in a ring: for an all-reduce of `size`, or an all-gather that comes to it.

    2 (n - 1) / n of it and (n - 1) / n; Patarasuk & Yuan 2009, doi:10.1016/j.jpdc.2008.09.002.
    """
    return size * (devices - 1) / devices * (2 if kind == "all-reduce" else 1)


def _size(kind, bits, dims):
    count = int(np.prod([int(d) for d in dims.split(",") if d], dtype=np.int64))
    return count * max(1, int(bits or 8) // 8)

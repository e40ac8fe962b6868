"""Palettes of masks, by which programs that make files smaller may number the same colours in another order in each file."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from jaxgan.data.listing import Listing
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import opened, told


def colours(picture: Any) -> np.ndarray:
    """int64 [256] of Pillow's image of mode P: red << 16 | green << 8 | blue of each number, black of those without."""
    return _codes(_plain(picture))


def differ(found: Listing, names: Sequence[str], ignored: int | None = None) -> str:
    """Two of these files whose palettes have another colour for a number that occurs in both, in words; "" where all agree.

    ignored: a number that is no class, whose colour says nothing. Files that cannot be read are left to their reader. Pixels
    are looked at only where palettes are not the same, as far as they go: one may end behind the last number that occurs.
    """
    with ThreadPoolExecutor(files.THREADS) as pool:
        palettes = list(pool.map(lambda name: _palette(found, name), names))
    longest = max(filter(None, palettes), key=len, default=b"")
    if all(palette is None or longest.startswith(palette) for palette in palettes):
        return ""
    first: dict[int, tuple[str, int]] = {}  # number -> file, colour
    for name, palette in zip(names, palettes, strict=True):
        for number in set() if palette is None else _used(found, name) - {ignored}:
            colour = int(_codes(palette)[number])
            before, other = first.setdefault(number, (name, colour))
            if other != colour:
                return f"number {number} is {_words(other)} in {before} and {_words(colour)} in {name}"
    return ""


def _plain(picture):
    """Bytes of a palette, three a colour; of a PNG without a look at its pixels."""
    raw = picture.palette if picture.format == "PNG" else None
    return bytes(raw.palette if raw is not None and raw.rawmode == "RGB" else picture.getpalette("RGB"))


def _codes(palette):
    rgb = np.zeros((256, 3), np.int64)
    plain = np.frombuffer(palette, np.uint8)[: 3 * 256]
    rgb.reshape(-1)[: len(plain)] = plain
    return rgb @ np.array([1 << 16, 1 << 8, 1])


def _palette(found, name):
    """Bytes of a file's palette; None where it has none, or cannot be read."""
    try:
        with found.open(name) as file, opened(file) as picture, told():
            return _plain(picture) if picture.mode == "P" else None
    except (BadInput, *files.DAMAGED):
        return None


def _used(found, name):
    """Set of the numbers that occur in a file."""
    try:
        with found.open(name) as file, opened(file) as picture, told():
            return set(np.unique(np.asarray(picture)).tolist())
    except (BadInput, *files.DAMAGED):
        return set()


def _words(colour):
    return f"{colour >> 16} {colour >> 8 & 255} {colour & 255}"

"""One mask in a file, and the classes.txt that says what its numbers and colours mean."""

from typing import NamedTuple

import numpy as np

from jaxgan.data import palettes
from jaxgan.data.listing import Listing
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import opened, told
from jaxgan.names import plain

CLASSES, MOST = "classes.txt", 256


class Classes(NamedTuple):
    """Names of classes, and their colours where they have some."""

    names: tuple[str, ...]
    colours: dict[int, int]  # red << 16 | green << 8 | blue -> class


def classes(found: Listing) -> Classes | None:
    """Classes of the classes.txt at the top of a Listing, None where there is none.

    A line a class: its name, or its name and red, green and blue. Raises BadInput for other colours, and one that two have.
    """
    if CLASSES not in found.names:
        return None
    path = f"{found.source}/{CLASSES}"
    with found.open(CLASSES) as file:
        try:
            lines = file.read().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise BadInput(f"{path} is no UTF-8 ({error}): save it as that") from error
    names: list[str] = []
    colours: dict[int, int] = {}
    for words in filter(None, map(str.split, lines)):
        if len(words) > 3 and all(word.isdecimal() and len(word) < 9 for word in words[-3:]):
            *words, red, green, blue = words
            code = _code(path, " ".join(words), [int(red), int(green), int(blue)])
            if code in colours:
                both = f"{names[colours[code]]} and {' '.join(words)}"
                raise BadInput(f"{path}: {both} are both {red} {green} {blue}: give each a colour of its own")
            colours[code] = len(names)
        names.append(" ".join(words))
    if not 0 < len(names) <= MOST:
        raise BadInput(f"{path} has {len(names)} classes: give 1 to {MOST}, a line each")
    return Classes(plain(names), colours)


def values(found: Listing, name: str, known: Classes | None, coloured: bool = False) -> np.ndarray:
    """int64 [H, W] of a file: class numbers as they stand, be they any class's or not; of colours without a class, ~ code.

    Grey values are colours where each is one of the classes.txt: 255 is 255 255 255. coloured: of a palette its colours count.
    Raises BadInput for damaged files, those that are neither grey, nor of a palette or RGB, and colours without a classes.txt.
    """
    try:
        with found.open(name) as file:
            *_, bits, kind = file.read(26)  # of a PNG
            file.seek(0)
            with opened(file) as picture, told():
                mode, x, spread = picture.mode, np.asarray(picture), picture.format == "PNG" and kind == 0 and bits < 8
                codes = palettes.colours(picture)[x] if mode == "P" and coloured else None
    except BadInput as error:
        raise BadInput(f"{found.source}: {name}: {error}") from error
    except files.DAMAGED as error:
        raise BadInput(
            f"{found.source}: {name} is damaged ({error}): take it out, or put a whole copy in its place"
        ) from error
    if codes is not None and known is not None:
        return _classes_of(codes, known)
    if mode in ("1", "P", "L") or mode.startswith("I"):
        # Pillow spreads grey values of 2 and 4 bits over 0 .. 255
        x = x.astype(np.int64) // (255 // (2**bits - 1) if mode == "L" and spread else 1)
        greys = x if mode == "P" or known is None or not known.colours else _classes_of(x * 0x010101, known)
        return x if greys.min() < 0 else greys
    if mode != "RGB":
        raise BadInput(f"{found.source}: {name} is of mode {mode}: save masks as grey, with a palette, or as RGB")
    if known is None or not known.colours:
        raise BadInput(
            f"{found.source}: {name} is in colours, and there is no {CLASSES} that says whose they are: add one beside the "
            "masks, with lines of a name, red, green and blue"
        )
    codes = x.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    return _classes_of(codes, known)


def _classes_of(codes, known):
    """Classes of colours, ~ code of those that have none."""
    there, inverse = np.unique(codes, return_inverse=True)
    return np.array([known.colours.get(code, ~code) for code in there.tolist()])[inverse.reshape(codes.shape)]


def numbered(where: str, x: np.ndarray, known: Classes | None, ignored: int | None = None) -> np.ndarray:
    """uint8 of `values`. Raises BadInput, with `where` and the first value, for those that are no class and not ignored."""
    count = MOST if known is None else len(known.names)
    odd = x[(x < 0) | (x >= count)]
    odd = odd if ignored is None else odd[odd != ignored]
    if odd.size == 0:
        return x.astype(np.uint8)
    code = ~int(odd[0])
    if code >= 0:
        colour = f"{code >> 16} {code >> 8 & 255} {code & 255}"
        raise BadInput(
            f"{where} has the colour {colour} in {odd.size} pixels, which is no class of {CLASSES}: add it, or mend it"
        )
    there = f"class numbers are 0 .. {MOST - 1}" if known is None else f"{CLASSES} has the classes 0 .. {count - 1}"
    raise BadInput(f"{where} has the value {odd[0]} in {odd.size} pixels, and {there}: mend it, or ignore that number")


def _code(path, name, colour):
    if max(colour) >= MOST:
        raise BadInput(f"{path}: the colour of {name} is {colour}: give red, green and blue of 0 .. 255")
    return colour[0] << 16 | colour[1] << 8 | colour[2]

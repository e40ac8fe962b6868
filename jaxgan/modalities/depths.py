"""Pictures of more than 8 bits: what their numbers mean, and as which they count."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxgan.errors import BadInput

DEEPER = 4095  # the highest value of 12 bits: those above are of all 16
Spreads = Mapping[str, tuple[float, float]]  # (lowest, highest) of pictures by kind: "whole", "float", "colour"
ALONE: Spreads = {}  # of a picture that is judged by itself
Scale = tuple[tuple[str, float, float], ...]  # the same, as a run keeps it: (kind, lowest, highest) each
_PHOTOMETRIC = 262  # tag of a TIFF: 0 where white is 0


def scale_of(spreads: Spreads) -> Scale:
    """The Scale of Spreads. What is of all 16 bits is so from end to end: which of them were read first is chance."""

    def ends(kind, low, high):
        deepest, most = {"whole": (DEEPER, 65535.0), "colour": (DEEPER >> 8, 255.0)}.get(kind, (np.inf, np.inf))
        return (kind, 0.0, most) if low >= 0 and deepest < high <= most else (kind, low, high)

    return tuple(sorted(ends(kind, *both) for kind, both in spreads.items()))


def joined(scale: Scale, spreads: Spreads = ALONE) -> Spreads:
    """Spreads of pictures together with those that a Scale is of."""
    found = dict(spreads)
    for kind, low, high in scale:
        lowest, highest = found.get(kind, (low, high))
        found[kind] = min(lowest, low), max(highest, high)
    return found


def is_wide(picture: Any) -> bool:
    """Whether a Pillow image is of floats, or of more than 8 bits."""
    return picture.mode == "F" or picture.mode.startswith("I")


def is_deep(picture: Any) -> bool:
    """Whether an open file that is not loaded has colours of 16 bits, of which Pillow hands out the higher half."""
    return not is_wide(picture) and any(";16" in str(tile[3]) for tile in getattr(picture, "tile", ()))


def brightest(picture: Any) -> int:
    """The highest of the higher halves of an image's colours."""
    return max(high for _, high in picture.getextrema()[:3])


def check_deep(picture: Any, others: tuple[float, float] = (0, 0)) -> None:
    """Raises BadInput for an image that `is_deep` where its colours, and all `others`, are of 12 bits or less: nearly black."""
    if max(brightest(picture), others[1]) <= DEEPER >> 8:
        raise BadInput(f"its colours are of 16 bits and up to {DEEPER} at most: scale them to all of 16 bits, or to 8")


def values(picture: Any, of: Any = None) -> np.ndarray:
    """Numbers of a wide Pillow image, or of a copy `of` one: white as the highest, which Pillow sees to for 8 bits alone."""
    found = np.asarray(picture)
    inverted = getattr(of or picture, "tag_v2", {}).get(_PHOTOMETRIC) == 0 and picture.mode.startswith("I;16")
    return np.uint16(65535) - found if inverted else found


def clear(picture: Any) -> np.ndarray | None:
    """bool [H, W]: what is transparent of a wide Pillow image, whose file names one number for that; None where it names none."""
    number = picture.info.get("transparency")
    return np.asarray(picture) == number if isinstance(number, int) else None


def kind(values: np.ndarray) -> str:
    """What these numbers are: "whole" or "float"."""
    return "float" if values.dtype.kind == "f" else "whole"


def narrowed(values: np.ndarray, others: tuple[float, float] | None = None) -> np.ndarray:
    """uint8 of whole numbers of 16 or 32 bits, or floats. Raises BadInput where their range does not say what they mean.

    others: (lowest, highest) of those that have one scale with these.
    """
    own = float(values.min()), float(values.max())
    low, high = own if others is None else (float(np.minimum(own[0], others[0])), float(np.maximum(own[1], others[1])))
    if values.dtype.kind == "f":
        if low >= 0 and high <= 1:
            return np.rint(values * 255).astype(np.uint8)
        if low >= -1 and high <= 1:
            return np.rint((values + 1) / 2 * 255).astype(np.uint8)
    elif low >= 0 and DEEPER < high <= 65535:
        return (values.astype(np.uint32) >> 8).astype(np.uint8)
    if low >= 0 and high <= 255 and (values == np.rint(values)).all():
        return values.astype(np.uint8)
    among = "" if own == (low, high) else f", among others of {low:g} .. {high:g}"
    raise BadInput(
        f"it has {values.dtype} values {own[0]:g} .. {own[1]:g}{among}: scale them to 0 .. 255, or to all of 16 bits, and save 8 "
        "or 16 bits"
    )

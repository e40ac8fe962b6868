"""The letters of what is drawn: Matplotlib's own font, or where that lacks some of them a font of this machine."""

from collections.abc import Iterable
from functools import cache
from typing import Any


def font(size: int, texts: Iterable[str] = (), mono: bool = False) -> Any:
    """Pillow font, `size` pixels high, of the first that has all letters of the texts, else of the one that lacks fewest."""
    from PIL import ImageFont

    letters = frozenset("".join(texts)) - frozenset(" \n\r\t")
    return ImageFont.truetype(_chosen(letters, mono), size)


@cache
def _chosen(letters, mono):
    own = _own(mono)
    lacking = len(letters - _has(own))
    if not lacking:
        return own
    from matplotlib import font_manager

    others = sorted(font_manager.findSystemFonts())
    found = {path: lacks for path in others if (lacks := len(letters - _has(path))) < lacking}
    return min(found, key=found.__getitem__, default=own)


def _own(mono):
    from matplotlib import get_data_path

    return f"{get_data_path()}/fonts/ttf/DejaVuSans{'Mono' if mono else ''}.ttf"


@cache
def _has(path):
    """Characters that a font has a form of; none where Matplotlib cannot read it."""
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError, ValueError):
        return frozenset()

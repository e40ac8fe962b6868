"""The letters of what is drawn: Matplotlib's own font, or where that lacks some of them a font of this machine."""

from collections.abc import Iterable
from functools import cache
from typing import Any

_MOST = 2**17  # characters of a font of letters: one that says more has the same form, a box, for all of them


def font(size: int, texts: Iterable[str] = (), mono: bool = False) -> Any:
    """Pillow font, `size` pixels high, of the first that has all letters of the texts, else of the one that lacks fewest."""
    from PIL import ImageFont

    letters = frozenset("".join(texts)) - frozenset(" \n\r\t")
    return ImageFont.truetype(_chosen(letters, size, mono), size)


def families(texts: Iterable[str]) -> list[str]:
    """Names of fonts for Matplotlib to draw texts with: its own, and behind it one that has more of their letters."""
    from matplotlib import font_manager

    path = _chosen(frozenset("".join(texts)) - frozenset(" \n\r\t"), 14, False)
    names = [font_manager.FontProperties(fname=_own(False)).get_name()]
    if path != _own(False):
        font_manager.fontManager.addfont(path)
        names.append(font_manager.FontProperties(fname=path).get_name())
    return names


@cache
def _chosen(letters, size, mono):
    own = _own(mono)
    lacking = len(letters - _has(own))
    if not lacking:
        return own
    from matplotlib import font_manager

    others = sorted(font_manager.findSystemFonts())
    found = {path: lacks for path in others if (lacks := len(letters - _has(path))) < lacking}
    return next((path for path in sorted(found, key=found.__getitem__) if _opens(path, size)), own)


def _own(mono):
    from matplotlib import get_data_path

    return f"{get_data_path()}/fonts/ttf/DejaVuSans{'Mono' if mono else ''}.ttf"


@cache
def _has(path):
    """Characters that a font has a form of; none where Matplotlib cannot read it, or where it says that it has all there are."""
    from matplotlib.ft2font import FT2Font

    try:
        found = frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError, ValueError):
        return frozenset()
    return frozenset() if len(found) > _MOST else found


def _opens(path, size):
    """Whether Pillow draws with a font at a size: those of pictures, such as emoji, have sizes of their own."""
    from PIL import ImageFont

    try:
        ImageFont.truetype(path, size)
    except (OSError, ValueError):
        return False
    return True

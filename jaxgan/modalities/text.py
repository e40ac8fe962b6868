"""Text: numbers of symbols int32 [N, T] in files; in a step the same, or shares [N, T, V] where G makes them.

The symbols are the classes of its Spec: characters, or words with a blank before each; an empty one is padding.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities import image
from jaxgan.modalities.font import font
from jaxgan.modalities.resize import Resize
from jaxgan.names import plain, shown
from jaxgan.sharing import Array

ONE, SUFFIX, FEATURES, EACH, FORMS = "text", ".txt", "symbols", 64, ()
AXES = (1,)
NAMED = ("describe", "write", "sample_grid", "draw", "play")
PLAYED = ".txt"
RARE = " <unk>"  # the symbol of all words that have none
_FEATURES = 1024  # numbers that metrics see of a text, about
_ROWS, _WIDE = 32, 80  # lines one below the other, characters of one in a picture
_SIZE, _LINE, _GAP = 13, 17, 24  # pixels


def to_step(x: Array) -> Array:
    """As they are: numbers of symbols are names."""
    return x


def to_file(x: Array) -> Array:
    """int32 [..., T] of numbers of symbols; of shares [..., T, V] the symbol with the largest."""
    if jnp.issubdtype(x.dtype, jnp.floating):
        x = (np if isinstance(x, np.ndarray) else jnp).argmax(x, axis=-1)
    return x.astype(jnp.int32)


def check(name: str, samples: np.ndarray) -> np.ndarray:
    """int32 [N, T] of numbers of symbols."""
    if samples.ndim != 2 or samples.size == 0 or samples.dtype.kind not in "iu":
        raise BadInput(
            f"{name} is {samples.dtype}{list(samples.shape)}, and texts are whole numbers [N, T], N > 0: give a .txt"
        )
    low, high = int(samples.min()), int(samples.max())
    if low < 0 or high >= 2**16:
        raise BadInput(f"{name} has symbols {low} .. {high}: number them 0 .. {2**16 - 1}")
    return samples.astype(np.int32)


def resize(samples: Any, how: Resize) -> Any:
    """As they are. Raises BadInput for another length than is asked for, and for a resolution, channels, a rate."""
    for flag, value in (("--resolution", how.size), ("--channels", how.channels), ("--rate", how.rate)):
        if value:
            raise BadInput(f"the data are texts, which have no {flag[2:]}: remove {flag}")
    if how.length not in (0, samples.shape[1]):
        raise BadInput(f"the texts have {samples.shape[1]} symbols and --length is {how.length}: give the same")
    return samples


def renumber(samples: Any, own: Sequence[str], wanted: Sequence[str]) -> Any:
    """Texts, an array or a view with `mapped`, in the numbers of other symbols.

    Words that are none of these are RARE where that is one; and runs of before had their symbols `plain`. Raises BadInput for
    all others.
    """
    number = {symbol: i for i, symbol in enumerate(wanted)}
    rare = number.get(RARE) if _by_word(own) else None
    found = [
        number.get(symbol, number.get(said, rare if symbol else None))
        for symbol, said in zip(own, plain(own), strict=True)
    ]
    missing = [symbol for symbol, place in zip(own, found, strict=True) if place is None]
    if missing:
        raise BadInput(
            f"{len(missing)} symbols, the first is {missing[0]!r}, are none of the {len(wanted)} that are known"
        )
    table = np.array(found, np.int32)
    return table[samples] if isinstance(samples, np.ndarray) else samples.mapped(table)


def features(samples: Any) -> jax.Array:
    """float32 [N, D] of texts [N, T]: one-hot at every place, so that their distance is how many places differ.

    The square of the distance, halved. Where T symbols would have more than about 1,024 numbers, rarer ones share one.
    """
    x = jnp.asarray(samples)
    kinds = max(2, _FEATURES // x.shape[1])
    return jax.nn.one_hot(x % kinds, kinds, dtype=jnp.float32).reshape(x.shape[0], -1)


def describe(shape: Sequence[int], classes: Sequence[str] = ()) -> str:
    """32 of 28 characters."""
    kind = "words" if _by_word(classes) else "characters"
    return f"{shape[0]} of {len(classes)} {kind}" if classes else f"{shape[0]} symbols"


def text(sample: np.ndarray, classes: Sequence[str] = ()) -> str:
    """What numbers [T] say; without their symbols the numbers themselves."""
    if not classes:
        return " ".join(map(str, sample.tolist()))
    joined = "".join(classes[i] if i < len(classes) else "?" for i in sample.tolist())
    return joined[1:] if _by_word(classes) else joined


def write(path: str | Path, sample: np.ndarray, classes: Sequence[str] = ()) -> None:
    """Writes one text in UTF-8."""
    play(path, sample[None], classes)


def play(path: str | Path, samples: np.ndarray, classes: Sequence[str] = ()) -> None:
    """Writes all texts in one file, a line each."""
    lines = "".join(f"{text(one, classes)}\n" for one in samples)
    Path(path).write_text(
        lines, encoding="utf-8", errors="backslashreplace"
    )  # halves of characters, of another's config


def sample_grid(
    path: str | Path,
    samples: np.ndarray,
    columns: int,
    titles: Sequence[str] = (),
    real: np.ndarray | None = None,
    classes: Sequence[str] = (),
) -> None:
    """Writes the texts as a picture, line by line, beside real ones."""
    del columns, titles
    _picture(samples, real, classes).save(path, pnginfo=image.generated())


def draw(
    ax: Any, samples: np.ndarray, columns: int, real: np.ndarray | None = None, classes: Sequence[str] = ()
) -> None:
    """The picture on axes."""
    del columns
    ax.imshow(np.asarray(_picture(samples, real, classes)))
    ax.axis("off")


def _by_word(classes):
    return len(classes) > 0 and all(name.startswith(" ") for name in classes if name) and tuple(classes) != (" ",)


def _picture(samples, real, classes):
    """Pillow image of the first lines in black, in two columns, or in one with real ones in blue beside them."""
    from PIL import Image, ImageDraw

    parts = [samples[:EACH]] if real is not None else [samples[:_ROWS], samples[_ROWS:EACH]]
    lines_of = lambda part: [shown(text(one, classes)[:_WIDE].replace("\n", " "))[:_WIDE] for one in part]
    columns = [(lines_of(part), "black", "generated") for part in parts if len(part)]
    if real is not None:
        columns.append((lines_of(real[:EACH]), "#1f4e9c", "real"))
    letters = font(_SIZE, (line for lines, *_ in columns for line in lines), mono=True)
    heading = font(_SIZE, mono=True)  # a font of another script may have no Latin letters
    top = _LINE if real is not None else 0
    wide = [math.ceil(max(map(letters.getlength, ["m" * 12, *lines]))) for lines, *_ in columns]
    size = (
        sum(wide) + _GAP * (len(wide) + 1),
        top + _GAP + _LINE * max(len(lines) for lines, *_ in columns),
    )
    whole = Image.new("RGB", size, "white")
    pen, left = ImageDraw.Draw(whole), _GAP
    for (lines, colour, title), width in zip(columns, wide, strict=True):
        if top:
            pen.text((left, _GAP // 2), title, "#888888", heading)
        for i, line in enumerate(lines):
            pen.text((left, top + _GAP // 2 + i * _LINE), line, colour, letters)
        left += width + _GAP
    return whole

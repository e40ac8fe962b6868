"""Text of a fixed length as numbers of its symbols, characters or words: a file of one's own, or sentences of a grammar.

The symbols of a source are the classes of its column "text", the most frequent first. A word's begins with a blank, so that what
the symbols of a text are joined to can be read. Padding is a symbol of its own, "", and number 0.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgan import reading
from jaxgan.data import grammar
from jaxgan.data.dataset import Dataset, Spec, resized
from jaxgan.data.lazy import Resident
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize
from jaxgan.modalities.text import RARE

NAMES = ("sentences",)
WORDS = (
    "sentences of a small grammar; or a .txt: every window of it (lines:FILE.txt, words:FILE.txt, words:lines:FILE.txt)"
)
LENGTH = 32  # symbols of a sample where nobody says
SIZE, HELD_OUT = 20_000, 5_000  # sentences
MOST_BYTES = 2**26  # of a file
MOST_SYMBOLS = 2048  # of which one stands for all rarer words; as many as the paper's program has
PADDING = ""
_WAYS = ("lines", "words")
_SHARE = 10  # one part of so many is held out, the last one


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    word, ways = _file(word)
    return word in NAMES or bool(ways) or (Path(word).is_file() and Path(word).suffix.lower() == ".txt")


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of `text` int32 [N, T], T symbols of how.length or 32: of the sentences, or of the first nine tenths of a file,
    of all of it where how.whole.

    A file is cut at every place, where all blanks between two words count as one; or at the ends of its lines, which are cut to T
    or padded. Raises BadInput for what is no text in UTF-8, shorter than a window, or of more symbols than 2,048.
    """
    del memory
    return _part(word, how, None if how.whole else 0)


def held_out(word: str, how: Resize) -> Dataset | None:
    """Dataset of other sentences, or of the last tenth of a file; None where that is shorter than a window."""
    return _part(word, how, 1)


def same(word: str, other: str) -> bool:
    """Whether two words are of one file of text or its copy, in whatever ways it is cut."""
    files = [_file(each) for each in (word, other)]
    if any(file in NAMES and not ways for file, ways in files):
        return False
    first, second = (" ".join(_read(each, file).split()) for each, (file, _) in zip((word, other), files, strict=True))
    return first == second


def accepted(samples: np.ndarray) -> np.ndarray:
    """bool [N]: which samples int [N, T] of the sentences are sentences of the grammar, told by parsing them."""
    classes = np.array(symbols_of_sentences())
    texts = ["".join(row) for row in classes[samples]]
    padded = np.sort(samples == 0, axis=1) == (samples == 0)  # nothing behind the padding
    return padded.all(axis=1) & np.array([grammar.accepts(text) for text in texts], bool)


GRAMMARS = {"sentences": accepted}


class Cuts(Resident):
    """The view [N, T] of symbols [L]: windows that begin at every place, or at `start` and are padded from `stop` on."""

    ndim = 2
    dtype: Any = np.dtype(np.int32)

    def __init__(
        self, symbols: np.ndarray, length: int, start: np.ndarray | None = None, stop: np.ndarray | None = None
    ) -> None:
        count = len(symbols) - length + 1 if start is None else len(start)
        self.shape = (count, length)
        self.arrays = {"symbols": symbols.astype(np.uint16)}
        if start is not None and stop is not None:
            self.arrays |= {"start": start.astype(np.int32), "stop": stop.astype(np.int32)}

    def mapped(self, table: np.ndarray) -> "Cuts":
        """The view of other numbers: table [V] has them. Padding stays 0."""
        arrays = self.arrays
        return Cuts(table[arrays["symbols"]], self.shape[1], arrays.get("start"), arrays.get("stop"))

    def gather(self, arrays: Mapping[str, Any], rows: Any) -> Any:
        """int32 [..., T] of rows of any shape."""
        xp = np if isinstance(rows, np.ndarray) else jnp
        inner = xp.broadcast_to(xp.arange(self.shape[1], dtype=xp.int32), (*rows.shape, self.shape[1]))
        if "start" not in arrays:
            return arrays["symbols"][rows[..., None] + inner].astype(xp.int32)
        place, stop = arrays["start"][rows][..., None] + inner, arrays["stop"][rows][..., None]
        found = arrays["symbols"][xp.minimum(place, len(arrays["symbols"]) - 1)].astype(xp.int32)
        return xp.where(place < stop, found, 0)


@cache
def symbols_of_sentences() -> tuple[str, ...]:
    """Padding and the letters of the grammar's sentences, in the order of the alphabet."""
    letters = {letter for ways in grammar.RULES.values() for way in ways for part in way for letter in part}
    return (PADDING, *sorted(letter for letter in letters if not letter.isupper()))


@cache
def _sentences() -> tuple[str, ...]:
    return tuple(grammar.sentences(SIZE + HELD_OUT))


def _part(word, how, part):
    length = how.length or LENGTH
    file, ways = _file(word)
    if file in NAMES and not ways:
        if length < grammar.LONGEST:
            raise BadInput(f"sentences have up to {grammar.LONGEST} characters: set --length {grammar.LONGEST} or more")
        return _of_lines(word, _sentences(), symbols_of_sentences(), how, length, part or 0, SIZE)
    text, by_word = _read(word, file), "words" in ways
    if not text.strip():
        raise BadInput(f"{word} has no text in it: give another file")
    if "lines" not in ways:
        units = _units(text, by_word)
        classes = _classes(word, Counter(units), how, by_word)
        return _of_windows(word, units, classes, how, length, part, by_word)
    lines = [units for line in text.splitlines() if (units := _units(line, by_word))]
    classes = _classes(word, Counter(unit for line in lines for unit in line[:length]), how, by_word, PADDING)
    return _of_lines(word, lines, classes, how, length, part, len(lines) - len(lines) // _SHARE)


def _file(word):
    """(the rest, the words before it that say how it is cut)."""
    ways = []
    while word.partition(":")[0] in _WAYS and ":" in word:
        way, _, word = word.partition(":")
        ways.append(way)
    return word, tuple(ways)


def _read(word, file):
    try:
        return reading.text(file, MOST_BYTES)
    except UnicodeDecodeError as error:
        raise BadInput(f"{word} is not in UTF-8 (at byte {error.start}): write it anew in that, with iconv") from error
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{word} cannot be read ({reason}): give a .txt of {MOST_BYTES:,} bytes or less") from error


def _units(text, by_word):
    """The characters of a text, with one blank for all between two words, or its words with a blank before each."""
    words = text.split()
    return [f" {word}" for word in words] if by_word else " ".join(words)


def _classes(word, counts, how, by_word, *first):
    """Symbols, those that occur most first. Raises BadInput for too many characters; of words the rarest are one.

    Or those that are asked for, where one of them is what all other words are.
    """
    if by_word and RARE in how.symbols and how.symbols[: len(first)] == first:
        return how.symbols
    room = MOST_SYMBOLS - len(first)
    if len(counts) > room and not by_word:
        raise BadInput(
            f"{word} has {len(counts)} characters, at most {room} can be told apart: take words, or clean it"
        )
    kept = [unit for unit, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    few = kept[:room]
    return (*first, *(few if len(few) == len(kept) or RARE in few else [*few[:-1], RARE]))


def _encoded(units, classes):
    number = {unit: i for i, unit in enumerate(classes)}
    rare = number.get(RARE)
    return np.fromiter((number.get(unit, rare) for unit in units), np.uint16, len(units))


def _of_windows(word, units, classes, how, length, part, by_word):
    kind, most = "words" if by_word else "characters", len(units) - len(units) // _SHARE
    most = len(units) if part is None else most
    if most < length:
        if part is None:
            raise BadInput(f"{word} has {len(units)} {kind}, and a sample {length}: give a longer text")
        raise BadInput(f"{word} has {len(units)} {kind}, of which {most} are trained on: set --length to that or less")
    units = units[most:] if part else units[:most]
    return None if len(units) < length else _dataset(word, Cuts(_encoded(units, classes), length), classes, how)


def _of_lines(word, lines, classes, how, length, part, most):
    lines = [line[:length] for line in (lines if part is None else lines[most:] if part else lines[:most])]
    if not lines:
        return None
    stop = np.cumsum([len(line) for line in lines])
    symbols = _encoded([unit for line in lines for unit in line], classes)
    return _dataset(word, Cuts(symbols, length, np.concatenate([[0], stop[:-1]]), stop), classes, how)


def _dataset(word: str, view: Cuts, classes: Sequence[str], how: Resize) -> Dataset:
    spec = Spec(view.shape[1:], str(view.dtype), "text", tuple(classes))
    return resized(Dataset(word, {"text": view}, {"text": spec}), how)

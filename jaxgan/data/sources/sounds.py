"""Sound files in a folder or a zip, or one long recording: every crop of them is a sample, keyed by its row."""

import hashlib
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgan import modalities, reading
from jaxgan.data import content, sound_files
from jaxgan.data import splits as parts
from jaxgan.data.dataset import LABEL, Dataset, Spec, class_numbers, labels
from jaxgan.data.inspect import report
from jaxgan.data.lazy import Resident
from jaxgan.data.listing import peek
from jaxgan.data.sound_files import SUFFIXES
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize
from jaxgan.names import shown

NAMES = ()
WORDS = "a folder or a .zip of sounds, or one: wav, and with soundfile flac, ogg, mp3; sub-folders are classes"
CHANNELS = {1: "the mean", 2: "stereo"}
LENGTH = 16_384  # values of a sample where nobody says and files are not of one length
MOST = 2**23  # crops: above, only every second (third, ...) place is one, so that an epoch's order stays small
_LOOKED_AT = 1000  # names that say what a folder is of


def takes(word: str) -> bool:
    """Whether the word is a sound, or a folder or zip of more sounds than pictures, among its first names."""
    path = Path(word)
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return True
    ends = Counter(PurePosixPath(name).suffix.lower() for name in peek(path, _LOOKED_AT))
    sounds, pictures = (sum(ends[suffix] for suffix in known) for known in (SUFFIXES, files.SUFFIXES))
    return sounds > pictures


def load(word: str, how: Resize, memory: int, split: str = "") -> Dataset:
    """Dataset of `audio` int16 [N, T, C], T = how.length, at how.rate, or the rate that all files have.

    T is by default the length that all files have, or 16,384. A file of up to 2 T values is one sample, its beginning, with
    silence behind it where it is shorter; of a longer one every place begins a sample. Raises BadInput for damaged files, for
    several rates without how.rate, and for more than `memory` bytes.
    """
    if how.size is not None:
        raise BadInput(f"{word} has sounds, not images: remove --resolution, or say --length and --rate")
    found = _find(word, split)
    if not found.names:
        raise BadInput(f"{word} has no sounds ({', '.join(SUFFIXES)}): give a folder that has")
    heads = _each(found, lambda name, file: sound_files.head(file, name))
    rate, channels = _one_rate(word, how, heads), how.channels or max(head.channels for head in heads)
    if channels > 2:
        raise BadInput(f"{word} has sounds of {channels} channels, and they are to have 1 or 2: set --channels 1")
    size = sum(head.length * rate / head.rate * channels * 2 for head in heads)
    if size > memory:
        raise BadInput(
            f"{word} takes {size / 2**30:.1f} GiB at {rate:g} Hz, and there are {memory / 2**30:.1f} for data: lower --rate, "
            "--channels 1, or take some out"
        )
    sounds = _each(found, lambda name, file: sound_files.read(file, name, rate, channels))
    lengths = {len(sound) for sound in sounds}
    length = how.length or (lengths.pop() if len(lengths) == 1 and max(lengths) <= 8 * LENGTH else LENGTH)
    view = Crops(sounds, length)
    columns: dict[str, Any] = {"audio": view}
    specs = {"audio": Spec(view.shape[1:], "int16", "audio", rate=float(rate))}
    if found.label is not None:
        given = np.asarray(found.label)[view.sound_of(np.arange(len(view)))]
        if np.issubdtype(given.dtype, np.integer):
            columns[LABEL], specs[LABEL] = class_numbers(given, found.classes)
        else:
            columns[LABEL], specs[LABEL] = labels(str(word), given, len(view), found.classes)
    part = parts.chosen(str(word), found.splits, split) if found.splits else ""
    return Dataset(str(word), columns, specs, (*found.notes, *_said(word, sounds, length)), (), part)


def held_out(word: str, how: Resize, split: str = "") -> Dataset | None:
    """Dataset of the split val, or test, where there is one besides that which is trained on."""
    there = _find(word, split).splits
    other = parts.held_out(there, split)
    return None if other is None else load(word, how, 2**31, other)


def check(word: str, split: str = "") -> tuple[list[str], list[str]]:
    """(lines, problems) of `jaxgan data check`. Raises BadInput where nothing in it can be used."""
    found = _find(word, split)
    damaged, whole, low, high = [], [], 0, 0
    seen: Counter[bytes] = Counter()
    shapes: Counter[tuple[int, ...]] = Counter()
    rates: Counter[int] = Counter()
    for i, name in enumerate(found.names):
        try:
            with found.open(name) as file:
                head = sound_files.head(file, name)
            with found.open(name) as file:
                sound = sound_files.read(file, name)
        except (BadInput, *files.DAMAGED) as error:
            damaged.append(shown(f"{name} ({error})"))
            continue
        shapes[sound.shape] += 1
        rates[head.rate] += 1
        seen[hashlib.sha256(sound.tobytes()).digest()] += 1
        low, high = min(low, int(sound.min())), max(high, int(sound.max()))
        whole.append(i)
    if not shapes:
        said = f"{len(found.names)} sound files, none of which can be read" if found.names else "no sound files"
        raise BadInput(f"{word} has {said}" + "".join(f", the first is {one}" for one in damaged[:1]))
    label = None if found.label is None else found.label[whole]
    values, twice = ("int16", low, high), sum(n - 1 for n in seen.values())
    kind = modalities.knowing("audio", float(next(iter(rates))) if len(rates) == 1 else 0.0)
    lines, problems = report(len(found.names), shapes, kind, found.classes, label, damaged, twice, values)
    problems = [problem for problem in problems if "--resolution" not in problem]  # sounds are cut
    lines += [f"rate        {rate} Hz: {count}" for rate, count in rates.most_common()]
    if len(rates) > 1:
        problems.append(f"{len(rates)} rates: train with --rate")
    if found.splits:
        lines.append(f"splits      {', '.join(found.splits.values())}: looked at {found.source}")
    lines += [f"left out    {count} {reason}" for reason, count in sorted(found.left_out.items())]
    return lines + [f"note        {note}" for note in found.notes], problems


class Crops(Resident):
    """The view int16 [N, T, C] of crops of sounds int16 [t, C] of any lengths: row n is always the same crop."""

    ndim = 3

    def __init__(self, sounds: Sequence[np.ndarray], length: int) -> None:
        lengths = np.array([len(sound) for sound in sounds])
        places = np.where(lengths > 2 * length, lengths - length + 1, 1)
        self._every = max(1, -(-int(places.sum()) // MOST))
        counts = (places - 1) // self._every + 1
        held = np.maximum(lengths, length)
        if held.sum() >= 2**31:
            raise BadInput(f"the sounds have {held.sum():,} values together: give fewer than 2^31")
        silence = lambda sound: np.zeros((max(0, length - len(sound)), sound.shape[1]), np.int16)
        self.dtype, self._length, self.ends = sounds[0].dtype, length, np.cumsum(counts).astype(np.int32)
        self.shape = (int(counts.sum()), length, sounds[0].shape[1])
        self.arrays = {
            "values": np.concatenate([part for sound in sounds for part in (sound, silence(sound))]),
            "ends": self.ends,  # rows up to and with each sound's last
            "start": np.concatenate([[0], np.cumsum(held)[:-1]]).astype(np.int32),  # of each sound, in values
        }

    def gather(self, arrays: Mapping[str, Any], rows: Any) -> Any:
        """Crops [..., T, C] of rows of any shape."""
        xp: Any = np if isinstance(rows, np.ndarray) else jnp
        sound = xp.searchsorted(arrays["ends"], rows, side="right")
        within = rows - xp.where(sound > 0, arrays["ends"][sound - 1], 0)
        first = arrays["start"][sound] + within * self._every
        return arrays["values"][xp.add.outer(first, xp.arange(self._length, dtype=xp.int32))]

    def sound_of(self, rows: np.ndarray) -> np.ndarray:
        """Which sound each row is a crop of."""
        return np.searchsorted(self.ends, rows, side="right")


def _find(word, split):
    path = Path(word)
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        held = lambda: content.digest(path.parent, (path.name,))
        return files.Files(str(word), (path.name,), lambda name: reading.regular(path), held)
    return files.find(word, split, SUFFIXES, "sounds")


def _each(found, call):
    """[call(name, open file)] by several threads. Raises BadInput, with the first of them, where some cannot be read."""
    refused: list[str] = []

    def guarded(name):
        try:
            with found.open(name) as file:
                return call(name, file)
        except (BadInput, *files.DAMAGED) as error:
            refused.append(f"{name} ({error})")

    with ThreadPoolExecutor(files.THREADS) as pool:
        out = list(pool.map(guarded, found.names))
    if refused:
        raise BadInput(
            f"{found.source}: {len(refused)} of {len(found.names)} sounds cannot be read, the first is {min(refused)}: "
            f"take them out (jaxgan data check {shlex.quote(found.source)} lists them)"
        )
    return out


def _one_rate(word, how, heads):
    rates = Counter(head.rate for head in heads)
    if not how.rate and len(rates) > 1:
        there = ", ".join(f"{count} of {rate} Hz" for rate, count in rates.most_common(3))
        raise BadInput(f"{word} has sounds of {len(rates)} rates ({there}): set --rate to bring them to one")
    return how.rate or heads[0].rate


def _said(word, sounds, length):
    """What was understood: how many files are one sample each."""
    single = sum(len(sound) <= 2 * length for sound in sounds)
    cut = f"every place of {len(sounds) - single} longer sounds" if single < len(sounds) else "no longer ones"
    return (f"{word}: samples of {length} values: the beginnings of {single} sounds, {cut}",)

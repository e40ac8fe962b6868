"""Clips of films: GIF, WebP and mp4 files, or folders of frames, each cut into as many clips as it holds.

A folder of pictures is a folder of images, whether they move or not: `video:FOLDER` says that it is films. A folder of mp4 files,
which cannot be anything else, is films without that.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jaxgan import reading
from jaxgan.data import content, films
from jaxgan.data import splits as parts
from jaxgan.data.dataset import ALIKE, Dataset, Spec, labelled
from jaxgan.data.films import MOVIES, Film
from jaxgan.data.lazy import Lazy
from jaxgan.data.listing import Listing, listing, peek
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities import depths
from jaxgan.modalities.depths import ALONE, Spreads
from jaxgan.modalities.resize import Resize
from jaxgan.names import plain, shown

NAMES = ()
WORDS = "video:FOLDER or .zip: clips of GIF, WebP and mp4 files or of folders of frames; a folder of mp4 alone"
FRAMES = 16  # of a clip, at most, where nobody says how many
_WORD = "video:"
_LOOKED_AT = 10_000  # entries of a folder that is said to be nothing


class Cut(NamedTuple):
    """Where a clip is in its film."""

    film: int
    frames: range


def takes(word: str) -> bool:
    """Whether the word says that it is films, or is a movie, or a folder or zip of movies without pictures."""
    if str(word).startswith(_WORD):
        return True
    path = Path(word)
    if path.is_file() and path.suffix.lower() in MOVIES:
        return True
    found = False
    for name in peek(path, _LOOKED_AT):
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in files.SUFFIXES:
            return False
        found = found or suffix in MOVIES
    return found


def load(word: str, how: Resize, memory: int, split: str = "") -> Dataset:
    """Dataset of the clips: in memory where they take less than `memory` bytes, else read when they are needed.

    A film of n frames gives n // T clips of T = how.length frames, spread evenly over it; T is by default the number that the
    shortest film has, at most 16. how.rate: every so manieth frame is taken, so that there are about so many a second. Classes
    are the first folders, where all films lie in some. Raises BadInput for films that are too short, damaged, or of several
    sizes without a resolution.
    """
    source = str(word).removeprefix(_WORD)
    found = _listing(source)
    there = parts.splits(_films(found))
    part = parts.chosen(source, there, split) if there else ""
    if split and not there:
        raise BadInput(f"--split {split}, but {source} has no folders train, val or test: remove it")
    whole = found
    found = found.below(part) if part else found
    every = films.films(found, _pictures(found))
    if not every:
        raise BadInput(f"{source} has no films: give GIF, WebP or {', '.join(MOVIES)} files, or folders of frames")
    heads = _each(source, every, lambda film: films.head(found, film))
    heads, steps = _at_rate(source, every, heads, how.rate)
    counts = [one.frames for one in heads]
    length = how.length or max(min(2, max(counts)), min(FRAMES, *counts))
    _long_enough(source, every, heads, length, how.rate)
    _one_size(source, heads, how)
    cuts = [
        Cut(i, range(start * steps[i], (start + length) * steps[i], steps[i]))
        for i, one in enumerate(heads)
        for start in np.linspace(0, one.frames - length, one.frames // length).round().astype(int).tolist()
    ]
    channels = how.channels or (1 if all(one.grey for one in heads) else 3)
    shape = (len(cuts), length, *(how.size or heads[0].size), channels)
    deep = any(one.wide for one in heads)
    wide = depths.joined(how.scale, files.spreads(whole, _pictures(whole))) if deep else ALONE
    view = ClipView(found, every, cuts, how._replace(channels=channels), shape, wide)
    label, classes = _classes(every)
    label = None if label is None else label[[cut.film for cut in cuts]]
    clips: Any = view if view.nbytes > memory else view.whole()
    sizes = [heads[cut.film].size for cut in cuts]
    rates = sorted({round(one.rate, 3) for one in heads})
    if rates[0] and rates[-1] <= rates[0] * ALIKE:  # 29.97 and 30
        rates = [round(float(np.median([one.rate for one in heads])), 3)]
    kept: dict[str, Any] = {"names": tuple(_name(every, cuts)), "part": part, "sizes": sizes}
    kept["notes"] = _said(source, rates, how.rate)
    made = labelled(source, clips, label, plain(classes) or None, kind="video", **kept)
    spec: Spec = made.specs["image"]._replace(rate=rates[0] if len(rates) == 1 else 0.0, scale=depths.scale_of(wide))
    made.specs["image"] = spec
    return made


def held_out(word: str, how: Resize, split: str = "") -> Dataset | None:
    """Dataset of the split val, or test, where there is one besides that which is trained on."""
    source = str(word).removeprefix(_WORD)
    other = parts.held_out(parts.splits(_films(_listing(source))), split)
    return None if other is None else load(word, how, 2**31, other)


class ClipView(Lazy):
    """The clips [N, T, H, W, C] uint8 of films, each read when it is asked for."""

    ndim = 5

    def __init__(
        self,
        found: Listing,
        every: Sequence[Film],
        cuts: Sequence[Cut],
        how: Resize,
        shape: tuple[int, ...],
        wide: Spreads,
    ) -> None:
        self._found, self._films, self._cuts, self._how, self.shape = found, every, cuts, how, shape
        self._wide = wide

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self.rows(index)
        with ThreadPoolExecutor(files.THREADS) as pool:
            clips = list(pool.map(lambda row: self._read([self._cuts[row]])[0], rows.reshape(-1)))
        return np.array(clips, self.dtype).reshape(*rows.shape, *self.shape[1:])

    def whole(self) -> np.ndarray:
        """All of them: each film is read once."""
        by_film: dict[int, list[Cut]] = {}
        for cut in self._cuts:
            by_film.setdefault(cut.film, []).append(cut)
        with ThreadPoolExecutor(files.THREADS) as pool:
            return np.concatenate(list(pool.map(self._read, by_film.values())))

    def identity(self) -> bytes:
        """What the files hold, and what is made of it."""
        held = self._found.content([name for film in self._films for name in film.files])
        return held + repr((self._how.said, self.shape, self._cuts)).encode()

    def _read(self, cuts):
        """Clips [len(cuts), T, H, W, C] of one film."""
        film, numbers = self._films[cuts[0].film], sorted({number for cut in cuts for number in cut.frames})
        reading = range(numbers[0], numbers[-1] + 1)
        try:
            frames = films.frames(self._found, film, self._how, reading, self._wide)
            kept = {number: frame for number, frame in zip(reading, frames, strict=True) if number in set(numbers)}
        except BadInput as error:
            raise BadInput(f"{self._found.source}: {film.name}: {error}") from error
        except files.DAMAGED as error:
            raise BadInput(
                f"{self._found.source}: {film.name} is damaged ({error}): take it out, or copy it again"
            ) from error
        return np.stack([np.stack([kept[number] for number in cut.frames]) for cut in cuts])


def _listing(source):
    """Listing of a folder or zip below the single folders that hold everything, or of one file."""
    path = Path(source)
    if path.is_file() and path.suffix.lower() != ".zip":
        held = lambda names: content.digest(path.parent, names)
        return Listing(source, (path.name,), lambda name: reading.regular(path), held, {})
    if not source or not path.exists():
        raise BadInput(f"there is no {source or 'folder'}: give video:FOLDER, of films or of folders of frames")
    found = listing(path)
    names = _films(found)
    return parts.unwrapped(found, names) if any("/" in name and _depth(names) > 1 for name in names) else found


def _depth(names):
    return min(len(PurePosixPath(name).parts) - 1 for name in names)


def _films(found):
    """Names of all that a film may be made of."""
    return [name for name in found.names if PurePosixPath(name).suffix.lower() in (*files.SUFFIXES, *MOVIES)]


def _pictures(found):
    return [name for name in found.names if name.lower().endswith(files.SUFFIXES)]


def _each(source, every, call):
    """[call(film)] by several threads. Raises BadInput that names the first film that cannot be used."""
    refused = []

    def guarded(film):
        try:
            return call(film)
        except BadInput as error:
            refused.append(f"{film.name}: {error}")
        except files.DAMAGED as error:
            refused.append(f"{film.name} is damaged ({error}): take it out, or copy it again")

    with ThreadPoolExecutor(files.THREADS) as pool:
        out = list(pool.map(guarded, every))
    if refused:
        more = f" ({len(refused)} such films)" if len(refused) > 1 else ""
        raise BadInput(f"{source}: {min(refused)}{more}")
    return out


def _at_rate(source, every, heads, rate):
    """(FilmHeads at about this rate, of how many frames each so manieth is taken)."""
    if not rate:
        return heads, [1] * len(heads)
    untold = [film.name for film, one in zip(every, heads, strict=True) if not one.rate]
    if untold:
        raise BadInput(f"--rate {rate:g}, but {source}: {untold[0]} does not say its frames a second: remove it")
    steps = [max(1, round(one.rate / rate)) for one in heads]
    slower = [one._replace(frames=-(-one.frames // k), rate=one.rate / k) for one, k in zip(heads, steps, strict=True)]
    return slower, steps


def _said(source, rates, rate):
    """What is to be told of films of these frames a second, sorted, 0 for those that do not say."""
    told = [each for each in rates if each]
    if len(told) < 2:
        return ()
    way = "" if rate else ": --rate N takes of each as many as make about N"
    return (shown(f"{source}: its clips have from {told[0]:g} to {told[-1]:g} frames a second{way}"),)


def _long_enough(source, every, heads, length, rate):
    if length < 2:
        raise BadInput(f"{source}: clips of {length} frames: give films of 2 frames or more, and --length 2 or more")
    short = [(one.frames, film.name) for film, one in zip(every, heads, strict=True) if one.frames < length]
    if short:
        frames, name = min(short)
        ways = [f"set --length {frames} or less"] * (frames > 1) + ["raise --rate"] * bool(rate) + ["take it out"]
        raise BadInput(
            f"{source}: {name} has {frames} frames{f' at --rate {rate:g}' if rate else ''} and clips have {length} ({len(short)} "
            f"of {len(every)} films are too short): {', or '.join(ways)}"
        )


def _one_size(source, heads, how):
    sizes = sorted({one.size for one in heads})
    if how.resolution is None and len(sizes) > 1:
        (h, w), (high, wide) = sizes[0], sizes[-1]
        raise BadInput(
            f"{source} has films of {len(sizes)} sizes ({h}x{w}, {high}x{wide}): set --resolution to bring them to one"
        )


def _classes(every):
    """(label int32 [films], classes): the first folder of each; (None, ()) where a film lies in none."""
    inside = [PurePosixPath(film.name).parts[0] if "/" in film.name else None for film in every]
    classes = tuple(sorted(set(inside) - {None}))
    if None in inside or len(classes) < 2:
        return None, ()
    return np.array([classes.index(name) for name in inside], np.int32), classes


def _name(every, cuts):
    """A name for each clip: that of its film, and the frame that it begins with."""
    return [f"{every[cut.film].name}#{cut.frames[0]}" for cut in cuts]

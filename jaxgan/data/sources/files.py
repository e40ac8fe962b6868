"""Image files in a folder or a zip, with their labels: sub-folders, or a table beside them."""

import contextlib
import lzma
import os
import shlex
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jaxgan.data import label_table
from jaxgan.data import splits as parts
from jaxgan.data.dataset import Dataset, labelled
from jaxgan.data.lazy import Lazy
from jaxgan.data.listing import Listing, listing
from jaxgan.errors import BadInput
from jaxgan.modalities import depths
from jaxgan.modalities.depths import ALONE, Scale, Spreads
from jaxgan.modalities.resize import Resize, fit, head, read, spread
from jaxgan.names import plain, shown

NAMES = ()
WORDS = "a folder or a .zip of images: sub-folders are classes, or a labels.csv, labels.json, dataset.json"
FALLBACK = True  # any folder that no other source takes
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif")
_UNREAD = (".heic", ".heif")
THREADS = min(16, 2 * (os.cpu_count() or 1))
# what Pillow and zipfile raise over a damaged file
DAMAGED = (
    *(OSError, SyntaxError, ValueError, EOFError, NotImplementedError, struct.error),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


class Files(NamedTuple):
    """Image files by name, in a fixed order."""

    source: str
    names: tuple[str, ...]
    open: Callable[[str], Any]  # name -> binary file
    content: Callable[[], bytes]  # () -> bytes that change with what the files hold
    label: Any = None  # int32 [N], float32 [N, K], or None
    classes: tuple[str, ...] = ()
    left_out: dict[str, int] = {}  # reason -> how many files were passed over
    notes: tuple[str, ...] = ()  # what was understood, where it could have been meant in another way
    splits: dict[str, str] = {}  # names in small letters -> folders, where there are some
    spreads: Callable[[], Spreads] = dict  # () -> of the wide pictures of all splits
    known: Spreads = ALONE  # what that gave, where some are wide

    def read(self, name: str, how: Resize) -> np.ndarray:
        """One image, brought to a Fit. Raises one of DAMAGED where it is, BadInput where it cannot be meant."""
        with self.open(name) as file:
            return fit(read(file, how.channels, self.known), how)

    def on_one_scale(self, scale: Scale = ()) -> "Files":
        """The same, where wide pictures, of more than 8 bits, are read by the lowest and highest values of all, and of these."""
        return self._replace(known=depths.joined(scale, self.spreads()))


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return Path(word).is_dir() or (Path(word).is_file() and Path(word).suffix.lower() == ".zip")


def find(source: str | Path, split: str = "", suffixes: tuple[str, ...] = SUFFIXES, kind: str = "images") -> Files:
    """Files of a folder, or of a zip (StyleGAN's data sets are such): of the split where folders are splits.

    suffixes, kind: of what is looked for, and what that is called. A single folder around everything does not count. Raises
    BadInput where it cannot be opened, and where there is no such split.
    """
    every = listing(source)
    unread = [name for name in every.names if name.lower().endswith(_UNREAD)]
    if unread:
        raise BadInput(
            f"{source} has {len(unread)} HEIC pictures, the first is {unread[0]}: convert them (pip install pillow-heif), or "
            "take them out"
        )
    found = parts.unwrapped(every, _used(every.names, suffixes))
    around = label_table.inside(found) or (label_table.beside(Path(source)) if found is every else None)
    whole = found
    there = parts.splits(_ending(found.names, suffixes))
    notes = [f"{source}: {said}"] if (said := parts.mixed(_ending(found.names, suffixes))) else []
    if there:
        folder = parts.chosen(str(source), there, split)
        found = found.below(folder)
        found = parts.unwrapped(found, _used(found.names, suffixes))
        own = label_table.inside(found)
        around = around and label_table.below(around, folder, _ending(whole.names, suffixes)) if own is None else own
    elif split:
        raise BadInput(f"--split {split}, but {source} has no folders train, val or test: remove it")
    names = tuple(_ending(found.names, suffixes))
    left_out = Counter(every.left_out)
    others = Counter(
        PurePosixPath(n).suffix.lower() or "no suffix" for n in found.names if not n.lower().endswith(suffixes)
    )
    others.subtract(PurePosixPath(n).suffix for n in found.names if n in label_table.NAMES)
    left_out.update({f"no {kind} ({end})": n for end, n in others.items() if n > 0})
    label: Any = None
    classes: tuple[str, ...] = ()
    if names and around is not None:
        label, classes, told = label_table.labels(around, names)
        notes += told
    if names and label is None and (around is None or around.rows is not None):
        label, classes, told = _subfolders(str(source), names, kind)
        notes += told
    held = lambda: found.content(names)
    noted, wide = tuple(map(shown, notes)), lambda: spreads(whole, _ending(whole.names, suffixes))
    return Files(str(source), names, found.open, held, label, plain(classes), dict(left_out), noted, there, wide)


def spreads(found: Listing, names: Sequence[str]) -> Spreads:
    """(lowest, highest) of each kind of wide pictures among these; what is damaged, or no scale is of, is passed over."""
    out: dict[str, tuple[float, float]] = {}

    def one(name):
        with contextlib.suppress(BadInput, *DAMAGED), found.open(name) as file:
            return spread(file, out)

    with ThreadPoolExecutor(THREADS) as pool:
        for kind, low, high in filter(None, pool.map(one, names)):
            out.update(depths.joined(((kind, low, high),), out))  # `one` looks into it meanwhile
    return out


def splits(source: str | Path) -> dict[str, str]:
    """{name of a split in small letters: its folder}, where there are some."""
    every = listing(source)
    found = parts.unwrapped(every, _used(every.names, SUFFIXES))
    return parts.splits(_ending(found.names, SUFFIXES))


def load(source: str, how: Resize, memory: int, split: str = "") -> Dataset:
    """Dataset of the images: in memory where they take less than `memory` bytes, else read when they are needed.

    Raises BadInput where there are no images, damaged ones, or several sizes without a resolution.
    """
    files = find(source, split)
    if not files.names:
        raise BadInput(f"{source} has no images ({', '.join(SUFFIXES)}) and no idx files: give a folder that has")
    heads = _each(files, lambda name: _head(files, name, how.half))
    _one_size(source, how, heads)
    channels = how.channels or (1 if all(one.grey for one in heads) else 3)
    shape = (*(how.size or heads[0].size), channels)
    files = files.on_one_scale(how.scale) if any(one.wide for one in heads) else files
    part = parts.chosen(str(source), files.splits, split) if files.splits else ""
    told: Any = {"notes": files.notes, "names": files.names, "part": part, "sizes": [one.size for one in heads]}
    view = FileView(files, how._replace(channels=channels), (len(files.names), *shape))
    image: Any = view
    if view.nbytes <= memory:
        image = np.empty(view.shape, np.uint8)

        def place(pair):
            image[pair[0]] = files.read(pair[1], view.how)

        _each(files, place, tuple(enumerate(files.names)), name=lambda pair: pair[1])
    made = labelled(str(source), image, files.label, files.classes, **told)
    made.specs["image"] = made.specs["image"]._replace(scale=depths.scale_of(files.known))
    return made


def held_out(source: str, how: Resize, split: str = "") -> Dataset | None:
    """Dataset of the split val, or test, where there is one besides that which is trained on."""
    there = find(source, split).splits
    other = parts.held_out(there, split)
    return None if other is None else load(source, how, 2**31, other)


def _ending(names, suffixes):
    return [name for name in names if name.lower().endswith(suffixes)]


def _used(names, suffixes):
    """Those with one of these suffixes, and the tables at the top or in a folder of the top."""
    return [n for n in names if n.lower().endswith(suffixes) or PurePosixPath(n).name in label_table.NAMES]


class FileView(Lazy):
    """The images [N, H, W, C] uint8 of Files, each read when it is asked for, by several threads."""

    def __init__(self, files: Files, how: Resize, shape: tuple[int, ...]) -> None:
        self.files, self.how, self.shape = files, how, shape
        self._pool = ThreadPoolExecutor(THREADS)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self.rows(index)
        images = list(self._pool.map(self._read, rows.reshape(-1)))
        return np.array(images, self.dtype).reshape(*rows.shape, *self.shape[1:])

    def identity(self) -> bytes:
        """What the files hold, and what is made of it."""
        return self.files.content() + self.how.said.encode()

    def _read(self, row):
        name = self.files.names[row]
        try:
            return self.files.read(name, self.how)
        except DAMAGED as error:
            raise BadInput(
                f"{self.files.source}: {name} is damaged ({error}): put a whole copy in its place, then go on with "
                "--resume auto"
            ) from error


def _each(files, call, items=None, name=lambda item: item):
    """[call(item)] by several threads. Raises BadInput, with the first of them, where files are damaged."""
    items = files.names if items is None else items
    damaged: list[str] = []
    unusable: list[str] = []

    def guarded(item):
        try:
            return call(item)
        except BadInput as error:
            unusable.append(f"{name(item)}: {error}")
        except DAMAGED as error:
            damaged.append(f"{name(item)} ({error})")

    with ThreadPoolExecutor(THREADS) as pool:
        out = list(pool.map(guarded, items))
    if damaged:
        raise BadInput(
            f"{files.source}: {len(damaged)} of {len(items)} images are damaged, the first is {min(damaged)}: "
            f"take them out (jaxgan data check {shlex.quote(str(files.source))} lists them)"
        )
    if unusable:
        raise BadInput(
            f"{files.source}: {min(unusable)}" + (f" ({len(unusable)} such files)" if len(unusable) > 1 else "")
        )
    return out


def _head(files, name, half):
    """Head of a file or of a half of it, without reading its pixels."""
    with files.open(name) as file:
        found = head(file)
    height, width = found.size
    return found._replace(size=(height, width // 2 if half else width))


def _one_size(source, how, heads):
    sizes = Counter(one.size for one in heads)
    if how.resolution is None and len(sizes) > 1:
        shown = ", ".join(f"{n} of {h}x{w}" for (h, w), n in sizes.most_common(3))
        raise BadInput(f"{source} has images of {len(sizes)} sizes ({shown}): set --resolution to bring them to one")


def _subfolders(source, names, kind):
    """(label, classes, notes): the first folder of each name; no labels where one lies in none."""
    parents = [PurePosixPath(name).parts[0] if "/" in name else None for name in names]
    loose, classes = parents.count(None), tuple(sorted(set(parents) - {None}))
    if loose and classes:
        first = names[parents.index(None)]
        return (
            None,
            (),
            [
                f"{source}: {loose} of {len(names)} {kind} lie beside folders, the first is {first}: folders are no classes"
            ],
        )
    if loose:
        return None, (), []
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number[p] for p in parents], np.int32), classes, []

"""Image files in a folder or a zip, with their labels: sub-folders, or a table beside them."""

import io
import os
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jaxgan.data import content, label_table
from jaxgan.data.dataset import Dataset, labelled
from jaxgan.data.lazy import Lazy
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize, fit, is_grey, read

NAMES = ()
WORDS = "a folder or a .zip of images: sub-folders are classes, or a labels.csv, labels.json, dataset.json"
FALLBACK = True  # any folder that no other source takes
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
THREADS = min(16, 2 * (os.cpu_count() or 1))
DAMAGED = (OSError, SyntaxError, ValueError, zipfile.BadZipFile)  # what Pillow and zipfile raise over a damaged file


class Files(NamedTuple):
    """Image files by name, in a fixed order."""

    source: str
    names: tuple[str, ...]
    open: Callable[[str], Any]  # name -> binary file
    content: Callable[[], bytes]  # () -> bytes that change with what the files hold
    label: Any = None  # int32 [N], float32 [N, K], or None
    classes: tuple[str, ...] = ()

    def read(self, name: str, how: Resize) -> np.ndarray:
        """One image, brought to a Fit. Raises one of DAMAGED where it is."""
        with self.open(name) as file:
            return fit(read(file, how.channels), how)


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return Path(word).is_dir() or (Path(word).is_file() and Path(word).suffix == ".zip")


def find(source: str | Path) -> Files:
    """Files of a folder, or of a zip (StyleGAN's data sets are such). Raises BadInput where it cannot be opened."""
    source = Path(source)
    if source.is_dir():
        everything = sorted(p for p in source.rglob("*") if p.is_file())
        names = tuple(p.relative_to(source).as_posix() for p in everything if p.suffix.lower() in SUFFIXES)
        opener, around = lambda name: (source / name).open("rb"), label_table.beside(source)
        held = lambda: content.digest(source, names)
    else:
        try:
            archive = zipfile.ZipFile(source)
        except (OSError, zipfile.BadZipFile) as error:
            raise BadInput(f"{source} cannot be read as a zip ({error}): copy it again") from error
        inside = sorted(n for n in archive.namelist() if not n.endswith("/"))
        names = tuple(n for n in inside if PurePosixPath(n).suffix.lower() in SUFFIXES)
        opener = lambda name: io.BytesIO(archive.read(name))  # ZipFile locks: several threads may read
        around = label_table.inside(archive, inside)
        held = lambda: repr([(n, archive.getinfo(n).CRC, archive.getinfo(n).file_size) for n in names]).encode()
    if not names:
        return Files(str(source), (), opener, held)
    if around is not None:
        return Files(str(source), names, opener, held, *label_table.labels(*around, names))
    return Files(str(source), names, opener, held, *_subfolders(names))


def load(source: str, how: Resize, memory: int) -> Dataset:
    """Dataset of the images: in memory where they take less than `memory` bytes, else read when they are needed.

    Raises BadInput where there are no images, damaged ones, or several sizes without a resolution.
    """
    files = find(source)
    if not files.names:
        raise BadInput(f"{source} has no images ({', '.join(SUFFIXES)}) and no idx files: give a folder that has")
    heads = _each(files, lambda name: _head(files, name))
    _one_size(source, how, heads)
    channels = how.channels or (1 if all(grey for _, grey in heads) else 3)
    shape = (*(how.size or heads[0][0]), channels)
    view = FileView(files, how._replace(channels=channels), (len(files.names), *shape))
    if view.nbytes > memory:
        return labelled(str(source), view, files.label, files.classes)
    image = np.empty(view.shape, np.uint8)

    def place(pair):
        image[pair[0]] = files.read(pair[1], view.how)

    _each(files, place, tuple(enumerate(files.names)), name=lambda pair: pair[1])
    return labelled(str(source), image, files.label, files.classes)


class FileView(Lazy):
    """The images [N, H, W, C] uint8 of Files, each read when it is asked for, by several threads."""

    def __init__(self, files: Files, how: Resize, shape: tuple[int, ...]) -> None:
        self.files, self.how, self.shape = files, how, shape
        self._pool = ThreadPoolExecutor(THREADS)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self.rows(index)
        images = list(self._pool.map(self._read, rows.reshape(-1)))
        return np.stack(images).reshape(*rows.shape, *self.shape[1:])

    def identity(self) -> bytes:
        """What the files hold, and what is made of it."""
        return self.files.content() + repr(self.how).encode()

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
    damaged = []

    def guarded(item):
        try:
            return call(item)
        except DAMAGED as error:
            damaged.append(f"{name(item)} ({error})")

    with ThreadPoolExecutor(THREADS) as pool:
        out = list(pool.map(guarded, items))
    if damaged:
        raise BadInput(
            f"{files.source}: {len(damaged)} of {len(items)} images are damaged, the first is {min(damaged)}: "
            f"take them out (jaxgan data check {files.source} lists them)"
        )
    return out


def _head(files, name):
    """((height, width), whether it is grey) of a file, without reading its pixels."""
    from PIL import Image

    with files.open(name) as file, Image.open(file) as picture:
        return picture.size[::-1], is_grey(picture) and "transparency" not in picture.info


def _one_size(source, how, heads):
    sizes = Counter(size for size, _ in heads)
    if how.resolution is None and len(sizes) > 1:
        shown = ", ".join(f"{n} of {h}x{w}" for (h, w), n in sizes.most_common(3))
        raise BadInput(f"{source} has images of {len(sizes)} sizes ({shown}): set --resolution to bring them to one")


def _subfolders(names):
    """(label, classes): the first folder of each name; no labels where an image lies in none."""
    parents = [PurePosixPath(name).parts[0] if "/" in name else None for name in names]
    if None in parents:
        return None, ()
    classes = tuple(sorted(set(parents)))
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number[p] for p in parents], np.int32), classes

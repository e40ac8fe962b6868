"""Masks in files: a PNG of class numbers, or of the colours that classes.txt gives them, for each picture, by its name."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jaxgan.data import palettes
from jaxgan.data import splits as parts
from jaxgan.data.listing import Listing, listing
from jaxgan.data.mask_files import CLASSES, MOST, Classes, classes, numbered, values
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities import mask
from jaxgan.modalities.resize import Resize

SUFFIX = ".png"


class _Masks(NamedTuple):
    found: Listing
    files: dict[str, str]  # name without suffix -> file
    classes: Classes | None  # None where there is no classes.txt
    differ: str  # how palettes contradict each other, in words

    @property
    def coloured(self) -> bool:
        """Whether colours of palettes are looked up, since their numbers are not the same everywhere."""
        return bool(self.differ and self.classes and self.classes.colours)

    @property
    def problem(self) -> str:
        """What keeps numbers of palettes from being classes, "" for nothing."""
        if not self.differ or self.coloured:
            return ""
        return (
            f"palettes of the masks contradict each other: {self.differ}. Add a {CLASSES} beside the masks, with lines of a "
            "name, red, green and blue, or, where the numbers are right, save these as grey"
        )

    def values(self, file: str) -> np.ndarray:
        """`mask_files.values` of one of the files."""
        return values(self.found, file, self.classes, self.coloured)


def load(
    folder: str | Path,
    names: Sequence[str],
    how: Resize,
    *,
    split: str = "",
    ignored: int | None = None,
    sizes: Sequence[tuple[int, int]] | None = None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(uint8 [N, H, W] of class numbers, names of the classes): the masks of the pictures with these names, in their order.

    folder: or a zip. Of each picture the .png whose relative path is the picture's, but for the suffix. Grey values and
    numbers of a palette are class numbers as they stand; colours are looked up in a classes.txt beside the masks, a line a class:
    its name, or its name and red, green and blue, 0 .. 255. Without one the classes are called by their numbers. Where palettes
    have other colours for the same number, in any split, their colours are looked up too.
    how: as the pictures are brought to one shape; masks are by the nearest pixel. split: as of the pictures, where the folder has
    splits. ignored: a number that is no class and may stand in masks; what --fit pad adds is of it, and else of class 0.
    sizes: (height, width) of the pictures as they are in their files, which masks are to have.
    Raises BadInput for pictures without masks and masks without pictures, colours and numbers that are no class, palettes that
    contradict each other without such a file, damaged files, and sizes that differ.
    """
    masks = _find(folder, split, ignored)
    stems = [_stem(name) for name in names]
    _matched(folder, dict(zip(stems, names, strict=True)), masks.files)
    if masks.problem:
        raise BadInput(masks.problem)
    how = how._replace(channels=0, half="")  # of the half of a picture a mask is whole

    def one(item):
        stem, size = item
        where = f"{masks.found.source}: {masks.files[stem]}"
        x = numbered(where, masks.values(masks.files[stem]), masks.classes, ignored)
        if size is not None and x.shape != tuple(size):
            found, wanted = ("x".join(map(str, each)) for each in (x.shape, size))
            raise BadInput(f"{where} is {found}, and its picture {wanted}: make both of one size")
        shift = np.uint8(0 if ignored is None else ignored)  # what pads is 0, and ignored with it
        return mask.resize((x - shift)[None], how)[0] + shift

    with ThreadPoolExecutor(files.THREADS) as pool:
        found = list(pool.map(one, zip(stems, [None] * len(stems) if sizes is None else sizes, strict=True)))
    shapes = Counter(x.shape for x in found)
    if len(shapes) > 1:
        shown = ", ".join(f"{n} of {h}x{w}" for (h, w), n in shapes.most_common(3))
        raise BadInput(f"{folder} has masks of {len(shapes)} sizes ({shown}): set --resolution to bring them to one")
    out = np.stack(found)
    if masks.classes is not None:
        return out, masks.classes.names
    count = 1 + int(out.max(initial=0, where=True if ignored is None else out != ignored))
    return out, tuple(map(str, range(count)))


def check(
    folder: str | Path, names: Sequence[str] | None = None, *, split: str = "", ignored: int | None = None
) -> tuple[list[str], list[str]]:
    """(lines, problems): a report on masks, as `jaxgan data check` makes it of pictures: each class's share of the pixels.

    names: of the pictures, where the masks are to fit some. Raises BadInput where there are no masks, or classes.txt is no such.
    """
    masks = _find(folder, split, ignored)
    counts, within, sizes, wrong = np.zeros(MOST, np.int64), Counter[int](), Counter[Any](), []
    for file in masks.files.values():
        x = np.zeros((0, 0), np.int64)
        try:
            x = masks.values(file)
            numbered(f"{masks.found.source}: {file}", x, masks.classes, ignored)
        except BadInput as error:
            wrong.append(str(error))
        if x.size:
            found = np.bincount(x[(x >= 0) & (x < MOST)], minlength=MOST)
            counts, sizes[x.shape] = counts + found, sizes[x.shape] + 1
            within.update(np.flatnonzero(found).tolist())
    lines = [f"masks       {len(masks.files)}"]
    lines += [f"size        {mask.describe(size)}: {n}" for size, n in sizes.most_common(5)]
    called = dict(enumerate(masks.classes.names if masks.classes else ()))
    for i in sorted({*called, *within}):
        name = "ignored" if i == ignored else called.get(i, "" if masks.classes is None else "no class")
        share = counts[i] / max(counts.sum(), 1)
        lines.append(f"class       {i}{f' {name}' if name else ''}: {share:.2%} of the pixels, in {within[i]} masks")
    if masks.coloured:
        lines.append(f"palettes    {masks.differ}: their colours are looked up in {CLASSES}")
    problems = [masks.problem] if masks.problem else []
    problems += wrong[:20] + ([f"... and {len(wrong) - 20} more masks"] if len(wrong) > 20 else [])
    if names is not None:
        try:
            _matched(folder, {_stem(name): name for name in names}, masks.files)
        except BadInput as error:
            problems.append(str(error))
    return lines, problems


def _find(folder, split, ignored):
    """_Masks of a folder or a zip: of the split where folders are splits. A single folder around everything does not count."""
    path = Path(folder)
    if not path.is_dir() and not (path.is_file() and path.suffix.lower() == ".zip"):
        raise BadInput(f"--masks {folder} is no folder and no .zip: give one, with a {SUFFIX} for each picture")
    every = listing(path)
    found = parts.unwrapped(every, _pngs(every))
    known = classes(found) or classes(every)
    there, differ = parts.splits(_pngs(found)), palettes.differ(found, _pngs(found), ignored)
    if there:
        found = found.below(parts.chosen(str(folder), there, split))
        found = parts.unwrapped(found, _pngs(found))
        known = classes(found) or known
    names = _pngs(found)
    if not names:
        raise BadInput(f"{folder} has no {SUFFIX} files: give the masks as such, a pixel's value its class")
    return _Masks(found, {_stem(name): name for name in names}, known, differ)


def _pngs(found):
    return [name for name in found.names if name.lower().endswith(SUFFIX)]


def _stem(name):
    return str(PurePosixPath(name).with_suffix(""))


def _matched(folder, pictures, masks):
    """Raises BadInput, with how many and the first, for names without a partner."""
    missing, left = sorted(pictures.keys() - masks.keys()), sorted(masks.keys() - pictures.keys())
    said = []
    if missing:
        said.append(f"{len(missing)} of {len(pictures)} pictures have no mask, the first is {pictures[missing[0]]}")
    if left:
        said.append(f"{len(left)} of {len(masks)} masks have no picture, the first is {masks[left[0]]}")
    if said:
        raise BadInput(f"{folder}: {', and '.join(said)}: give each picture a {SUFFIX} of its name, or take them out")

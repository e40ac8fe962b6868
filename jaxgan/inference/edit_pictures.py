"""What edits read and draw: pictures to invert, sheets, an animation; all that is drawn says that it was generated."""

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from jaxgan.data.dataset import Spec
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.inference import pictures
from jaxgan.modalities import depths, image
from jaxgan.modalities.resize import Resize

MOST = 256  # pictures that are inverted where nobody says how many
_FRAMES = 21  # of an animation, from one end to the other
_EACH_MS = 80
_DESCRIPTION = 0x010E  # of EXIF


def given(
    words: Sequence[str | Path], spec: Spec, num: int, fit: str, say: Callable[[str], Any]
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(uint8 [N, *shape], their names) of files, folders and sources, as the Spec of a run: the first `num`, 0 for all.

    fit: "crop", "stretch" or "pad" brings them to the shape. Raises BadInput for pictures of another one without it, for those
    that cannot be read, and for more than 256 where nobody says how many.
    """
    shape, there = spec.shape, pictures.found(words, spreads=depths.joined(spec.scale))
    if not num and len(there) > MOST:
        raise BadInput(f"there are {len(there)} pictures to invert: say how many with --num")
    if num and len(there) > num:
        say(f"the first {num} of {len(there)} pictures")
    found = []
    for name, read in there[: num or None]:
        try:
            frame = pictures.flat(read(), shape[2])
        except (BadInput, *files.DAMAGED) as error:
            raise BadInput(f"{name} cannot be read ({error}): leave it out") from error
        if frame.shape != shape and fit:
            frame = image.resize(frame[None], Resize(shape[0], fit, shape[2], shape[1] / shape[0]))[0]
        if frame.shape != shape:
            sizes = [image.describe(each) for each in (frame.shape, shape)]
            raise BadInput(f"{name} is {sizes[0]}, and the run makes {sizes[1]}: add --fit crop, stretch or pad")
        found.append(frame)
    return np.stack(found), tuple(name for name, _ in there[: num or None])


def sheet(path: Path, rows: np.ndarray, titles: Sequence[str] = ()) -> None:
    """Writes images [R, C, H, W, channels] as a grid of R rows, with titles over the columns."""
    image.sample_grid(path, files_of(rows.reshape(-1, *rows.shape[2:])), rows.shape[1], titles)


def singles(folder: Path, rows: np.ndarray, names: Sequence[str], titles: Sequence[str]) -> None:
    """Writes each of images [R, C, H, W, channels] as NAME_TITLE.png, with numbers behind names, or titles, that are alike."""
    folder.mkdir()
    inside = lambda path: [part for part in (*path.parent.parts, path.stem) if part not in ("/", "..")]
    told = _apart(["_".join(inside(PurePosixPath(name))) for name in names])
    for name, row in zip(told, files_of(rows), strict=True):
        for title, one in zip(_apart(titles), row, strict=True):
            image.write(folder / f"{name}_{title}.png", one)


def _apart(words):
    """The words, with their number behind each where some are alike."""
    return [*words] if len({*words}) == len(words) else [f"{word}-{i}" for i, word in enumerate(words)]


def animation(path: Path, frame: Callable[[float], np.ndarray], ends: tuple[float, float]) -> None:
    """Writes a WebP that goes from one end to the other and back. frame: amount -> images [N, H, W, C], a grid each."""
    from PIL import Image

    drawn = []
    for amount in np.linspace(*ends, _FRAMES):
        images = files_of(frame(float(amount)))
        drawn.append(image.grid(images, max(1, round(len(images) ** 0.5))).convert("RGB"))
    exif = Image.Exif()
    exif[_DESCRIPTION] = image.GENERATED
    both = [*drawn, *drawn[-2:0:-1]]
    both[0].save(
        path, "WEBP", save_all=True, append_images=both[1:], duration=_EACH_MS, loop=0, quality=85, method=4, exif=exif
    )


def beside(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Writes {title: images [N, H, W, C]} side by side, picture by picture, several of them in a row."""
    count = len(next(iter(columns.values())))
    across = max(1, min(8 // len(columns), count))
    images = np.stack([files_of(x) for x in columns.values()], axis=1)
    blank = np.broadcast_to(image.blank(images.shape[2:]), (-count % across, *images.shape[1:]))
    images = np.concatenate([images, blank]).reshape(-1, *images.shape[2:])
    image.sample_grid(path, images, across * len(columns), [*columns] * across)


def files_of(images: np.ndarray) -> np.ndarray:
    """uint8 of images in [-1, 1], as a file has them."""
    return np.asarray(image.to_file(np.asarray(images)))

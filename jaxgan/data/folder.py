"""A folder of images; its sub-folders, where there are any, are the classes."""

from collections import Counter
from pathlib import Path

import numpy as np

from jaxgan.data.dataset import Dataset, square
from jaxgan.errors import BadInput

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


def find(folder):
    """(paths, labels or None, class names): every image file below, in a fixed order."""
    folder = Path(folder)
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    parents = [p.relative_to(folder).parts[0] if p.parent != folder else None for p in paths]
    if not paths or None in parents:
        return paths, None, ()
    classes = tuple(sorted(set(parents)))
    return paths, np.array([classes.index(p) for p in parents], np.int32), classes


def read(path):
    """uint8 [H, W, 1] or [H, W, 3] of one file; transparency is laid over white. Raises OSError where it is damaged."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.load()
        if picture.mode.startswith("I"):  # 16 bits
            return (np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8)[..., None]
        if picture.mode in ("1", "L"):
            return np.asarray(picture.convert("L"))[..., None]
        if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return np.asarray(picture.convert("RGB"))


def load(folder, resolution=None):
    """Dataset of the folder, at `resolution` where given. Grey only if all images are.

    Raises BadInput where there are no images, damaged ones, or several sizes without a resolution.
    """
    paths, label, classes = find(folder)
    if not paths:
        raise BadInput(f"{folder} has no images ({', '.join(SUFFIXES)}) and no idx files: give a folder that has")
    images, damaged = [], []
    for path in paths:
        try:
            image = read(path)
            images.append(image if resolution is None else square(image, resolution))
        except (OSError, SyntaxError, ValueError) as error:
            damaged.append(f"{path.relative_to(folder)} ({error})")
    if damaged:
        raise BadInput(
            f"{folder}: {len(damaged)} of {len(paths)} images are damaged, the first is {damaged[0]}: "
            f"take them out (jaxgan data check {folder} lists them)"
        )
    sizes = Counter(image.shape[:2] for image in images)
    if len(sizes) > 1:
        shown = ", ".join(f"{n} of {h}x{w}" for (h, w), n in sizes.most_common(3))
        raise BadInput(f"{folder} has images of {len(sizes)} sizes ({shown}): set --resolution to bring them to one")
    if len({image.shape[2] for image in images}) > 1:
        images = [np.broadcast_to(image, (*image.shape[:2], 3)) for image in images]
    return Dataset(str(folder), np.stack(images), label, classes)

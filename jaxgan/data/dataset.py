"""What every source becomes: arrays in memory."""

import hashlib
from typing import NamedTuple

import numpy as np

from jaxgan.errors import BadInput


class Facts(NamedTuple):
    """What a recipe has to know of its data, and a run keeps of it."""

    name: str
    shape: tuple  # of one sample: (H, W, C), or (D,) for points
    classes: tuple = ()  # names, empty where there are no labels
    size: int = 0
    sha256: str = ""


class Dataset(NamedTuple):
    """Samples in memory: image uint8 [N, H, W, C], float32 in [-1, 1], or points float32 [N, D]; label int32 [N]."""

    name: str
    image: np.ndarray
    label: np.ndarray | None = None
    classes: tuple = ()

    @property
    def facts(self):
        """Facts, the hash over images and labels included."""
        digest = hashlib.sha256(f"{self.image.dtype}{self.image.shape}".encode())
        digest.update(np.ascontiguousarray(self.image).data)
        if self.label is not None:
            digest.update(np.ascontiguousarray(self.label).data)
        return Facts(self.name, self.image.shape[1:], self.classes, len(self.image), digest.hexdigest())


def from_arrays(name, image, label=None, classes=None):
    """Dataset of a user's arrays. Raises BadInput for dtypes, ranges and lengths that cannot be meant."""
    image = np.asarray(image)
    if image.ndim == 3:
        image = image[..., None]  # grey
    if image.ndim not in (2, 4) or len(image) == 0:
        raise BadInput(f"{name}: image is {list(image.shape)}: give [N, H, W, C] or [N, H, W], or points [N, D], N > 0")
    if np.issubdtype(image.dtype, np.floating):
        image = image.astype(np.float32)
        low, high = float(image.min()), float(image.max())
        if not np.isfinite([low, high]).all():
            raise BadInput(f"{name}: image has values that are not finite: remove those samples")
        if image.ndim == 4 and (low < -1 or high > 1 or (low >= 0 and high > 0)):
            raise BadInput(
                f"{name}: float images span {low:g} .. {high:g} and [-1, 1] is expected: rescale them, or give uint8 0 .. 255"
            )
    elif image.dtype != np.uint8 or image.ndim == 2:
        raise BadInput(f"{name}: image is {image.dtype}: give uint8 in 0 .. 255 or floats in [-1, 1] (points: floats)")
    if label is None:
        return Dataset(name, image)
    label = np.asarray(label)
    if not np.issubdtype(label.dtype, np.integer) or label.shape != image.shape[:1]:
        raise BadInput(
            f"{name}: label is {label.dtype}{list(label.shape)}, there are {len(image)} images: give integers [N]"
        )
    if label.min() < 0:
        raise BadInput(f"{name}: label has {label.min()}, the lowest class is 0: number the classes from 0")
    classes = tuple(map(str, range(label.max() + 1))) if classes is None else tuple(classes)
    if label.max() >= len(classes):
        raise BadInput(f"{name}: label has {label.max()}, there are {len(classes)} classes: number them from 0")
    return Dataset(name, image, label.astype(np.int32), classes)


def resize(dataset, resolution):
    """Dataset at resolution x resolution: the largest centred square, resampled with Lanczos' filter."""
    if dataset.image.ndim != 4:
        raise BadInput(f"{dataset.name} has points, not images: leave --resolution away")
    if dataset.image.shape[1:3] == (resolution, resolution):
        return dataset
    return dataset._replace(image=np.stack([square(image, resolution) for image in dataset.image]))


def square(image, resolution):
    """One image [H, W, C] as [resolution, resolution, C]."""
    from PIL import Image

    side = min(image.shape[:2])
    top, left = ((n - side) // 2 for n in image.shape[:2])
    image = image[top : top + side, left : left + side]
    if image.dtype == np.uint8 and image.shape[-1] in (1, 3):
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        return np.asarray(picture.resize((resolution, resolution), Image.Resampling.LANCZOS)).reshape(
            resolution, resolution, -1
        )
    channels = [
        np.asarray(Image.fromarray(c.astype(np.float32)).resize((resolution, resolution), Image.Resampling.LANCZOS))
        for c in np.moveaxis(image, -1, 0)
    ]
    low, high = (0, 255) if image.dtype == np.uint8 else (-1, 1)
    out = np.clip(np.stack(channels, -1), low, high)
    return np.rint(out).astype(np.uint8) if image.dtype == np.uint8 else out

"""What every source becomes: samples by row number, labels, names."""

import hashlib
from typing import Any, NamedTuple

import numpy as np

from jaxgan.errors import BadInput

EXAMPLES = 8  # label vectors of a source that its facts keep, to draw samples by


class Facts(NamedTuple):
    """What a recipe has to know of its data, and a run keeps of it."""

    name: str
    shape: tuple  # of one sample: (H, W, C), or (D,) for points
    classes: tuple = ()  # names of the classes or of a label vector's entries, empty where there are no labels
    size: int = 0
    sha256: str = ""
    vectors: tuple = ()  # some label vectors of the source, where labels are vectors


class Dataset(NamedTuple):
    """Samples: image uint8 [N, H, W, C], float32 in [-1, 1], or points float32 [N, D]; label int32 [N] or float32 [N, K].

    image: an array, or a `View` that stands in its place.
    """

    name: str
    image: Any
    label: np.ndarray | None = None
    classes: tuple = ()

    @property
    def facts(self):
        """Facts, the hash over images and labels included."""
        digest = hashlib.sha256(f"{self.image.dtype}{self.image.shape}".encode())
        whole = isinstance(self.image, np.ndarray)
        digest.update(np.ascontiguousarray(self.image).data if whole else self.image.identity())
        vectors = ()
        if self.label is not None:
            digest.update(np.ascontiguousarray(self.label).data)
            if self.label.ndim == 2:
                spread = np.linspace(0, len(self.label) - 1, EXAMPLES).round().astype(int)
                vectors = tuple(map(tuple, self.label[spread].tolist()))
        return Facts(self.name, self.image.shape[1:], self.classes, len(self.image), digest.hexdigest(), vectors)


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
    return Dataset(name, image, *labels(name, np.asarray(label), len(image), classes))


def labels(name, label, size, classes=None):
    """(label, class names): int32 [size] of integers from 0, float32 [size, K] of label vectors.

    Raises BadInput for other types, lengths and values.
    """
    if label.ndim == 2 and len(label) == size and label.shape[1] and label.dtype.kind in "fiub":
        label = label.astype(np.float32)
        if not np.isfinite(label).all():
            raise BadInput(f"{name}: label has values that are not finite: remove those samples")
        classes = tuple(map(str, range(label.shape[1]))) if classes is None else tuple(classes)
        if len(classes) != label.shape[1]:
            raise BadInput(f"{name}: label is {list(label.shape)}, there are {len(classes)} names: give one a column")
        return label, classes
    if not np.issubdtype(label.dtype, np.integer) or label.shape != (size,):
        raise BadInput(
            f"{name}: label is {label.dtype}{list(label.shape)}, there are {size} images: give integers [N], "
            "or label vectors [N, K]"
        )
    if label.min() < 0:
        raise BadInput(f"{name}: label has {label.min()}, the lowest class is 0: number the classes from 0")
    classes = tuple(map(str, range(label.max() + 1))) if classes is None else tuple(classes)
    if label.max() >= len(classes):
        raise BadInput(f"{name}: label has {label.max()}, there are {len(classes)} classes: number them from 0")
    return label.astype(np.int32), classes

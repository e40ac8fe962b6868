"""Segmentation masks against the true ones."""

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput


def pixel_accuracy(fake: ArrayLike, real: ArrayLike, ignore: int | None = None) -> float:
    """Share of the pixels in [0, 1] whose class is right, of integer masks of any shape.

    `ignore`: a true class left out. Long et al. 2015, arXiv:1411.4038, section 5. Raises BadInput for shapes that
    differ, masks that are not of integers, and where no pixel is left.
    """
    fake, real = _masks(fake, real, ignore)
    return float(np.mean(fake == real))


def mean_iou(fake: ArrayLike, real: ArrayLike, classes: int, ignore: int | None = None) -> float:
    """Mean over the classes that occur of intersection over union, in [0, 1], over all pixels of all masks together.

    Everingham et al. 2010, doi:10.1007/s11263-009-0275-4, section 4.4. Classes are 0 .. classes - 1; `ignore`: a true
    class left out, of the mean too, which may be one of them. Raises BadInput as `pixel_accuracy` does, and for classes out of
    range.
    """
    fake, real = _masks(fake, real, ignore)
    low, high = min(fake.min(), real.min()), max(fake.max(), real.max())
    if low < 0 or high >= classes:
        raise BadInput(f"masks have the classes {low} .. {high}, and there are {classes}: give 0 .. {classes - 1}")
    table = np.bincount(real.astype(np.int64) * classes + fake, minlength=classes**2).reshape(classes, classes)
    both, union = np.diag(table), table.sum(0) + table.sum(1) - np.diag(table)
    counted = (union > 0) & (np.arange(classes) != ignore)
    return float(np.mean(both[counted] / union[counted]))


def _masks(fake, real, ignore):
    fake, real = np.asarray(fake), np.asarray(real)
    if fake.shape != real.shape or not all(np.issubdtype(x.dtype, np.integer) for x in (fake, real)):
        raise BadInput(
            f"masks are {fake.dtype}{list(fake.shape)} and {real.dtype}{list(real.shape)}: give integers, equal shapes"
        )
    seen = np.ones(real.shape, bool) if ignore is None else real != ignore
    if not seen.any():
        left_out = "" if ignore is None else f" without class {ignore}"
        raise BadInput(f"no pixel of the masks is left{left_out}: give others")
    return fake[seen], real[seen]

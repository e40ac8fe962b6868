"""What metrics are given, checked."""

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput


def features(x: ArrayLike, name: str = "features") -> np.ndarray:
    """float32 [N, D] of features. Raises BadInput for other shapes, fewer than two rows, values that are not finite."""
    x = np.asarray(x, np.float32)
    if x.ndim != 2:
        raise BadInput(
            f"{name} is {list(x.shape)}: give features [N, D], images through a feature network or flattened"
        )
    if len(x) < 2:
        raise BadInput(f"{name} has {len(x)} rows, and 2 are the least: give more samples")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(bad):
        raise BadInput(
            f"{name} has {len(bad)} rows of {len(x)} that are not finite, the first is row {bad[0]}: find out why"
        )
    return x


def pair(real: ArrayLike, fake: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """(real, fake), both checked and of the same dimension. Raises BadInput as `features` does, and where D differs."""
    real, fake = features(real, "real"), features(fake, "fake")
    if real.shape[1] != fake.shape[1]:
        raise BadInput(f"real has {real.shape[1]} dimensions and fake {fake.shape[1]}: take the same feature network")
    return real, fake


def neighbours(k: int, size: int, name: str) -> None:
    """Raises BadInput where a set of `size` has no k-th neighbour."""
    if not 1 <= k < size:
        raise BadInput(f"k is {k} and {name} has {size} rows: give k in 1 .. {size - 1}, or more samples")

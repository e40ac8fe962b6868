"""How far the samples of a batch are from each other."""

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput


def pairwise_distance(features: ArrayLike) -> float:
    """Mean distance between two of the features [N, D]: the diversity within a batch; 0 where all are one.

    Raises BadInput for other shapes, fewer than two rows, values that are not finite.
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < 2 or not np.isfinite(features).all():
        raise BadInput(f"features are {list(features.shape)}: give finite ones [N, D], N > 1")
    centred = features - features.mean(axis=0)
    square = np.sum(centred**2, axis=1)
    away = np.sqrt(np.maximum(square[:, None] + square[None] - 2 * centred @ centred.T, 0))
    np.fill_diagonal(away, 0)
    return float(away.sum() / (len(features) * (len(features) - 1)))

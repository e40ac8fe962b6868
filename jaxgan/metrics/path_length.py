"""How evenly a generator's features move along its latents."""

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput


def path_length(here: ArrayLike, there: ArrayLike, epsilon: float = 1e-4) -> float:
    """Mean of |here - there|^2 / epsilon^2 of features [N, D] of images at t and t + epsilon of a path between latents.

    Of the values only those between the 1st and the 99th percentile count, as in the authors' code. Karras et al. 2019,
    arXiv:1812.04948, eq. 2 and 3: what is published as PPL is this of LPIPS's features, and of no others.
    Raises BadInput for other shapes and values that are not finite.
    """
    here, there = np.asarray(here, np.float64), np.asarray(there, np.float64)
    if here.shape != there.shape or here.ndim != 2 or not len(here):
        raise BadInput(f"features are {list(here.shape)} and {list(there.shape)}: give equal shapes [N, D]")
    values = np.sum((here - there) ** 2, axis=1) / epsilon**2
    if not np.isfinite(values).all():
        raise BadInput(f"{int((~np.isfinite(values)).sum())} of {len(values)} steps are not finite: find out why")
    low, high = np.percentile(values, 1, method="lower"), np.percentile(values, 99, method="higher")
    return float(np.mean(values[(values >= low) & (values <= high)]))

"""The Fréchet distance of two sets of features, and the moments that it is made of."""

import warnings
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.metrics import inputs

_BLOCK = 4096  # rows that are summed on the device at once, in float32; the blocks are put together in float64
_HOST = 2e10  # multiplications up to which the host is asked, in float64: nothing has to be compiled


class Moments(NamedTuple):
    """Count, mean [D] and scatter [D, D] (the sum of outer products of deviations) of features, in float64."""

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """[D, D], unbiased."""
        return self.scatter / (self.count - 1)


def moments(features: ArrayLike) -> Moments:
    """Moments of features [N, D]. Raises BadInput as `inputs.features` does."""
    features = inputs.features(features)
    if len(features) * features.shape[1] ** 2 <= _HOST:
        mean = features.mean(axis=0, dtype=np.float64)
        away = features - mean
        return Moments(len(features), mean, away.T @ away)
    total = None
    for first in range(0, len(features), _BLOCK):
        block = features[first : first + _BLOCK]
        mean, scatter = (np.asarray(x, np.float64) for x in _moments(block))
        part = Moments(len(block), mean, scatter)
        total = part if total is None else merge(total, part)
    return total


def merge(a: Moments, b: Moments) -> Moments:
    """Moments of two sets together: streamed or sharded sums equal those of the whole. Chan et al. 1983, eq. 2.1."""
    count, shift = a.count + b.count, b.mean - a.mean
    scatter = a.scatter + b.scatter + np.outer(shift, shift) * (a.count * b.count / count)
    return Moments(count, a.mean + shift * (b.count / count), scatter)


def frechet_distance(real: ArrayLike, fake: ArrayLike) -> float:
    """|m - m'|^2 + tr(C + C' - 2 (C C')^1/2) of features [N, D] and [M, D]. Heusel et al. 2017, arXiv:1706.08500, eq. 6.

    Finished in float64. Warns where a set has no more rows than dimensions: its covariance is singular then, and the
    distance depends on the number of samples. Raises BadInput for fewer than two rows, other dimensions, values that
    are not finite.
    """
    real, fake = inputs.pair(real, fake)
    for name, x in (("real", real), ("fake", fake)):
        if len(x) <= x.shape[1]:
            warnings.warn(
                f"{name} has {len(x)} samples in {x.shape[1]} dimensions: the Fréchet distance is far from that of many "
                "samples, compare it only at the same numbers",
                stacklevel=2,
            )
    return frechet_from(moments(real), moments(fake))


def frechet_from(real: Moments, fake: Moments) -> float:
    """The same from Moments; no warning. Never below 0."""
    a, b = real.covariance, fake.covariance
    # tr (A B)^1/2 from a symmetric matrix: real and stable where the covariances are singular
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()
    return float(max(np.sum((real.mean - fake.mean) ** 2) + np.trace(a) + np.trace(b) - 2 * cross, 0.0))


def intra_class_frechet(
    real: ArrayLike, real_label: ArrayLike, fake: ArrayLike, fake_label: ArrayLike
) -> tuple[float, dict[int, float]]:
    """(mean, {class: distance}) of the Fréchet distances within each class. Miyato & Koyama 2018, arXiv:1802.05637, 4.1.

    Of features [N, D] and [M, D] with integer labels [N] and [M]; every class counts the same. Warns and raises
    BadInput as `frechet_distance` does, and raises it for a class that only one of the two has.
    """
    real, fake = inputs.pair(real, fake)
    real_label, fake_label = np.asarray(real_label), np.asarray(fake_label)
    odd = sorted(set(real_label.tolist()) ^ set(fake_label.tolist()))
    if odd:
        raise BadInput(f"class {odd[0]} is in only one of real and fake: draw samples of all classes")
    each = {c: frechet_distance(real[real_label == c], fake[fake_label == c]) for c in sorted(set(real_label.tolist()))}
    return float(np.mean(list(each.values()))), each


@jax.jit
def _moments(block):
    mean = jnp.mean(block, axis=0)
    away = block - mean[None]
    return mean, jnp.matmul(away.T, away, precision="highest")

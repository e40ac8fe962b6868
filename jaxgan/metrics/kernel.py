"""Distances by kernels: KID, and the maximum mean discrepancy with Gaussian kernels."""

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.metrics import inputs


def kernel_distance(
    real: ArrayLike, fake: ArrayLike, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """(mean, std) over subsets of the unbiased squared MMD of features [N, D] and [M, D], kernel (x y / D + 1)^3.

    Subsets of min(size, N, M) rows, drawn without replacement by `seed`. Bińkowski et al. 2018, arXiv:1801.01401,
    section 4 and eq. 4. Raises BadInput for fewer than two rows, other dimensions, values that are not finite, no subsets, and
    subsets of fewer than two.
    """
    if subsets < 1 or size < 2:
        raise BadInput(f"subsets is {subsets} and size {size}: give 1 subset or more, of 2 rows or more")
    real, fake = inputs.pair(real, fake)
    size, draw = min(size, len(real), len(fake)), np.random.default_rng(seed)
    pick = lambda x: x[draw.choice(len(x), size, replace=False)]
    found = [float(_polynomial(pick(real), pick(fake))) for _ in range(subsets)]
    return float(np.mean(found)), float(np.std(found))


def mmd(real: ArrayLike, fake: ArrayLike, *, bandwidth: float | None = None, size: int = 5000, seed: int = 0) -> float:
    """Unbiased squared MMD of at most `size` rows of each, kernel exp(-|x - y|^2 / (2 bandwidth^2)).

    bandwidth: by default the median distance within the real rows, 1 where that is 0, so that sets of fakes are all measured
    alike. Rows of features [N, D] and [M, D] are drawn without replacement by `seed`. Gretton et al. 2012, JMLR 13, eq. 3; its
    section 8 takes the median of both sets together, which grows with how far they are apart. Raises BadInput as
    `kernel_distance` does.
    """
    real, fake = inputs.pair(real, fake)
    draw = np.random.default_rng(seed)
    real, fake = (x if len(x) <= size else x[draw.choice(len(x), size, replace=False)] for x in (real, fake))
    square = _squares(real, real)
    if bandwidth is None:
        bandwidth = float(np.sqrt(np.median(square[~np.eye(len(real), dtype=bool)]))) or 1.0
    kernel = lambda square: np.exp(square / (-2 * bandwidth**2))
    return float(_unbiased(kernel(square), kernel(_squares(fake, fake)), kernel(_squares(real, fake))))


def _squares(a, b):
    """float64 [N, M]: square distances of rows [N, D] and [M, D], seen from amid the first, on the host as `_polynomial`."""
    centre = np.median(a, axis=0).astype(np.float64)
    a, b = a - centre, b - centre
    return np.maximum((a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * (a @ b.T), 0)


def _polynomial(real, fake):
    """On the host in float64: far from 0 the three means differ by less than float32 holds."""

    def rows(x):  # whose products are x y / D + 1
        return np.column_stack([x.astype(np.float64) / np.sqrt(x.shape[1]), np.ones(len(x))])

    def cubes(a, b):
        k = a @ b.T
        return np.einsum("ij,ij,ij->", k, k, k)  # no copy of k, which costs more than the sum

    real, fake = rows(real), rows(fake)
    within = lambda x: (cubes(x, x) - ((x * x).sum(axis=1) ** 3).sum()) / (len(x) * (len(x) - 1))
    return within(real) + within(fake) - 2 * cubes(real, fake) / (len(real) * len(fake))


def _unbiased(within_real, within_fake, across):
    """The diagonals, a sample with itself, are left out."""
    mean = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    return mean(within_real) + mean(within_fake) - 2 * across.mean()

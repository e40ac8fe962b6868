"""How much of the fakes lies where real samples are, and how much of the real ones is reached."""

import numpy as np
from jax.typing import ArrayLike

from jaxgan.metrics import inputs
from jaxgan.metrics.neighbours import inside, nearest, radii


def precision_recall(real: ArrayLike, fake: ArrayLike, k: int = 3) -> tuple[float, float]:
    """(precision, recall), both in [0, 1], of features [N, D] and [M, D].

    Precision: the share of fakes in the balls around real samples that reach to their k-th neighbour; recall: the
    other way round. Kynkäänniemi et al. 2019, arXiv:1904.06991, eq. 1 and 2. Raises BadInput where a set has no k-th
    neighbour, and for what `inputs.pair` refuses.
    """
    real, fake = inputs.pair(real, fake)
    inputs.neighbours(k, len(real), "real")
    inputs.neighbours(k, len(fake), "fake")
    precision, _ = inside(fake, real, radii(real, k))
    recall, _ = inside(real, fake, radii(fake, k))
    return float(np.mean(precision > 0)), float(np.mean(recall > 0))


def density_coverage(real: ArrayLike, fake: ArrayLike, k: int = 5) -> tuple[float, float]:
    """(density, in [0, inf) and 1 for equal distributions; coverage, in [0, 1]) of features [N, D] and [M, D].

    Density: the balls around real samples that a fake lies in, over k; coverage: the share of the balls with a fake in
    them. Naeem et al. 2020, arXiv:2002.09797, eq. 4 and 5. Raises BadInput as `precision_recall` does.
    """
    real, fake = inputs.pair(real, fake)
    inputs.neighbours(k, len(real), "real")
    count, hit = inside(fake, real, radii(real, k))
    return float(np.mean(count) / k), float(np.mean(hit))


def memorised(train: ArrayLike, fake: ArrayLike) -> float:
    """Share of fakes in [0, 1] that are nearer to their nearest training sample than any other training sample is to that.

    1 where they are copies, of features [N, D] and [M, D]. What fresh data of the same distribution give depends on the
    dimension (0.62 in two, less in more): hold it against memorised(train, held_out). One minus the authenticity of Alaa
    et al. 2022, arXiv:2102.08921, section 4.3. Takes 4 N M D FLOPs. Raises BadInput for what `inputs.pair` refuses.
    """
    train, fake = inputs.pair(train, fake)
    distance, index = nearest(fake, train)
    others, _ = nearest(train[index[:, 0]], train, 2)  # each itself, and the nearest other one
    return float(np.mean(distance[:, 0] <= others[:, 1]))

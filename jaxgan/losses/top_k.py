"""G learns from the fakes that D likes best, and from no others."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.core import Pair
from jaxgan.errors import BadInput
from jaxgan.losses.adversarial import Made


def top_k(loss: Pair, share: ArrayLike = 0.5, axis_name: str | None = None) -> Pair:
    """The loss whose G learns from the `share` of the fakes with the highest logits, one at least.

    Sinha et al. 2020, arXiv:2002.06224, algorithm 1, whose k falls from B to B / 2 as the training goes on: the share may be
    traced, and then counts as the nearest in (0, 1]. G's loss of the others is 0, of those its own times N / k, so that the
    task's mean is the mean over the k. Fakes as good as the k-th count as well: of a D that cannot tell, all do. Patch logits
    [B, ...] rank a sample by their mean; leaves of a tree rank each by itself. axis_name: devices whose batches are one batch
    of N, from which the k are chosen. Raises BadInput for a share outside (0, 1].
    """
    if isinstance(share, int | float) and not 0 < share <= 1:
        raise BadInput(f"share is {share}: give a number in (0, 1], of the fakes that teach G")

    def g(real, fake):
        score = jnp.mean(fake, axis=tuple(range(1, fake.ndim)))
        every = score if axis_name is None else jax.lax.all_gather(score, axis_name, tiled=True)
        count = jnp.clip(jnp.floor(share * every.size + 0.5), 1, every.size).astype(jnp.int32)
        best = jax.lax.stop_gradient(jnp.sort(every)[every.size - count])
        value = loss.g(real, fake)
        scale = jnp.where(score >= best, every.size / jnp.sum(every >= best), 0.0)
        return value * scale.reshape(-1, *(1,) * (value.ndim - 1))

    return Made(g=g, d=loss.d)

"""Places of a picture that are to be told from its other places: PatchNCE."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike


def patch_nce(query: jax.Array, positive: jax.Array, temperature: ArrayLike = 0.07) -> jax.Array:
    """[B, S] of unit vectors [B, S, C] at S places of a picture: -log of the share of the right one.

    Cross-entropy of finding each query's own place among the positives of all S, by inner products over the temperature:
    Park et al. 2020, arXiv:2007.15651, eq. 3, with the S - 1 other places of the same picture for negatives, which eq. 4
    sums. The positives are constants, as in the authors' program: the gradient is that of the queries.
    """
    query, positive = query.astype(jnp.float32), jax.lax.stop_gradient(positive.astype(jnp.float32))
    logits = jnp.einsum("bsc,btc->bst", query, positive) / temperature
    right = jnp.einsum("bsc,bsc->bs", query, positive) / temperature
    return jax.nn.logsumexp(logits, -1) - right

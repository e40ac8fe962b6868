"""Dropout whose draws belong to the samples."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.sharing import sample_keys


class Dropout(nn.Module):
    """x [B, ...] with each value 0 at this rate, and the others 1 / (1 - rate) times as large.

    Srivastava et al. 2014, JMLR 15, section 10. Drawn from the stream "draw" for each sample by its index int32 [B] in the
    global batch: whenever the network draws, which where it is G's noise is not in training alone. Raises BadInput where a
    network that has it is given no key.
    """

    rate: float = 0.5

    @nn.compact
    def __call__(self, x: jax.Array, index: jax.Array | None) -> jax.Array:
        if self.is_initializing():
            return x
        if not self.has_rng("draw") or index is None:
            raise BadInput("dropout is drawn for each sample: give `key` and `index`")
        kept = lambda key: jax.random.bernoulli(key, 1 - self.rate, x.shape[1:])
        return jnp.where(jax.vmap(kept)(sample_keys(self.make_rng("draw"), index)), x / (1 - self.rate), 0)

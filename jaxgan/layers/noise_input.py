"""Noise within a generator. Karras et al. 2019, arXiv:1812.04948, section 2; one strength as in arXiv:1912.04958."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.core import sample_keys
from jaxgan.errors import BadInput


class NoiseInput(nn.Module):
    """x [B, H, W, C] plus N(0, 1) noise [B, H, W, 1] times a strength that is learned and starts at 0.

    In training each sample's noise is drawn from the stream "draw" and its `index` int32 [B], the place in the global
    batch (batch["index"]): the number of devices does not matter. Out of training one image of noise is given to all
    samples, always the same: the collection "noise" has its key (as uint32, so that no average touches it).
    """

    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, index: jax.Array | None = None) -> jax.Array:
        x = x.astype(self.dtype)
        fixed = self.variable("noise", "key", lambda: jax.random.key_data(self.make_rng("params")))
        if train and index is None:
            raise BadInput(f"noise for {x.shape[0]} samples in training, and index=None: give batch['index']")
        draw = lambda key: jax.random.normal(key, (*x.shape[1:3], 1))
        if train:
            noise = jax.vmap(draw)(sample_keys(self.make_rng("draw"), index))
        else:
            noise = draw(jax.random.wrap_key_data(fixed.value))[None]
        return x + self.param("strength", nn.initializers.zeros, ()).astype(self.dtype) * noise.astype(self.dtype)

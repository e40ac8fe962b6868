"""Pixelwise normalisation of feature vectors. Karras et al. 2018, arXiv:1710.10196, section 4.2."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


class PixelNorm(nn.Module):
    """x [..., C] divided at every place by the root of the mean of its squares over C, plus 1e-8. No parameters."""

    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = x.astype(jnp.float32)  # statistics in float32, whatever the compute dtype
        return (y * jax.lax.rsqrt(jnp.mean(y**2, axis=-1, keepdims=True) + 1e-8)).astype(self.dtype)

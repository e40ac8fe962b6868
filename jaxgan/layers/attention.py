"""Self-attention over the places of an image. Zhang et al. 2019, arXiv:1805.08318, section 3."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.layers.linear import Dense


class SelfAttention(nn.Module):
    """x [B, H, W, C] -> gamma o + x, of the same shape (eq. 3); gamma starts at 0, and all else then has no effect.

    o = v(sum over i of beta_ji h(x_i)) with beta_ji the softmax over i of f(x_i) . g(x_j) (eq. 1 and 2); f, g, h and v
    are 1x1 convolutions without bias between C and C // reduce channels (at least 1; the paper's 8), with spectral norm
    where asked for. Memory grows with (H W)^2: the paper puts it at 32 x 32. Weights of attention are in float32.
    """

    reduce: int = 8
    spectral: bool = False
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        b, height, width, c = x.shape

        def layer(name, features):
            return Dense(features, bias=False, spectral=self.spectral, dtype=self.dtype, name=name)

        small = max(1, c // self.reduce)
        places = x.astype(self.dtype).reshape(b, height * width, c)
        f, g, h = (layer(name, small)(places, train) for name in "fgh")
        scores = jnp.einsum("bic,bjc->bji", f, g, preferred_element_type=jnp.float32)
        beta = jax.nn.softmax(scores, axis=-1).astype(self.dtype)
        o = layer("v", c)(jnp.einsum("bji,bic->bjc", beta, h), train)
        gamma = self.param("gamma", nn.initializers.zeros, ()).astype(self.dtype)
        return gamma * o.reshape(x.shape) + x.astype(self.dtype)

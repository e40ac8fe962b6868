"""Convolutions of clips [B, T, H, W, C] that are factored into one over space and one over time: 2+1-D.

Tran et al. 2018, arXiv:1711.11248, section 3.5. Either part is a convolution of images: over space with the frames among the
batch, over time of an image that is T rows high and all places of a frame wide.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.layers.conv import conv
from jaxgan.layers.linear import Linear


def by_frame(f: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    """f of each frame: x [B, T, ...] -> [B, T, ...], where f maps [B T, ...] to [B T, ...]."""
    y = f(x.reshape(-1, *x.shape[2:]))
    return y.reshape(*x.shape[:2], *y.shape[1:])


class TimeConv(Linear):
    """x [B, T, H, W, C] -> [B, T', H, W, features]: a convolution over time alone, the same at every place.

    padding: "SAME"; "EDGE", as long, with the first and the last frame again where a clip ends; "VALID", where
    T' = T - kernel + 1. Raises BadInput for fewer frames than the kernel and "VALID".
    """

    kernel: int = 3
    padding: str = "SAME"

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        batch, frames, height, width, channels = x.shape
        if self.padding == "VALID" and frames < self.kernel:
            raise BadInput(f"clips of {frames} frames, and a kernel of {self.kernel} without padding: give longer ones")
        w, padding = self.weight((self.kernel, channels, self.features), train), self.padding
        rows = x.astype(self.dtype).reshape(batch, frames, height * width, channels)
        if padding == "EDGE":
            around = ((0, 0), ((self.kernel - 1) // 2, self.kernel // 2), (0, 0), (0, 0))
            rows, padding = jnp.pad(rows, around, mode="edge"), "VALID"
        y = conv(rows, w[:, None], padding=padding)
        return self.biased(y.reshape(batch, -1, height, width, self.features))

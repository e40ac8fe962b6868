"""Equalised learning rate. Karras et al. 2018, arXiv:1710.10196, section 4.1.

Weights are kept at a variance of 1 and scaled in every pass, by gain / sqrt(fan-in): an optimizer whose step ignores the
size of the gradient, as Adam's does, then moves every layer at the same pace.
"""

from math import prod
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.layers.filtered import conv_filtered
from jaxgan.layers.linear import per_channel


class _Equal(nn.Module):
    """A weight, scaled as it is used, with or without a bias.

    gain: of the He initialiser, sqrt(2) in the paper; 1 where the activation has it (StyleGAN2).
    lr: relative learning rate of weight and bias (0.01 in StyleGAN's mapping network); initial values do not see it.
    """

    features: int
    bias: bool = True
    bias_init: float = 0.0
    gain: float = 1.0
    lr: float = 1.0
    dtype: Any = jnp.float32

    def weight(self, shape: tuple[int, ...]) -> jax.Array:
        """Weight of this shape [..., O] as it is used, in the compute dtype."""
        kernel = self.param("kernel", nn.initializers.normal(1 / self.lr), shape)
        return (kernel * (self.gain * self.lr * prod(shape[:-1]) ** -0.5)).astype(self.dtype)

    def biased(self, x: jax.Array) -> jax.Array:
        """x with a bias for each of its last axis, where there is one."""
        if not self.bias:
            return x
        start = nn.initializers.constant(self.bias_init / self.lr)
        return x + per_channel((self.param("bias", start, (self.features,)) * self.lr).astype(self.dtype), x)


class EqualDense(_Equal):
    """x [..., C] -> [..., features]. gain and lr: as the paper's He constant and a relative learning rate."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return self.biased(x.astype(self.dtype) @ self.weight((x.shape[-1], self.features)))


class EqualConv(_Equal):
    """x [B, H, W, C] -> [B, H up / down, W up / down, features], filtered where the size changes (`conv_filtered`)."""

    kernel: int = 3
    up: int = 1
    down: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        w = self.weight((self.kernel, self.kernel, x.shape[-1], self.features))
        return self.biased(conv_filtered(x.astype(self.dtype), w, up=self.up, down=self.down))

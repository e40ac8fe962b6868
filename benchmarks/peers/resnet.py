"""A residual pair without norms, for a gradient penalty at every step, in the style of Mescheder et al. 2018, arXiv:1801.04406.

Their blocks (leaky ReLU, 3x3, leaky ReLU, 3x3, times 0.1, added to a shortcut), at a quarter of their widest channels, with
means of 2x2 between those of D. The peers resize between blocks, as everybody writes it. Here doubling is folded into the
convolution behind it and halving into the one before it, and shortcuts are taken at the smaller size: the same functions
of the same parameters for fewer FLOPs. That is a difference of algorithm, and it is meant to be timed.
"""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.layers import Dense, ResizedConv, downsample, upsample
from jaxgan.net import from_flax


def leaky(x):
    """Leaky ReLU of slope 0.2."""
    return nn.leaky_relu(x, 0.2)


def block(x, features, resize, train, dtype):
    """x [B, H, W, C] -> [B, H', W', features], doubled before or halved behind, in the module that calls it."""
    up = resize == "up"
    h = ResizedConv(min(x.shape[-1], features), resize="up" if up else "none", dtype=dtype)(leaky(x), train)
    h = ResizedConv(features, resize="none" if up else "down", dtype=dtype)(leaky(h), train)
    x = x if up else downsample(x)
    if x.shape[-1] != features:
        x = Dense(features, bias=False, dtype=dtype)(x, train)
    return (upsample(x) if up else x) + 0.1 * h


class Generator(nn.Module):
    """z [B, Z] -> [B, 32, 32, 3] in [-1, 1]: dense to 4x4, three doublings."""

    width: int
    dtype: Any

    @nn.compact
    def __call__(self, z, *, train):
        first, *widths = (4 * self.width, 4 * self.width, 2 * self.width, self.width)
        x = Dense(16 * first, dtype=self.dtype)(z, train).reshape(-1, 4, 4, first)
        for width in widths:
            x = block(x, width, "up", train, self.dtype)
        return jnp.tanh(ResizedConv(3, dtype=self.dtype)(leaky(x), train).astype(jnp.float32))


class Discriminator(nn.Module):
    """x [B, 32, 32, 3] -> logits [B]: three halvings to 4x4, then dense."""

    width: int
    dtype: Any

    @nn.compact
    def __call__(self, x, *, train):
        x = ResizedConv(self.width, dtype=self.dtype)(x, train)
        for width in (2 * self.width, 4 * self.width, 4 * self.width):
            x = block(x, width, "down", train, self.dtype)
        x = leaky(x).reshape(x.shape[0], -1)
        return Dense(1, dtype=self.dtype)(x, train)[:, 0].astype(jnp.float32)


def networks(width=64, dtype=jnp.float32):
    """(generator, discriminator), Nets, of `width` channels at 32x32 and up to four times as many."""
    return tuple(from_flax(kind(width, jnp.dtype(dtype))) for kind in (Generator, Discriminator))

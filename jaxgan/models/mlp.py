"""The MLP pair: z 100 -> 128 -> 256 -> 512 -> 784 -> 28x28x1 against 784 -> 512 -> 256 -> 128 -> 1."""

from collections.abc import Callable
from math import prod
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.layers import Dense, append_label, label_vector
from jaxgan.net import from_flax


class Generator(nn.Module):
    """z [B, Z] -> [B, *shape], in [-1, 1] where `final` is tanh."""

    shape: tuple
    hidden: tuple
    final: Callable
    classes: int | None
    dtype: Any

    @nn.compact
    def __call__(self, z, label=None, *, train):
        x = append_label(z, label_vector(label, self.classes)) if self.classes else z
        for width in self.hidden:
            x = nn.leaky_relu(Dense(width, dtype=self.dtype)(x, train), 0.2)
        x = Dense(prod(self.shape), dtype=self.dtype)(x, train)
        return self.final(x.astype(jnp.float32)).reshape(-1, *self.shape)


class Discriminator(nn.Module):
    """x [B, ...] -> logits [B]."""

    hidden: tuple
    classes: int | None
    spectral: bool
    dtype: Any

    @nn.compact
    def __call__(self, x, label=None, *, train):
        x = x.reshape(x.shape[0], -1)
        x = append_label(x, label_vector(label, self.classes)) if self.classes else x
        for width in self.hidden:
            x = nn.leaky_relu(Dense(width, spectral=self.spectral, dtype=self.dtype)(x, train), 0.2)
        return Dense(1, spectral=self.spectral, dtype=self.dtype)(x, train)[:, 0].astype(jnp.float32)


def generator(shape=(28, 28, 1), hidden=(128, 256, 512), *, final=nn.tanh, classes=None, dtype=jnp.float32):
    """Net (z [B, Z], label) -> [B, *shape]. Leaky ReLU 0.2; labels are concatenated with z."""
    return from_flax(Generator(tuple(shape), tuple(hidden), final, classes, dtype), classes)


def discriminator(hidden=(512, 256, 128), *, classes=None, spectral=False, dtype=jnp.float32):
    """Net (x [B, ...], label) -> logits [B]. Leaky ReLU 0.2; labels are concatenated with x."""
    return from_flax(Discriminator(tuple(hidden), classes, spectral, dtype), classes)

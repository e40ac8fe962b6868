"""Text of fixed length as one vector of shares a character: residual 1-D convolutions. Gulrajani et al. 2017, arXiv:1704.00028.

Section 5.4 says little; the networks are those of the authors' program (github.com/igul222/improved_wgan_training,
gan_language.py), in which a block adds 0.3 times what it makes, and no layer is normalised.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Conv1D, Dense
from jaxgan.net import Net, from_flax

BLOCKS, KERNEL = 5, 5
_SHARE = 0.3  # of a block in what it adds to
_he = nn.initializers.variance_scaling(2.0, "fan_avg", "uniform")
_glorot = nn.initializers.glorot_uniform()


class Block(nn.Module):
    """x [B, T, width] -> the same: ReLU, convolution, ReLU, convolution, a share of which is added to x."""

    width: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        y = x
        for _ in range(2):
            y = Conv1D(self.width, kernel=KERNEL, kernel_init=_he, dtype=self.dtype)(nn.relu(y), train)
        return x + _SHARE * y


class Generator(nn.Module):
    """z [B, Z] -> shares [B, T, V] that add up to 1: dense to all places, blocks, a softmax."""

    length: int
    symbols: int
    width: int
    blocks: int
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        x = Dense(self.length * self.width, kernel_init=_glorot, dtype=self.dtype)(z, train)
        x = x.reshape(-1, self.length, self.width)
        for _ in range(self.blocks):
            x = Block(self.width, self.dtype)(x, train)
        x = Dense(self.symbols, kernel_init=_he, dtype=self.dtype)(x, train)
        return jax.nn.softmax(x.astype(jnp.float32), axis=-1)


class Discriminator(nn.Module):
    """x [B, T, V] -> logits [B]: blocks, and a dense layer over all places."""

    width: int
    blocks: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        x = Dense(self.width, kernel_init=_he, dtype=self.dtype)(x, train)
        for _ in range(self.blocks):
            x = Block(self.width, self.dtype)(x, train)
        x = x.reshape(x.shape[0], -1)
        return Dense(1, kernel_init=_glorot, dtype=self.dtype)(x, train)[:, 0].astype(jnp.float32)


def generator(
    length: int = 32, symbols: int = 96, *, width: int = 512, blocks: int = BLOCKS, dtype: DTypeLike = jnp.float32
) -> Net:
    """Net z [B, Z] -> shares [B, length, symbols] of each symbol at each place. width: 512 in the paper.

    Raises BadInput for no places, and for fewer than two symbols.
    """
    check_shape(length, symbols)
    return from_flax(Generator(length, symbols, width, blocks, jnp.dtype(dtype))).meets_latents("Dense_0")


def discriminator(*, width: int = 512, blocks: int = BLOCKS, dtype: DTypeLike = jnp.float32) -> Net:
    """Net x [B, T, V] -> logits [B]: x one-hot, or shares that a G gives. The length is that of its first input."""
    return from_flax(Discriminator(width, blocks, jnp.dtype(dtype)))


def check_shape(length: int, symbols: int) -> None:
    """Raises BadInput for texts of no places, and for fewer than two symbols."""
    if length < 1 or symbols < 2:
        raise BadInput(f"a text of {length} places and {symbols} symbols: give 1 or more places, 2 or more symbols")

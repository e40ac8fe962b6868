"""Template of an architecture: copy it to jaxgan/models/my_model.py, or beside a recipe. Say whose it is, with arXiv number.

A model file has Linen modules, and one factory for G and one for D which make Nets of them. It knows of no task, no data set
and no option: a recipe introduces them.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.layers import Dense
from jaxgan.net import Net, from_flax


class Generator(nn.Module):
    """z [B, Z] -> samples [B, *shape] in [-1, 1]. Sizes are fields; `train` is the only switch of a mode."""

    shape: tuple
    width: int

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        x = nn.relu(Dense(self.width)(z, train))  # layers of jaxgan take `train` too: some of them remember
        x = Dense(math.prod(self.shape))(x, train)
        return jnp.tanh(x.reshape(-1, *self.shape).astype(jnp.float32))


class Discriminator(nn.Module):
    """x [B, ...] -> logits [B], float32. Logits may also be patches [B, h, w], or a tree."""

    width: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        x = nn.leaky_relu(Dense(self.width)(x.reshape(len(x), -1), train), 0.2)
        return Dense(1)(x, train)[:, 0].astype(jnp.float32)


def generator(shape: tuple, width: int = 64) -> Net:
    """Net z [B, Z] -> samples [B, *shape]. Raises BadInput for a width below 1.

    What does not fit is refused when the Net is made, with both values and the way out.
    """
    if width < 1:
        raise BadInput(f"width is {width}: give 1 or more")
    return from_flax(Generator(tuple(shape), width))


def discriminator(width: int = 64) -> Net:
    """Net x [B, ...] -> logits [B]. Raises BadInput for a width below 1."""
    if width < 1:
        raise BadInput(f"width is {width}: give 1 or more")
    return from_flax(Discriminator(width))

"""MLP pairs; by default z 100 -> 128 -> 256 -> 512 -> 784 -> 28x28x1 against 784 -> 512 -> 256 -> 128 -> 1."""

from collections.abc import Callable
from math import prod
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Dense, append_label, label_vector
from jaxgan.net import Net, from_flax

_lecun = nn.initializers.lecun_normal()
he = nn.initializers.he_normal()  # weights for ReLU, which halves the signal. He et al. 2015, arXiv:1502.01852, eq. 10
relu = nn.relu


def leaky(x: jax.Array) -> jax.Array:
    """Leaky ReLU of slope 0.2."""
    return nn.leaky_relu(x, 0.2)


def linear(x: jax.Array) -> jax.Array:
    """The input as it is: a layer without activation."""
    return x


class Generator(nn.Module):
    """z [B, Z] -> [B, *shape], in [-1, 1] where `final` is tanh."""

    shape: tuple
    hidden: tuple
    acts: tuple
    final: Callable
    classes: int | None
    kernel_init: Callable
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        x = append_label(z, label_vector(label, self.classes)) if self.classes else z
        for width, act in zip(self.hidden, self.acts, strict=True):
            x = act(Dense(width, kernel_init=self.kernel_init, dtype=self.dtype)(x, train))
        x = Dense(prod(self.shape), dtype=self.dtype)(x, train)
        return self.final(x.astype(jnp.float32)).reshape(-1, *self.shape)


class Discriminator(nn.Module):
    """x [B, ...] -> logits [B]."""

    hidden: tuple
    acts: tuple
    classes: int | None
    spectral: bool
    kernel_init: Callable
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        x = x.reshape(x.shape[0], -1)
        x = append_label(x, label_vector(label, self.classes)) if self.classes else x
        same = {"spectral": self.spectral, "dtype": self.dtype}
        for width, act in zip(self.hidden, self.acts, strict=True):
            x = act(Dense(width, kernel_init=self.kernel_init, **same)(x, train))
        return Dense(1, **same)(x, train)[:, 0].astype(jnp.float32)


def generator(
    shape: tuple[int, ...] = (28, 28, 1),
    hidden: tuple[int, ...] = (128, 256, 512),
    *,
    act: Callable | tuple[Callable, ...] = leaky,
    final: Callable = nn.tanh,
    classes: int | None = None,
    kernel_init: Callable = _lecun,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (z [B, Z], label) -> [B, *shape]. Labels are concatenated with z.

    act: of the hidden layers, one for all or a tuple with one for each. kernel_init: of the hidden layers' weights.
    Raises BadInput where there are not as many activations as hidden layers.
    """
    module = Generator(tuple(shape), tuple(hidden), _acts(act, hidden), final, classes, kernel_init, jnp.dtype(dtype))
    return from_flax(module, classes).meets_latents("Dense_0", beside=classes)


def discriminator(
    hidden: tuple[int, ...] = (512, 256, 128),
    *,
    act: Callable | tuple[Callable, ...] = leaky,
    classes: int | None = None,
    spectral: bool = False,
    kernel_init: Callable = _lecun,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (x [B, ...], label) -> logits [B]. Labels are concatenated with x; `act` and `kernel_init` as in `generator`."""
    module = Discriminator(tuple(hidden), _acts(act, hidden), classes, spectral, kernel_init, jnp.dtype(dtype))
    return from_flax(module, classes)


def _acts(act, hidden):
    acts = (act,) * len(hidden) if callable(act) else tuple(act)
    if len(acts) != len(hidden):
        raise BadInput(f"{len(acts)} activations for {len(hidden)} hidden layers: give one for each, or one for all")
    return acts

"""Textures of any size from a field of noise: PSGAN. Bergmann et al. 2017, arXiv:1705.06566, section 3.

What differs from the authors' program (github.com/zalandoresearch/psgan): no convolution of G sees a padding, since the field
reaches as far around the picture as G looks, so that a piece of a picture is what it is in the whole; G's doublings give 2 n
pixels of n, where theirs give 2 n - 1; waves go in any direction, as in the paper, where theirs run down or across; they begin
between none and half a turn a cell, where theirs begin between a quarter and a half; the last layer of the network behind the
wave numbers starts near 0, where theirs starts around 1 and draws waves that are shorter than two cells; D's first and last
convolution have a bias; and there is no weight decay.
"""

import math
from itertools import pairwise
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, ConvTranspose, Dense, Norm, append_label, label_vector
from jaxgan.net import Net, from_flax
from jaxgan.noise import Field, FieldNoise

_paper = nn.initializers.normal(0.02)
_AROUND = ((2, 2), (2, 2))
_HIDDEN = 50  # units between the global noise and the wave numbers
_SCALE = 0.02


class Generator(nn.Module):
    """Field of [B, h + 2 m, w + 2 m] cells -> [B, 2^layers h, 2^layers w, channels] in [-1, 1], m the margin."""

    channels: int
    width: int
    layers: int
    waves: int
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, field: Field, *, train: bool) -> jax.Array:
        mixed = lambda of_each: jnp.einsum("bhwa,bhwac->bhwc", field.share, of_each)
        textures = jnp.einsum("bhwa,bac->bhwc", field.share, field.textures)
        parts = [field.local, textures]
        if self.waves:
            k = Waves(self.waves, name="waves")(field.textures, field.period, train=train)
            turns = jnp.einsum("bhwi,bapi->bhwap", field.place, k) + field.phase[:, None, None, None]
            parts.append(mixed(jnp.sin(turns)))
        x = jnp.concatenate(parts, -1)
        for i, (margin, left) in enumerate(pairwise(_margins(self.layers))):
            last = i + 1 == self.layers
            width = self.channels if last else self.width << (self.layers - 2 - i)
            x = ConvTranspose(width, last, kernel=5, kernel_init=_paper, dtype=self.dtype)(x, train)
            cut = 2 * margin - left  # what a padding has touched, and what nothing will look at
            x = x[:, cut : x.shape[1] - cut, cut : x.shape[2] - cut]
            if not last:
                norm = Norm("batch", self.axis_name, scale_std=_SCALE, dtype=self.dtype)
                x = nn.relu(norm(x, train))
        return jnp.tanh(x.astype(jnp.float32))


class Waves(nn.Module):
    """textures [B, A, T] -> wave numbers [B, A, waves, 2], radians a cell, down and across: eq. 5.

    Half of them begin downwards and half across, spread evenly between none and half a turn a cell. With a period they are
    brought to the nearest that fit it.
    """

    waves: int

    @nn.compact
    def __call__(self, textures: jax.Array, period: jax.Array, *, train: bool) -> jax.Array:
        k = self.param("numbers", lambda key, shape: first_waves(shape[0]), (self.waves, 2))[None, None]
        if textures.shape[-1]:
            hidden = nn.relu(Dense(_HIDDEN, name="in")(textures, train))
            more = Dense(2 * self.waves, kernel_init=_paper, name="out")(hidden, train)
            k = k + more.reshape(*textures.shape[:2], self.waves, 2)
        k = jnp.broadcast_to(k, (*textures.shape[:2], self.waves, 2))
        turn = 2 * jnp.pi / jnp.maximum(period, 1.0)[:, None, None]
        return jnp.where(period[:, None, None] > 0, jnp.rint(k / turn) * turn, k)


class Discriminator(nn.Module):
    """x [B, H, W, C] -> logits [B, h, w] of patches: 5x5 convolutions, each of which halves. Labels come as more channels."""

    width: int
    layers: int
    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        x = append_label(x, label_vector(label, self.classes)) if self.classes else x
        same = {"kernel": 5, "stride": 2, "padding": _AROUND, "kernel_init": _paper, "dtype": self.dtype}
        for i in range(self.layers - 1):
            x = Conv(self.width << i, i == 0, **same)(x, train)
            x = Norm("batch", self.axis_name, scale_std=_SCALE, dtype=self.dtype)(x, train) if i else x
            x = nn.leaky_relu(x, 0.2)
        return Conv(1, **same)(x, train)[..., 0].astype(jnp.float32)


def generator(
    channels: int = 3,
    width: int = 64,
    layers: int = 5,
    *,
    local: int = 30,
    shared: int = 60,
    waves: int = 6,
    classes: int | None = None,
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (Field) -> pictures [B, H, W, channels] in [-1, 1], whose sides are multiples of 2^layers; its `field` draws Fields.

    local, shared, waves: of the noise of each cell, of the noise that all cells share ("global" in the paper), and of the
    periodic. The layers have width * 2^(layers - 2), ..., 2 width, width channels and the last those of the picture. Raises
    BadInput for sizes below 1, and without any noise.
    """
    _check(width, layers)
    if min(local, shared, waves) < 0 or local + waves == 0:
        raise BadInput(
            f"local is {local}, shared {shared}, waves {waves}: give some of the first or the last, none below 0"
        )
    field = FieldNoise(1 << layers, _margins(layers)[0], local, shared, waves, classes or 0)
    return from_flax(Generator(channels, width, layers, waves, axis_name, jnp.dtype(dtype)))._replace(field=field)


def discriminator(
    width: int = 64,
    layers: int = 5,
    *,
    classes: int | None = None,
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (x [B, H, W, C], label where it has classes) -> logits [B, h, w] of patches. Raises BadInput for sizes below 1.

    Layers of width, 2 width, ... channels and a last one of 1, each logit of a `patch`.
    """
    _check(width, layers)
    return from_flax(Discriminator(width, layers, classes, axis_name, jnp.dtype(dtype)), classes)


def patch(layers: int) -> int:
    """Pixels, a side, of the patches that a D of so many layers judges."""
    return (1 << (layers + 2)) - 3


def first_waves(waves: int) -> jax.Array:
    """Wave numbers [waves, 2] that a training begins with."""
    down = -(-waves // 2)
    turns = [jnp.pi * (i + 0.5) / n for n in (down, waves - down) for i in range(n)]
    return jnp.array([(k, 0.0) if i < down else (0.0, k) for i, k in enumerate(turns)], jnp.float32).reshape(waves, 2)


def check_shape(shape: tuple[int, ...], layers: int) -> None:
    """Raises BadInput for pictures (H, W, C) whose sides are no multiples of 2^layers."""
    cell = 1 << layers
    if len(shape) != 3 or shape[0] % cell or shape[1] % cell:
        found = "x".join(map(str, shape[:2])) if len(shape) == 3 else f"samples of shape {tuple(shape)}"
        near = max(1, round(shape[0] / cell)) * cell
        raise BadInput(
            f"{layers} layers make pictures of multiples of {cell} pixels, not {found}: set --resolution {near}"
        )


def _margins(layers):
    """Pixels around the picture that each layer's input, and at last the picture, has: nothing of it is touched by a padding."""
    found = [0]
    for _ in range(layers):
        found.append(math.ceil(found[-1] / 2) + 1)
    return found[::-1]


def _check(width, layers):
    for name, value in (("width", width), ("layers", layers)):
        if value < 1:
            raise BadInput(f"{name} is {value}: give 1 or more")

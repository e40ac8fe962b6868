"""WaveGAN: sounds by transposed convolutions in one dimension. Donahue et al. 2019, arXiv:1802.04208, tables 3 and 4.

16,384 values of the paper are 16 that five layers make four times as many each; other lengths have more or fewer layers, and
begin at 8 to 31 values. Labels are not in the paper: they stand beside z, and D's last layer is a projection (Miyato & Koyama
2018, arXiv:1802.05637). Weights begin as in the authors' program, github.com/chrisdonahue/wavegan: Glorot's uniform.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Conv1D, ConvTranspose1D, Dense, PhaseShuffle, Projection, append_label, label_vector
from jaxgan.net import Net, from_flax

KERNEL, STRIDE = 25, 4
_FEWEST, _MOST = 8, 32  # values that the layers begin at: from the first on, below the second
_glorot = nn.initializers.glorot_uniform()


class Generator(nn.Module):
    """z [B, Z] -> [B, first 4^layers, channels] in [-1, 1]."""

    first: int
    layers: int
    channels: int
    width: int
    classes: int | None
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        same = {"kernel_init": _glorot, "dtype": self.dtype}
        z = append_label(z, label_vector(label, self.classes)) if self.classes else z
        width = self.width << self.layers - 1
        x = nn.relu(Dense(self.first * width, **same)(z, train)).reshape(-1, self.first, width)
        for i in reversed(range(self.layers)):
            features = self.width << i - 1 if i else self.channels
            x = ConvTranspose1D(features, kernel=KERNEL, stride=STRIDE, **same)(x, train)
            x = nn.relu(x) if i else x
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
    """x [B, T, C] -> logits [B]: convolutions that keep every fourth place, with phase shuffle behind all but the last."""

    layers: int
    width: int
    shuffle: int
    classes: int | None
    dtype: Any

    @nn.compact
    def __call__(
        self, x: jax.Array, label: jax.Array | None = None, *, train: bool, index: jax.Array | None = None
    ) -> jax.Array:
        same = {"kernel_init": _glorot, "dtype": self.dtype}
        for i in range(self.layers):
            x = Conv1D(self.width << i, kernel=KERNEL, stride=STRIDE, **same)(x, train)
            x = nn.leaky_relu(x, 0.2)
            x = PhaseShuffle(self.shuffle)(x, train, index) if i + 1 < self.layers else x
        x = x.reshape(x.shape[0], -1)
        if self.classes:
            return Projection(**same)(x, train, label_vector(label, self.classes))
        return Dense(1, **same)(x, train)[:, 0].astype(jnp.float32)


def generator(
    length: int = 16_384,
    channels: int = 1,
    *,
    width: int = 64,
    classes: int | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (z [B, Z], label) -> sounds [B, length, channels] in [-1, 1]. Labels are concatenated with z.

    length: first 4^n, first from 8 to 31 and n from 1. width: channels of the last layer but one, doubled towards z: 64 and n = 5
    are the paper's 1024. Raises BadInput for other lengths, and for widths below 1.
    """
    first, layers = plan(length)
    _check(width)
    module = Generator(first, layers, channels, width, classes, jnp.dtype(dtype))
    return from_flax(module, classes).meets_latents("Dense_0", beside=classes)


def discriminator(
    length: int = 16_384,
    *,
    width: int = 64,
    shuffle: int = 2,
    classes: int | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (sounds [B, length, C], label) -> logits [B]. Labels by projection.

    width: channels of the first layer, doubled by each. shuffle: places that a sample is moved by, at most, between the layers: 0
    for none. Raises BadInput as `generator` does, and for a shuffle below 0 or further than the shortest sequence is long.
    """
    first, layers = plan(length)
    _check(width)
    if not 0 <= shuffle < first * STRIDE:
        raise BadInput(f"shuffle is {shuffle}: give 0 .. {first * STRIDE - 1}")
    module = Discriminator(layers, width, shuffle, classes, jnp.dtype(dtype))
    return from_flax(module, classes, indexed=True)


def plan(length: int) -> tuple[int, int]:
    """(values that the layers begin at, layers) of a sound of this length.

    Raises BadInput, with the nearest length, where there are none.
    """
    layers = 1
    while length >> 2 * layers >= _MOST:
        layers += 1
    first = length >> 2 * layers
    if first < _FEWEST or first << 2 * layers != length:
        near = max(_FEWEST, first) << 2 * layers
        raise BadInput(
            f"a WaveGAN makes sounds of a 4^n values, a from {_FEWEST} to {_MOST - 1}, not {length}: set --length {near}"
        )
    return first, layers


def check_shape(shape: tuple[int, ...]) -> None:
    """Raises BadInput for samples that are no sounds (T, C), or of a length that has no `plan`."""
    if len(shape) != 2:
        raise BadInput(
            f"a WaveGAN makes sounds, not samples of shape {tuple(shape)}: give --data with sounds, or tones"
        )
    plan(shape[0])


def _check(width):
    if width < 1:
        raise BadInput(f"width is {width}: give 1 or more")

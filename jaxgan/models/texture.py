"""The conditional pair for 64x64 textures: a small DCGAN generator against an MLP that hands out its features."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import ConvTranspose, Dense, Norm, append_label, label_vector
from jaxgan.net import DiscriminatorOutput, Net, from_flax

_paper = nn.initializers.normal(0.02)  # Radford et al. 2016, arXiv:1511.06434, section 4: right behind batch norm
RESOLUTION = 64


class Generator(nn.Module):
    """z [B, Z] -> [B, 64, 64, channels] in [-1, 1]: 8x8x256, 16x16x128, 32x32x64, 64x64."""

    channels: int
    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        def act(x):
            return nn.leaky_relu(Norm("batch", self.axis_name, dtype=self.dtype)(x, train), 0.2)

        same = {"kernel_init": _paper, "dtype": self.dtype}
        x = append_label(z, label_vector(label, self.classes)) if self.classes else z
        x = act(Dense(8 * 8 * 256, bias=False, **same)(x, train)).reshape(-1, 8, 8, 256)
        for width in (128, 64):
            x = act(ConvTranspose(width, bias=False, kernel=5, **same)(x, train))
        return jnp.tanh(ConvTranspose(self.channels, kernel=5, **same)(x, train).astype(jnp.float32))


class Discriminator(nn.Module):
    """x [B, ...] -> DiscriminatorOutput: logits [B], features [B, 512]."""

    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, label: jax.Array | None = None, *, train: bool) -> DiscriminatorOutput:
        x = x.reshape(x.shape[0], -1)
        if self.classes:  # as heavy as a picture: a bare 1 among 12,288 pixels goes unseen, and the classes look alike
            x = append_label(x, RESOLUTION * label_vector(label, self.classes))
        for width in (1024, 512):
            x = Dense(width, bias=False, kernel_init=_paper, dtype=self.dtype)(x, train)
            x = nn.leaky_relu(Norm("batch", self.axis_name, dtype=self.dtype)(x, train), 0.2)
        logits = Dense(1, kernel_init=_paper, dtype=self.dtype)(x, train)[:, 0]
        return DiscriminatorOutput(logits.astype(jnp.float32), x)


def generator(
    channels: int = 3, *, classes: int | None = None, axis_name: str | None = None, dtype: DTypeLike = jnp.float32
) -> Net:
    """Net (z [B, Z], label) -> images [B, 64, 64, channels] in [-1, 1]. Labels are concatenated with z."""
    net = from_flax(Generator(channels, classes, axis_name, jnp.dtype(dtype)), classes)
    return net.meets_latents("Dense_0", beside=classes)


def discriminator(*, classes: int | None = None, axis_name: str | None = None, dtype: DTypeLike = jnp.float32) -> Net:
    """Net (x [B, ...], label) -> DiscriminatorOutput: logits [B] and the features [B, 512] that they are made of."""
    return from_flax(Discriminator(classes, axis_name, jnp.dtype(dtype)), classes)


def check_shape(shape: tuple[int, ...]) -> None:
    """Raises BadInput unless shape is (64, 64, C)."""
    if tuple(shape[:2]) != (RESOLUTION, RESOLUTION) or len(shape) != 3:
        found = "x".join(map(str, shape[:2])) if len(shape) == 3 else f"samples of shape {tuple(shape)}"
        raise BadInput(f"the texture pair makes 64x64 images, not {found}: set --resolution 64")

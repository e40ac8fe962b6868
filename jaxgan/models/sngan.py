"""SNGAN: residual networks under spectral normalisation, at 32, 64 and 128 pixels. Miyato et al. 2018, arXiv:1802.05957.

32: its table 4. 128, and labels at any size: Miyato & Koyama 2018, arXiv:1802.05637, figure 14. 64: the networks for 128
without the first block of G and the last of D. Attention and spectral norm of G: Zhang et al. 2019, arXiv:1805.08318.
"""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, Dense, Norm, Projection, Residual, SelfAttention, label_vector
from jaxgan.models.pyramid import Pyramid, both, checked
from jaxgan.net import Net, from_flax

_glorot = nn.initializers.glorot_uniform()


class Plan(NamedTuple):
    """Channels of the blocks at a resolution."""

    g: tuple  # from the dense layer's 4x4 on, each block after it at twice the size
    d: tuple
    halvings: int  # how many of D's blocks halve, the first ones


_PLANS = {
    32: Plan((256,) * 4, (128,) * 4, 2),
    64: Plan((1024, 512, 256, 128, 64), (64, 128, 256, 512, 1024), 5),
    128: Plan((1024, 1024, 512, 256, 128, 64), (64, 128, 256, 512, 1024, 1024), 5),
}

_DOUBLINGS = (3, 4, 5)


class Generator(nn.Module):
    """z [B, Z] -> [B, H, W, channels] in [-1, 1]: dense to the smallest feature map, residual doublings."""

    first: tuple[int, int]
    widths: tuple
    channels: int
    attention: tuple
    spectral: bool
    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        label = label_vector(label, self.classes) if self.classes else None
        same = {"spectral": self.spectral, "dtype": self.dtype}
        first, *widths = self.widths
        rows, cols = self.first
        x = Dense(rows * cols * first, kernel_init=_glorot, **same)(z, train).reshape(-1, rows, cols, first)
        for i, width in enumerate(widths):
            x = Residual(width, "up", norm="batch", axis_name=self.axis_name, **same)(x, train, label)
            if 8 << i in self.attention:
                x = SelfAttention(**same)(x, train)
        x = nn.relu(Norm("batch", self.axis_name, dtype=self.dtype)(x, train))
        x = Conv(self.channels, kernel_init=_glorot, **same)(x, train)
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
    """x [B, H, W, channels] -> logits [B]: residual halvings, a sum over all places, projection of the label."""

    resolution: tuple[int, int]
    widths: tuple
    halvings: int
    attention: tuple
    spectral: bool
    classes: int | None
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        sizes, (height, width) = check_shape(x.shape[1:]), self.resolution
        if x.shape[1:3] != (height, width):
            raise BadInput(
                f"images are {x.shape[1]}x{x.shape[2]}, the discriminator is for {height}x{width}: "
                f"build it with resolution={x.shape[1:3]}"
            )
        label = label_vector(label, self.classes) if self.classes else None
        same = {"spectral": self.spectral, "dtype": self.dtype}
        for i, width in enumerate(self.widths):
            halve = i < self.halvings
            hidden = x.shape[-1] if i > 0 else width
            x = Residual(width, "down" if halve else "none", hidden, preactivate=i > 0, **same)(x, train)
            if halve and (4 << sizes.doublings) >> i + 1 in self.attention:
                x = SelfAttention(**same)(x, train)
        phi = jnp.sum(nn.relu(x), (1, 2), dtype=jnp.float32)
        return Projection(kernel_init=_glorot, **same)(phi, train, label)


def generator(
    resolution: int | tuple[int, int] = 32,
    channels: int = 3,
    *,
    width: float = 1.0,
    attention: tuple[int, ...] = (),
    spectral: bool = False,
    classes: int | None = None,
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (z [B, Z], label) -> images [B, H, W, channels] in [-1, 1]. Labels scale and shift the blocks' batch norms.

    H = a 2^n and W = b 2^n, a and b from 2 to 8 and n from 3 to 5, which choose the network for 32, 64 or 128; these begin at
    4x4, where `resolution` is one of them, as in the papers.
    width: multiplies the paper's channels. attention: sizes behind whose block self-attention stands, of 8, 16, .. 4 2^n.
    spectral: spectral norm of every weight but the labels'. axis_name: devices that share batch statistics.
    Raises BadInput for other resolutions, sizes that the network does not have, and widths of 0 or less.
    """
    sizes = check_shape((*both(resolution), channels))
    widths = _scaled(_PLANS[4 << sizes.doublings].g, width)
    attention = _sizes("generator", sizes, attention, [8 << i for i in range(len(widths) - 1)])
    module = Generator(sizes.first, widths, channels, attention, spectral, classes, axis_name, jnp.dtype(dtype))
    return from_flax(module, classes).meets_latents("Dense_0")


def discriminator(
    resolution: int | tuple[int, int] = 32,
    *,
    width: float = 1.0,
    attention: tuple[int, ...] = (),
    spectral: bool = True,
    classes: int | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (images [B, H, W, C], label) -> logits [B], each of its own image alone. Labels by projection.

    width and attention: as in `generator`, with the sizes 2 2^n, 2^n, .. that D has. spectral: spectral norm of every weight.
    Raises BadInput as `generator` does, and for images of another resolution.
    """
    sizes = check_shape((*both(resolution), 0))
    largest = 4 << sizes.doublings
    plan = _PLANS[largest]
    odd = sizes.first[0] % 2 or sizes.first[1] % 2  # the last halving of 64's network is one too many then
    halvings = min(plan.halvings, sizes.doublings) if odd else plan.halvings
    attention = _sizes("discriminator", sizes, attention, [largest >> i + 1 for i in range(halvings)])
    module = Discriminator(sizes.size, _scaled(plan.d, width), halvings, attention, spectral, classes, jnp.dtype(dtype))
    return from_flax(module, classes)


def check_shape(shape: tuple[int, ...]) -> Pyramid:
    """The sizes of images of shape (H, W, C). Raises BadInput where 3, 4 or 5 doublings do not reach it."""
    return checked("an SNGAN", shape, _DOUBLINGS)


def _scaled(widths, by):
    if by <= 0:
        raise BadInput(f"width is {by}: give a number above 0, 1 for the paper's channels")
    return tuple(max(1, round(by * width)) for width in widths)


def _sizes(network, sizes, attention, known):
    for size in attention:
        if size not in known:
            raise BadInput(
                f"attention at {size}: the {network} of {'x'.join(map(str, sizes.size))} has the sizes "
                f"{', '.join(map(str, sorted(known)))}: take one of them"
            )
    return tuple(attention)

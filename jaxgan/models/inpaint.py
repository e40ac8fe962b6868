"""Inpainting by gated convolutions, and the SN-PatchGAN beside it. Yu et al. 2019, arXiv:1806.03589.

The coarse network of its authors' second version (github.com/JiahuiYu/generative_inpainting) alone: what the paper puts behind
it, a refinement with contextual attention, is not here. Channels are those of the code, where the width counts features and
gates together: 48 are 24 of each.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, GatedConv
from jaxgan.net import Net, from_flax

_glorot = nn.initializers.glorot_uniform()
_SHRINK = 4  # how much smaller the map is where the dilated convolutions are
DILATIONS = (2, 4, 8, 16)


class Generator(nn.Module):
    """x [B, H, W, channels + 1], as `holed` makes it -> all of the picture [B, H, W, channels] in [-1, 1]."""

    channels: int
    width: int
    dilations: tuple[int, ...]
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        _check(x.shape, self.channels)
        half = self.width // 2
        gated = lambda x, times, **how: GatedConv(times * half, dtype=self.dtype, **how)(x, train)
        x = gated(x, 1, kernel=5)
        for times in (2, 4):
            x = gated(gated(x, times, stride=2), times)
        x = gated(x, 4)
        for dilation in self.dilations:
            x = gated(x, 4, dilation=dilation)
        x = gated(gated(x, 4), 4)
        x = gated(gated(x, 2, resize="up"), 2)
        x = gated(x, 1, resize="up")
        x = GatedConv(self.width // 4, dtype=self.dtype)(x, train)
        x = Conv(self.channels, kernel_init=_glorot, dtype=self.dtype)(x, train)
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
    """x [B, H, W, C], and whatever lies beside it [B, H, W, .] -> logits [B, h, w, c], one for each value of the last map."""

    widths: tuple[int, ...]
    spectral: bool
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *beside: jax.Array, train: bool) -> jax.Array:
        x = jnp.concatenate([x, *beside], axis=-1)
        for width in self.widths:
            conv = Conv(
                width, kernel=5, stride=2, spectral=self.spectral, kernel_init=_glorot, dtype=self.dtype
            )  # at even sizes the outer row of zeros is the last one, as in the code
            x = nn.leaky_relu(conv(x, train), 0.2)
        return x.astype(jnp.float32)


def generator(
    channels: int = 3,
    *,
    width: int = 48,
    dilations: tuple[int, ...] = DILATIONS,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (x [B, H, W, channels + 1]) -> pictures [B, H, W, channels] in [-1, 1], as G has all of them; see `composed`.

    x: as `holed` makes it; H and W any multiples of 4. width: channels of the first convolution, half of which are gates.
    dilations: of the convolutions in the middle, at a quarter of the size; from that size on they see nothing but zeros around.
    Its last convolution has no gate. Where the code has a channel of ones beside that of the hole, to see the border by, the
    hole's own, which is nowhere 0, serves.
    Raises BadInput for a width that is no multiple of 4, and for pictures of other sizes or channels.
    """
    if width < 4 or width % 4:
        raise BadInput(f"width is {width}: give a multiple of 4, 48 for the paper's channels")
    net = from_flax(Generator(channels, width, tuple(dilations), jnp.dtype(dtype)))
    return net._replace(multiple=_SHRINK)


def discriminator(width: int = 64, *, layers: int = 6, spectral: bool = True, dtype: DTypeLike = jnp.float32) -> Net:
    """Net (x [B, H, W, C], hole [B, H, W, 1], ...) -> logits [B, h, w, 4 width], for a hinge loss of each (section 3.2).

    layers: convolutions 5x5 that halve, of 1, 2, 4, 4, 4, 4, .. widths: 6 in the paper, for 256x256; fewer for small pictures.
    Behind the last one stands a leaky ReLU as well, of which the paper does not speak and which the code has.
    Raises BadInput for fewer than one layer.
    """
    if layers < 1:
        raise BadInput(f"layers is {layers}: give 1 or more, 6 as in the paper")
    widths = tuple(width * min(1 << i, 4) for i in range(layers))
    return from_flax(Discriminator(widths, spectral, jnp.dtype(dtype)))


def holed(x: jax.Array, hole: jax.Array) -> jax.Array:
    """What G is given, [B, H, W, C + 1]: x [B, H, W, C], mid-grey where hole [B, H, W] is, and a channel of 1, of -1 there."""
    hole = (hole != 0)[..., None]
    return jnp.concatenate([jnp.where(hole, 0, x), jnp.where(hole, -1, 1).astype(x.dtype)], axis=-1)


def composed(out: jax.Array, given: jax.Array) -> jax.Array:
    """[B, H, W, C]: what G made, out [B, H, W, C], in the hole alone; where pixels are known those of `given`, as of `holed`."""
    return jnp.where(given[..., -1:] > 0, given[..., :-1], out)


def check_shape(shape: tuple[int, ...]) -> None:
    """Raises BadInput unless shape is (H, W, C) with H and W multiples of 4."""
    if len(shape) != 3 or shape[0] % _SHRINK or shape[1] % _SHRINK:
        found = "x".join(map(str, shape[:2])) if len(shape) == 3 else f"samples of shape {tuple(shape)}"
        raise BadInput(
            f"inpainting is of pictures whose sides are multiples of {_SHRINK}, not {found}: set --resolution"
        )


def _check(shape, channels):
    check_shape(shape[1:])
    if shape[-1] != channels + 1:
        raise BadInput(
            f"G is given {shape[-1]} channels, and makes pictures of {channels}: give it {channels + 1}, the picture and its hole"
        )

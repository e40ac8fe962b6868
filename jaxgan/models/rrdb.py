"""RRDBNet, ESRGAN's generator. Wang et al. 2018, arXiv:1809.00219, section 3.1; Wang et al. 2021, arXiv:2107.10833, section 3.3.

Residual-in-residual dense blocks without norms, all at one size, then doublings of nearest neighbours. Where fewer than
two doublings are asked for, pixels become channels first, so that the blocks work on images a quarter as high.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, ResizedConv
from jaxgan.layers.shuffle import pixel_unshuffle
from jaxgan.net import Net, from_flax

_UNSHUFFLED = {1: 4, 2: 2, 4: 1}  # factor -> side of the squares of pixels that become channels
_RESIDUAL = 0.2  # of every residual: the paper's beta
_blocks = nn.initializers.variance_scaling(2 * 0.1**2, "fan_in", "normal")  # MSRA's, times 0.1: supplementary material
_others = nn.initializers.variance_scaling(
    1 / 3, "fan_in", "uniform"
)  # as the authors' code has it, by PyTorch's default


class DenseBlock(nn.Module):
    """x [B, H, W, C] -> the same: five convolutions, each of all that is before it, and a residual (figure 4)."""

    growth: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        seen = x
        for _ in range(4):
            more = nn.leaky_relu(Conv(self.growth, kernel_init=_blocks, dtype=self.dtype)(seen, train), 0.2)
            seen = jnp.concatenate([seen, more], axis=-1)
        return x + _RESIDUAL * Conv(x.shape[-1], kernel_init=_blocks, dtype=self.dtype)(seen, train)


class Block(nn.Module):
    """x [B, H, W, C] -> the same: three dense blocks in a residual, and no output of its own, as `nn.scan` asks for."""

    growth: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, None]:
        h = x
        for _ in range(3):
            h = DenseBlock(self.growth, self.dtype)(h, train)
        return x + _RESIDUAL * h, None


class Generator(nn.Module):
    """x [B, H, W, C] -> [B, H factor, W factor, channels], linear; with `residual` what is added to x, enlarged."""

    factor: int
    channels: int
    blocks: int
    width: int
    growth: int
    residual: bool
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        same = {"kernel_init": _others, "dtype": self.dtype}
        given = x
        x = Conv(self.width, name="first", **same)(pixel_unshuffle(x, _UNSHUFFLED[self.factor]), train)
        # one program for all blocks, a twentieth of the compile time; their weights are stacked, [blocks, ...]
        axes = {"variable_axes": {"params": 0}, "split_rngs": {"params": True}, "in_axes": nn.broadcast}
        trunk = nn.scan(Block, length=self.blocks, **axes)(self.growth, self.dtype, name="blocks")
        x = x + Conv(self.width, name="last", **same)(trunk(x, train)[0], train)
        for i in range(2):
            x = nn.leaky_relu(ResizedConv(self.width, resize="up", name=f"double_{i}", **same)(x, train), 0.2)
        x = nn.leaky_relu(Conv(self.width, name="fine", **same)(x, train), 0.2)
        out = Conv(self.channels, name="image", **same)(x, train).astype(jnp.float32)
        return out + enlarged(given, self.factor, self.channels) if self.residual else out


def enlarged(x: jax.Array, factor: int, channels: int) -> jax.Array:
    """float32 [B, H factor, W factor, channels] of x [B, H, W, C], bicubically; grey is repeated, channels too many left out."""
    batch, height, width, found = x.shape
    x = x.astype(jnp.float32)
    x = jnp.broadcast_to(x, (*x.shape[:3], channels)) if found == 1 else x[..., :channels]
    return x if factor == 1 else jax.image.resize(x, (batch, height * factor, width * factor, channels), "bicubic")


def generator(
    factor: int = 4,
    channels: int = 3,
    *,
    blocks: int = 23,
    width: int = 64,
    growth: int = 32,
    residual: bool = False,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net images [B, H, W, C] -> [B, H factor, W factor, channels] around [-1, 1]: linear, with no tanh, as published.

    factor: 1 (denoising, colours, holes; H and W multiples of 4), 2 (multiples of 2) or 4. C may be another than `channels`:
    a grey image becomes one in colour, one with its mask one without. The weights of factor 4 and 23 blocks are 16,697,987.
    residual: whether that is added to the input, bicubically enlarged, as VDSR has it (Kim et al. 2016, arXiv:1511.04587,
    section 3.1) and ESRGAN has not: a short training then begins with the input.
    Raises BadInput for other factors, fewer than one block, and sizes that do not divide.
    """
    if factor not in _UNSHUFFLED:
        raise BadInput(f"factor is {factor}: give 1, 2 or 4")
    if blocks < 1:
        raise BadInput(f"blocks is {blocks}: give 1 or more, 23 for the paper's")
    net = from_flax(Generator(factor, channels, blocks, width, growth, residual, jnp.dtype(dtype)))
    return net._replace(multiple=_UNSHUFFLED[factor])

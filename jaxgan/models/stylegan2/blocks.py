"""What both networks of StyleGAN2 are made of, and what they refuse."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput, unknown
from jaxgan.layers import EqualDense, PixelNorm, modulated_conv, setup_filter
from jaxgan.models.pyramid import Pyramid, checked

ARCHITECTURES = ("skip", "residual", "plain")  # figure 7 (b), (c), (a)
FILTER = setup_filter((1, 3, 3, 1))
HALF = 0.5**0.5  # of each branch of a residual block: variances stay


def act(x: jax.Array) -> jax.Array:
    """Leaky ReLU of x, with the gain that keeps its variance."""
    return nn.leaky_relu(x, 0.2) * 2**0.5


def wide(dtype: DTypeLike) -> jnp.dtype:
    """The dtype of what is not computed in bfloat16."""
    return jnp.promote_types(dtype, jnp.float32)


class Mapping(nn.Module):
    """z [B, Z], label vector [B, K], or one of them -> w [B, features], at a hundredth of the learning rate.

    Karras et al. 2019, arXiv:1812.04948, section 2. z and the embedded label are normalised each on its own.
    """

    layers: int
    features: int
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array | None = None, label: jax.Array | None = None) -> jax.Array:
        embed = EqualDense(self.features, dtype=self.dtype, name="embed")
        parts = [*(() if z is None else (z,)), *(() if label is None else (embed(label),))]
        x = jnp.concatenate([PixelNorm(self.dtype)(part) for part in parts], axis=-1)
        for _ in range(self.layers):
            x = act(EqualDense(self.features, lr=0.01, dtype=self.dtype)(x))
        return x


class Styled(nn.Module):
    """x [B, H, W, C], w [B, W] -> [B, H up, W up, features]: a convolution modulated by an affine map of w, and a bias."""

    features: int
    kernel: int = 3
    up: int = 1
    demodulate: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        style = EqualDense(x.shape[-1], bias_init=1.0, dtype=wide(self.dtype), name="style")(w)
        kernel = self.param("kernel", nn.initializers.normal(1.0), shape) * (self.kernel**2 * x.shape[-1]) ** -0.5
        x = modulated_conv(x.astype(self.dtype), kernel, style, demodulate=self.demodulate, up=self.up)
        return x + self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype)[None, None, None]


def check_shape(shape: tuple[int, ...], width: int = 32768) -> Pyramid:
    """The sizes of images of shape (H, W, C). Raises BadInput where doublings do not reach it, or `width` not that far."""
    sizes = checked("StyleGAN2", shape)
    if width < nominal(sizes):
        height, other = sizes.size
        raise BadInput(f"width {width} leaves no channel at {height}x{other}: give --width {32 * nominal(sizes)}, say")
    return sizes


def nominal(sizes: Pyramid, doublings: int | None = None) -> int:
    """The size by which channels go: as if the smallest feature map were 4x4."""
    return 4 << (sizes.doublings if doublings is None else doublings)


def check(architecture: str, *counts: int) -> None:
    """Raises BadInput for an unknown architecture and counts below 1."""
    if architecture not in ARCHITECTURES:
        raise unknown("architecture", architecture, ARCHITECTURES)
    if min(counts) < 1:
        raise BadInput(f"mapping layers and sizes are {counts}: give numbers above 0")

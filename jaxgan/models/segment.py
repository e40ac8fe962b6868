"""Segmentation: a U-Net that gives each pixel a class, and a D that says of each pixel whether it is a person's.

G: Ronneberger et al. 2015, arXiv:1505.04597, with zeros around, so that sizes are kept, and a norm. D: Hung et al. 2018,
arXiv:1802.07934.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import CENTRED, Conv, ConvTranspose, Norm
from jaxgan.net import Net, from_flax

_paper = nn.initializers.variance_scaling(2.0, "fan_in", "normal")  # section 3 of the U-Net's
WIDTHS = (1, 2, 4, 8)  # of D's layers but the last


class Generator(nn.Module):
    """x [B, H, W, C] -> logits [B, H, W, classes]: halved and doubled again, each size beside what it was on the way down."""

    classes: int
    width: int
    halvings: int
    norm: str
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        check_shape(x.shape[1:], self.halvings)

        def twice(x, width):
            for _ in range(2):
                bias = self.norm not in CENTRED
                x = Conv(width, bias=bias, kernel_init=_paper, dtype=self.dtype)(x, train)
                x = nn.relu(Norm(self.norm, self.axis_name, dtype=self.dtype)(x, train))
            return x

        passed = []
        for i in range(self.halvings):
            passed.append(twice(x, self.width << i))
            x = _largest(passed[-1])
        x = twice(x, self.width << self.halvings)
        for i in reversed(range(self.halvings)):
            width = self.width << i
            x = ConvTranspose(width, kernel=2, kernel_init=_paper, dtype=self.dtype)(x, train)
            x = twice(jnp.concatenate([passed[i], x], axis=-1), width)
        return Conv(self.classes, kernel=1, kernel_init=_paper, dtype=self.dtype)(x, train).astype(jnp.float32)


class Discriminator(nn.Module):
    """x [B, H, W, K], and whatever lies beside it [B, H, W, .] -> logits [B, H, W]: five halvings, stretched to the size."""

    width: int
    layers: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *beside: jax.Array, train: bool) -> jax.Array:
        size = x.shape[1:3]
        if min(size) >> self.layers == 0:
            raise BadInput(
                f"a mask of {size[0]}x{size[1]} cannot be halved {self.layers} times: give the discriminator "
                f"layers={max(min(size).bit_length() - 1, 1)} or fewer"
            )
        x = jnp.concatenate([x, *beside], axis=-1)
        same = {"kernel": 4, "stride": 2, "padding": ((1, 1), (1, 1)), "dtype": self.dtype}
        for i in range(self.layers - 1):
            x = nn.leaky_relu(Conv(self.width * WIDTHS[min(i, 3)], **same)(x, train), 0.2)
        return stretched(Conv(1, **same)(x, train)[..., 0].astype(jnp.float32), size)


def generator(
    classes: int,
    *,
    width: int = 16,
    halvings: int = 3,
    norm: str = "batch",
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (x [B, H, W, C]) -> logits [B, H, W, classes]. H and W are multiples of 2^halvings.

    width: channels at full size, twice as many with each halving; 64 and 4 halvings in the paper. norm: as `Norm`, behind each
    convolution but the last; the paper has "none". axis_name: devices that share batch statistics.
    Raises BadInput for fewer than two classes, and for pictures of other sizes.
    """
    if classes < 2:
        raise BadInput(f"masks have {classes} classes: give 2 or more")
    net = from_flax(Generator(classes, width, halvings, norm, axis_name, jnp.dtype(dtype)))
    return net._replace(multiple=2**halvings)


def discriminator(width: int = 64, *, layers: int = 5, dtype: DTypeLike = jnp.float32) -> Net:
    """Net (x [B, H, W, K], ...) -> logits [B, H, W], whose sigmoid is the confidence that a pixel is of a true mask.

    x: shares of the classes, those that G gives (a softmax of its logits) or one-hot; alone as in the paper, or with the
    picture beside it. layers: convolutions 4x4 that halve, 5 in the paper; fewer for pictures of less than 32 pixels.
    Stretched by bilinear interpolation between the outermost logits, as in the authors' code (github.com/hfslyc/AdvSemiSeg).
    Raises BadInput for fewer than two layers, and where pictures are too small.
    """
    if layers < 2:
        raise BadInput(f"layers is {layers}: give 2 or more, 5 as in the paper")
    return from_flax(Discriminator(width, layers, jnp.dtype(dtype)))


def stretched(x: jax.Array, size: tuple[int, int]) -> jax.Array:
    """x [B, h, w] -> [B, H, W] by bilinear interpolation; corners lie on corners."""
    rows, columns = (_between(n, to, x.dtype) for n, to in zip(x.shape[1:], size, strict=True))
    return jnp.einsum("bhw,Hh,Ww->bHW", x, rows, columns)


def check_shape(shape: tuple[int, ...], halvings: int = 3) -> None:
    """Raises BadInput unless shape is (H, W, C) with H and W multiples of 2^halvings."""
    by = 1 << halvings
    if len(shape) != 3 or shape[0] % by or shape[1] % by:
        found = "x".join(map(str, shape[:2])) if len(shape) == 3 else f"samples of shape {tuple(shape)}"
        raise BadInput(
            f"the segmentation network is for pictures whose sides are multiples of {by}, not {found}: set --resolution"
        )


def _largest(x):
    """[B, H / 2, W / 2, C]: the largest of each 2x2, the first of equal ones."""
    # no jnp.max: its gradient asks which value equals the largest, and a compiler that computes both again finds none: 0 / 0
    for axis in (1, 2):
        one, other = (jax.lax.slice_in_dim(x, first, None, 2, axis) for first in (0, 1))
        x = jnp.where(one >= other, one, other)
    return x


def _between(count, to, dtype):
    """The matrix [to, count] of linear interpolation."""
    place = np.linspace(0, count - 1, to)
    return jnp.asarray(np.maximum(0, 1 - np.abs(place[:, None] - np.arange(count)[None])), dtype)

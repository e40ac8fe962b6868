"""Dense and convolutional layers: float32 parameters, compute in `dtype`, spectral norm as a switch."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput, unknown
from jaxgan.layers.conv import conv, conv_transpose
from jaxgan.layers.dilated import conv_dilated
from jaxgan.layers.resized import conv_doubled, conv_halved
from jaxgan.layers.spectral import SpectralNorm

lecun = nn.initializers.lecun_normal()


def per_channel(values: jax.Array, x: jax.Array) -> jax.Array:
    """values [C] in the rank of x [..., C]."""
    return values.reshape(*(1,) * (x.ndim - 1), -1)


def reflected(x: jax.Array, low: int, high: int) -> jax.Array:
    """x [B, H, W, C] with so many rows and columns more before and behind it, mirrored at its edges, which stay single.

    Raises BadInput where the picture has not as many.
    """
    if max(low, high) >= min(x.shape[1:3]):
        raise BadInput(
            f"a picture of {x.shape[1]}x{x.shape[2]} cannot be mirrored by {max(low, high)}: give a larger one"
        )
    return jnp.pad(x, ((0, 0), (low, high), (low, high), (0, 0)), mode="reflect")


class Linear(nn.Module):
    """A weight, with or without a bias and a spectral norm, and the map that a subclass makes of it."""

    features: int
    bias: bool = True
    spectral: bool = False
    kernel_init: Callable = lecun
    dtype: Any = jnp.float32

    def weight(self, shape: tuple[int, ...], train: bool) -> jax.Array:
        """Weight of this shape, normalised where asked for, in the compute dtype."""
        w = self.param("kernel", self.kernel_init, shape)
        if self.spectral:
            w = SpectralNorm(name="spectral")(w, train)
        return w.astype(self.dtype)

    def biased(self, x: jax.Array) -> jax.Array:
        """x with a bias for each of its last axis, where there is one."""
        if not self.bias:
            return x
        return x + per_channel(self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype), x)


class Dense(Linear):
    """x [..., C] -> [..., features]."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        x = x.astype(self.dtype)
        return self.biased(x @ self.weight((x.shape[-1], self.features), train))


class Conv(Linear):
    """x [B, H, W, C] -> [B, H / stride, W / stride, features].

    padding: as `conv` takes it, or "REFLECT": the picture mirrored at its edges, by half of the kernel. dilation: pixels from
    one tap of the kernel to the next, with stride 1 and padding "SAME". Raises BadInput for other pairs of them, and for
    pictures that are too small to be mirrored.
    """

    kernel: int = 3
    stride: int = 1
    padding: Any = "SAME"
    dilation: int = 1

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        w = self.weight((self.kernel, self.kernel, x.shape[-1], self.features), train)
        x, padding = x.astype(self.dtype), self.padding
        if self.dilation > 1:
            if self.stride != 1 or padding != "SAME":
                raise BadInput(
                    f"dilation {self.dilation} with stride {self.stride}, padding {padding}: give 1 and SAME"
                )
            return self.biased(conv_dilated(x, w, self.dilation))
        if padding == "REFLECT":
            x, padding = reflected(x, (self.kernel - 1) // 2, self.kernel // 2), "VALID"
        return self.biased(conv(x, w, stride=self.stride, padding=padding))


class ResizedConv(Linear):
    """x [B, H, W, C] -> [B, H', W', features]. resize: "up" doubles before the convolution, "down" halves behind it.

    An odd kernel, with nearest neighbours and means. Raises BadInput for another resize, an even kernel, an odd size to halve.
    """

    kernel: int = 3
    resize: str = "none"

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        ways = {"none": conv, "up": conv_doubled, "down": conv_halved}
        if self.resize not in ways:
            raise unknown("resize", self.resize, ways)
        w = self.weight((self.kernel, self.kernel, x.shape[-1], self.features), train)
        return self.biased(ways[self.resize](x.astype(self.dtype), w))


class ConvTranspose(Linear):
    """x [B, H, W, C] -> [B, H * stride, W * stride, features]."""

    kernel: int = 4
    stride: int = 2

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        # the kernel of the convolution that this is the transpose of: [h, w, features, C]; its fan-in is C, though
        flipped = lambda key, shape: self.kernel_init(key, (*shape[:2], shape[3], shape[2])).swapaxes(2, 3)
        w = self.param("kernel", flipped, (self.kernel, self.kernel, self.features, x.shape[-1]))
        if self.spectral:
            w = SpectralNorm(name="spectral")(w.swapaxes(2, 3), train).swapaxes(2, 3)
        return self.biased(conv_transpose(x.astype(self.dtype), w.astype(self.dtype), stride=self.stride))

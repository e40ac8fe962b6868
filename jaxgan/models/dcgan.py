"""DCGAN at any power-of-two resolution. Radford, Metz & Chintala 2016, arXiv:1511.06434."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput, unknown
from jaxgan.layers import (
    CENTRED,
    NORMS,
    Conv,
    ConvTranspose,
    Dense,
    Norm,
    Projection,
    append_label,
    label_vector,
    upsample,
)
from jaxgan.net import Net, from_flax

_paper = nn.initializers.normal(0.02)  # section 4
_he = nn.initializers.variance_scaling(2.0, "fan_in", "normal")
_lecun = nn.initializers.lecun_normal()


def _init(norm):
    # 0.02 whatever the fan-in is right behind a norm that undoes the scale; without one the signal would die out
    return _he if norm == "none" else _paper


class Generator(nn.Module):
    """z [B, Z] -> [B, R, R, channels] in [-1, 1]: dense to 4x4, then doublings."""

    resolution: int
    channels: int
    width: int
    max_width: int
    kernel: int
    norm: str
    up: str
    classes: int | None
    labels: str
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        label = label_vector(label, self.classes) if self.classes else None
        to_norm = label if self.labels == "norm" else None
        init = _init(self.norm)
        bias = self.norm not in CENTRED
        doublings = self.resolution.bit_length() - 3
        widths = [min(self.width << i, self.max_width) for i in reversed(range(doublings))]

        def act(x):
            norm = Norm(self.norm, self.axis_name, scale_std=0.02, dtype=self.dtype)
            return nn.relu(norm(x, train, to_norm))

        x = append_label(z, label) if self.classes and self.labels == "concat" else z
        x = Dense(16 * widths[0], bias, kernel_init=init, dtype=self.dtype)(x, train).reshape(-1, 4, 4, widths[0])
        x = act(x)
        for width in widths[1:]:
            x = act(self.double(x, width, bias, init, train))
        x = self.double(x, self.channels, True, _paper if self.norm != "none" else _lecun, train)
        return jnp.tanh(x.astype(jnp.float32))

    def double(self, x: jax.Array, width: int, bias: bool, init: Callable, train: bool) -> jax.Array:
        """x at twice the size: a transposed convolution, or resampling and a convolution (Odena et al. 2016)."""
        if self.up == "transpose":
            return ConvTranspose(width, bias, kernel=self.kernel, kernel_init=init, dtype=self.dtype)(x, train)
        return Conv(width, bias, kernel=3, kernel_init=init, dtype=self.dtype)(upsample(x, 2, self.up), train)


class Discriminator(nn.Module):
    """x [B, R, R, channels] -> logits [B]: halvings to 4x4, then dense."""

    width: int
    max_width: int
    kernel: int
    norm: str
    spectral: bool
    classes: int | None
    labels: str
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        check_shape(x.shape[1:])
        label = label_vector(label, self.classes) if self.classes else None
        init = _init(self.norm)
        x = append_label(x, label) if self.classes and self.labels == "concat" else x
        for i in range(x.shape[1].bit_length() - 3):
            width = min(self.width << i, self.max_width)
            bias = i == 0 or self.norm not in CENTRED
            options = {
                "kernel": self.kernel,
                "stride": 2,
                "spectral": self.spectral,
                "kernel_init": init,
                "dtype": self.dtype,
            }
            x = Conv(width, bias, **options)(x, train)
            if i > 0:  # section 3: none at D's input
                x = Norm(self.norm, self.axis_name, scale_std=0.02, dtype=self.dtype)(x, train)
            x = nn.leaky_relu(x, 0.2)
        x = x.reshape(x.shape[0], -1)
        head = init if self.norm != "none" else _lecun
        options = {"spectral": self.spectral, "kernel_init": head, "dtype": self.dtype}
        if self.classes and self.labels == "projection":
            return Projection(**options)(x, train, label)
        return Dense(1, **options)(x, train)[:, 0].astype(jnp.float32)


def generator(
    resolution: int = 64,
    channels: int = 3,
    *,
    width: int = 64,
    max_width: int = 512,
    kernel: int = 4,
    norm: str = "batch",
    up: str = "transpose",
    classes: int | None = None,
    labels: str = "concat",
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (z [B, Z], label) -> images [B, R, R, channels] in [-1, 1].

    width: channels of the last layer but one, doubled towards 4x4 up to max_width (at 64 pixels 64 .. 512).
    norm: "batch", "layer", "instance", "pixel" or "none". up: "transpose", or "nearest" or "bilinear" resampling.
    labels: "concat" with z, or "norm": scales and shifts of every norm. axis_name: devices that share batch statistics.
    Raises BadInput for a resolution that is no power of two from 8 on, and for options that contradict each other.
    """
    check_shape((resolution, resolution, channels))
    _known(norm=(norm, NORMS), up=(up, ("transpose", "nearest", "bilinear")), labels=(labels, ("concat", "norm")))
    if classes and labels == "norm" and norm == "none":
        raise BadInput("labels='norm' with norm='none' leaves the labels unused: choose a norm, or labels='concat'")
    module = Generator(
        resolution, channels, width, max_width, kernel, norm, up, classes, labels, axis_name, jnp.dtype(dtype)
    )
    return from_flax(module, classes)


def discriminator(
    *,
    width: int = 64,
    max_width: int = 512,
    kernel: int = 4,
    norm: str = "batch",
    spectral: bool = False,
    classes: int | None = None,
    labels: str = "concat",
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (images [B, R, R, C], label) -> logits [B]. Takes any power-of-two resolution from 8 on.

    width: channels after the first halving, doubled up to max_width. norm: as in `generator`, never on the first layer.
    spectral: spectral norm of every weight. labels: "concat" as channels of the image, or "projection".
    """
    _known(norm=(norm, NORMS), labels=(labels, ("concat", "projection")))
    module = Discriminator(width, max_width, kernel, norm, spectral, classes, labels, axis_name, jnp.dtype(dtype))
    return from_flax(module, classes)


def check_shape(shape: tuple[int, ...]) -> None:
    """Raises BadInput unless shape (H, W, C) is of square images at a power of two from 8 on."""
    if len(shape) != 3:
        raise BadInput(f"a DCGAN is for images, not for samples of shape {tuple(shape)}: train ring, or give images")
    height, width, _ = shape
    if height != width or height < 8 or height & (height - 1):
        near = max(8, 1 << (max(height, width) - 1).bit_length())
        raise BadInput(
            f"a DCGAN has a power-of-two resolution from 8x8 on, not {height}x{width}: set --resolution {near}"
        )


def _known(**options):
    for name, (value, known) in options.items():
        if value not in known:
            raise unknown(name, value, known)

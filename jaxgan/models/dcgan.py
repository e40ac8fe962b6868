"""DCGAN at any resolution a 2^n x b 2^n. Radford, Metz & Chintala 2016, arXiv:1511.06434."""

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
from jaxgan.models.pyramid import Pyramid, both, checked
from jaxgan.net import Net, from_flax

_paper = nn.initializers.normal(0.02)  # section 4
_he = nn.initializers.variance_scaling(2.0, "fan_in", "normal")
_lecun = nn.initializers.lecun_normal()


def _init(norm):
    # 0.02 whatever the fan-in is right behind a norm that undoes the scale; without one the signal would die out
    return _he if norm == "none" else _paper


class Generator(nn.Module):
    """z [B, Z] -> [B, H, W, channels] in [-1, 1]: dense to the smallest feature map, then doublings."""

    sizes: Pyramid
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
        (rows, cols), doublings = self.sizes
        widths = [min(self.width << i, self.max_width) for i in reversed(range(doublings))]

        def act(x):
            norm = Norm(self.norm, self.axis_name, scale_std=0.02, dtype=self.dtype)
            return nn.relu(norm(x, train, to_norm))

        x = append_label(z, label) if self.classes and self.labels == "concat" else z
        x = Dense(rows * cols * widths[0], bias, kernel_init=init, dtype=self.dtype)(x, train)
        x = act(x.reshape(-1, rows, cols, widths[0]))
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
    """x [B, H, W, channels] -> logits [B]: halvings to the smallest feature map, then dense."""

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
        doublings = check_shape(x.shape[1:]).doublings
        label = label_vector(label, self.classes) if self.classes else None
        init = _init(self.norm)
        x = append_label(x, label) if self.classes and self.labels == "concat" else x
        for i in range(doublings):
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
    resolution: int | tuple[int, int] = 64,
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
    """Net (z [B, Z], label) -> images [B, H, W, channels] in [-1, 1], square where `resolution` is one number.

    H = a 2^n and W = b 2^n, a and b from 2 to 8: 4x4 at the beginning of squares of a power of two, as in the paper.
    width: channels of the last layer but one, doubled towards the smallest feature map up to max_width (at 64 pixels 64 .. 512).
    norm: "batch", "layer", "instance", "pixel" or "none". up: "transpose", or "nearest" or "bilinear" resampling.
    labels: "concat" with z, or "norm": scales and shifts of every norm. axis_name: devices that share batch statistics.
    Raises BadInput for other resolutions, and for options that contradict each other.
    """
    sizes = check_shape((*both(resolution), channels))
    _known(norm=(norm, NORMS), up=(up, ("transpose", "nearest", "bilinear")), labels=(labels, ("concat", "norm")))
    if classes and labels == "norm" and norm == "none":
        raise BadInput("labels='norm' with norm='none' leaves the labels unused: choose a norm, or labels='concat'")
    module = Generator(
        sizes, channels, width, max_width, kernel, norm, up, classes, labels, axis_name, jnp.dtype(dtype)
    )
    return from_flax(module, classes).meets_latents("Dense_0", beside=classes if labels == "concat" else None)


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
    """Net (images [B, H, W, C], label) -> logits [B]. Takes any resolution that the generator has.

    width: channels after the first halving, doubled up to max_width. norm: as in `generator`, never on the first layer.
    spectral: spectral norm of every weight. labels: "concat" as channels of the image, or "projection".
    """
    _known(norm=(norm, NORMS), labels=(labels, ("concat", "projection")))
    module = Discriminator(width, max_width, kernel, norm, spectral, classes, labels, axis_name, jnp.dtype(dtype))
    return from_flax(module, classes)


def check_shape(shape: tuple[int, ...]) -> Pyramid:
    """The sizes of images of shape (H, W, C). Raises BadInput where doublings do not reach it."""
    return checked("a DCGAN", shape)


def _known(**options):
    for name, (value, known) in options.items():
        if value not in known:
            raise unknown(name, value, known)

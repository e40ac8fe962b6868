"""Normalisation, with or without a label."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput, unknown
from jaxgan.layers.linear import per_channel
from jaxgan.layers.pixel import PixelNorm

NORMS = ("batch", "layer", "instance", "pixel", "none")
CENTRED = ("batch", "instance")  # norms that take away whatever a bias before them adds


class Norm(nn.Module):
    """x [B, ..., C] normalised, then scaled and shifted for each channel, by the label vector [B, K] where there is one.

    kind: "batch" (Ioffe & Szegedy 2015, arXiv:1502.03167; statistics over all devices with axis_name), "layer" (Ba et
    al. 2016, arXiv:1607.06450, over all of one sample), "instance" (Ulyanov et al. 2016, arXiv:1607.08022), "pixel"
    (Karras et al. 2018, arXiv:1710.10196, section 4.2: no scale nor shift of its own) or "none".
    With a label: conditional normalisation (Dumoulin et al. 2017, arXiv:1610.07629, eq. 5).
    """

    kind: str = "batch"
    axis_name: str | None = None
    scale_std: float = 0.0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, label: jax.Array | None = None) -> jax.Array:
        shape, channels = x.shape, x.shape[-1]
        y = x.astype(jnp.float32)  # statistics in float32, whatever the compute dtype
        space = tuple(range(1, x.ndim - 1))
        match self.kind:
            case "none":
                return x
            case "batch":
                # the name binds the axis only while training: init and sampling run outside of pmap
                axis_name = self.axis_name if train else None
                y = nn.BatchNorm(not train, momentum=0.9, axis_name=axis_name, use_bias=False, use_scale=False)(y)
            case "layer":
                y = _standard(y, (*space, x.ndim - 1))
            case "instance":
                if not space:
                    raise BadInput(
                        f"instance norm is over the places of an image, and x is {list(shape)}: take layer norm"
                    )
                y = _standard(y, space)
            case "pixel":
                y = PixelNorm()(y)
            case _:
                raise unknown("norm", self.kind, NORMS)
        if label is not None:
            zeros = nn.initializers.zeros
            scale = 1 + nn.Dense(channels, use_bias=False, kernel_init=zeros, name="scale")(label)
            shift = nn.Dense(channels, use_bias=False, kernel_init=zeros, name="shift")(label)
            y = y * scale.reshape(-1, *(1,) * len(space), channels) + shift.reshape(-1, *(1,) * len(space), channels)
        elif self.kind != "pixel":
            around_one = lambda key, shape: 1 + self.scale_std * jax.random.normal(key, shape)
            y = y * per_channel(self.param("scale", around_one, (channels,)), y)
            y = y + per_channel(self.param("bias", nn.initializers.zeros, (channels,)), y)
        return y.reshape(shape).astype(self.dtype)


def _standard(x, axes, epsilon=1e-5):
    x = x - jnp.mean(x, axes, keepdims=True)
    return x * jax.lax.rsqrt(jnp.mean(x**2, axes, keepdims=True) + epsilon)

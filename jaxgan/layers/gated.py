"""Convolution whose gates say, for each place and channel, how much of what it found goes on."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.layers.linear import Conv, ResizedConv

keeping = nn.initializers.variance_scaling(
    4.0, "fan_in", "normal"
)  # gates that know nothing yet let half of a value through


class GatedConv(nn.Module):
    """x [B, H, W, C] -> [B, H / stride, W / stride, features]: activation(conv(x)) * sigmoid(another conv(x)).

    Yu et al. 2019, arXiv:1806.03589, section 3.1, with the ELU of its authors' code. Both convolutions are one of twice as many
    channels, the features before the gates. Initial weights keep a signal's size; TensorFlow's, which the code has, take two
    thirds of it in each layer. resize: "up" doubles nearest neighbours before it. kernel, stride, padding and
    dilation: as `Conv` has them. Raises BadInput as `Conv` and `ResizedConv` do, and for a stride, padding or dilation beside
    a resize.
    """

    features: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    padding: Any = "SAME"
    resize: str = "none"
    activation: Callable = nn.elu
    spectral: bool = False
    kernel_init: Callable = keeping
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        same = {"kernel": self.kernel, "spectral": self.spectral, "kernel_init": self.kernel_init, "dtype": self.dtype}
        if self.resize == "none":
            conv = Conv(2 * self.features, stride=self.stride, dilation=self.dilation, padding=self.padding, **same)
        else:
            if (self.stride, self.dilation, self.padding) != (1, 1, "SAME"):
                raise BadInput(
                    f"resize {self.resize!r} with stride {self.stride}, dilation {self.dilation}, padding {self.padding}: "
                    "give 1, 1 and SAME, or no resize"
                )
            conv = ResizedConv(2 * self.features, resize=self.resize, **same)
        found, gates = jnp.split(conv(x, train), 2, axis=-1)
        return self.activation(found) * nn.sigmoid(gates)

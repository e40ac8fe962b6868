"""Residual blocks that keep, double or halve the size. He et al. 2016, arXiv:1603.05027; Miyato et al. 2018, arXiv:1802.05957."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.layers.linear import Dense, ResizedConv
from jaxgan.layers.norm import CENTRED, Norm
from jaxgan.layers.resample import downsample, upsample

glorot = nn.initializers.glorot_uniform()
behind_relu = nn.initializers.variance_scaling(2.0, "fan_avg", "uniform")  # ReLU halves the mean square


class Residual(nn.Module):
    """x [B, H, W, C] -> [B, H', W', features]: norm, ReLU, 3x3, norm, ReLU, 3x3, added to a shortcut.

    resize: "up" doubles nearest neighbours before the first convolution, "down" takes means behind the second (Miyato et
    al., figure 8); the shortcut is then, and where the channels differ, a 1x1 convolution, at the smaller size, where
    it gives the same. hidden: channels between the convolutions, `features` by default. norm: as `Norm`, with the
    label vector [B, K] where it is given. preactivate: whether norm and ReLU stand before the first convolution, which
    for pixels they do not. No bias with norms that take it away, here or in what follows.
    Raises BadInput for another resize, and for odd sizes that are to be halved.
    """

    features: int
    resize: str = "none"
    hidden: int | None = None
    norm: str = "none"
    preactivate: bool = True
    spectral: bool = False
    kernel_init: Callable = behind_relu
    shortcut_init: Callable = glorot
    axis_name: str | None = None
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, label: jax.Array | None = None) -> jax.Array:
        same = {"bias": self.norm not in CENTRED, "spectral": self.spectral, "dtype": self.dtype}
        up, down = self.resize == "up", self.resize == "down"

        def act(x):
            return nn.relu(Norm(self.norm, self.axis_name, dtype=self.dtype)(x, train, label))

        def conv(features, resize):
            return ResizedConv(features, resize=resize, kernel_init=self.kernel_init, **same)

        h = act(x) if self.preactivate else x
        h = conv(self.hidden or self.features, "up" if up else "none")(h, train)
        h = conv(self.features, "down" if down else "none")(act(h), train)
        x = downsample(x.astype(self.dtype)) if down else x.astype(self.dtype)
        if up or down or x.shape[-1] != self.features:
            x = Dense(self.features, kernel_init=self.shortcut_init, name="shortcut", **same)(x, train)
        return h + (upsample(x) if up else x)

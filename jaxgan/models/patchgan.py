"""A discriminator of patches, at one size or several. Isola et al. 2017, arXiv:1611.07004, appendix 6.1.2.

At several sizes: Wang et al. 2018, arXiv:1711.11585, section 3.2.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.layers import CENTRED, Conv, Norm
from jaxgan.net import DiscriminatorOutput, Net, from_flax

LAYERS = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""{side of a patch in pixels: convolutions with stride 2}; a patch of 1 is two convolutions of single pixels."""
_PATCH = {layers: patch for patch, layers in LAYERS.items()}
_normal = nn.initializers.normal(0.02)
_AROUND = ((1, 1), (1, 1))


class PatchGAN(nn.Module):
    """x [B, H, W, C] -> (logits [B, h, w], the activations of each layer before the last)."""

    width: int
    layers: int
    norm: str
    spectral: bool
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> DiscriminatorOutput:
        least = 3 << self.layers if self.layers else 1
        if min(x.shape[1:3]) < least:
            raise BadInput(
                f"D is shown {x.shape[1]}x{x.shape[2]}, and patches of {_PATCH[self.layers]} pixels take {least} a side: give a "
                "smaller --patch, or fewer sizes"
            )
        kernel, padding = (4, _AROUND) if self.layers else (1, "SAME")
        same = {"kernel": kernel, "padding": padding, "kernel_init": _normal}
        same |= {"spectral": self.spectral, "dtype": self.dtype}
        features = []
        for i in range(self.layers + 1 if self.layers else 2):
            bias = i == 0 or self.norm not in CENTRED
            x = Conv(min(self.width << i, 8 * self.width), bias, stride=1 + (i < self.layers), **same)(x, train)
            x = Norm(self.norm, self.axis_name, scale_std=0.02, dtype=self.dtype)(x, train) if i else x
            x = nn.leaky_relu(x, 0.2)
            features.append(x)
        return DiscriminatorOutput(Conv(1, **same)(x, train)[..., 0].astype(jnp.float32), tuple(features))


class MultiScale(nn.Module):
    """x [B, H, W, C] -> (logits, activations) of a `PatchGAN` at each of `scales` sizes, every one half of the one before."""

    scales: int
    options: dict[str, Any]

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> DiscriminatorOutput:
        found = []
        for i in range(self.scales):
            x = halved(x) if i else x
            found.append(PatchGAN(**self.options)(x, train))
        return DiscriminatorOutput(*(tuple(each[i] for each in found) for i in range(2)))


def halved(x: jax.Array) -> jax.Array:
    """Means [B, ceil(H / 2), ceil(W / 2), C] of 3x3 pixels around every second one, of those that there are."""
    return nn.avg_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)), count_include_pad=False)


def discriminator(
    width: int = 64,
    patch: int = 70,
    *,
    norm: str = "batch",
    spectral: bool = False,
    scales: int = 1,
    axis_name: str | None = None,
    dtype: Any = jnp.float32,
) -> Net:
    """Net of pictures, one [B, H, W, C] or several that are laid over each other -> `DiscriminatorOutput`.

    Its logits are [B, h, w], of patches of `patch` pixels a side, one of LAYERS; at several scales a tuple of such. Its
    features are the activations of each layer. 2.77 million parameters at the paper's sizes, for six channels. Raises BadInput
    for another patch, and for pictures that are too small for it.
    """
    if patch not in LAYERS:
        raise BadInput(f"patches of {patch} pixels: give one of {', '.join(map(str, LAYERS))}")
    options = {"width": width, "layers": LAYERS[patch], "norm": norm, "spectral": spectral}
    options |= {"axis_name": axis_name, "dtype": jnp.dtype(dtype)}
    net = from_flax(PatchGAN(**options) if scales == 1 else MultiScale(scales, options))
    return net.map(before=lambda *pictures: jnp.concatenate(pictures, -1))

"""The discriminator of StyleGAN2. Karras et al. 2020, arXiv:1912.04958, section 4."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.layers import EqualConv, EqualDense, downsample_filtered, label_vector, minibatch_stddev
from jaxgan.models.stylegan2.blocks import FILTER, HALF, Mapping, act, check, check_shape, nominal, wide
from jaxgan.net import Net, from_flax


class Discriminator(nn.Module):
    """x [B, H, W, channels] -> logits [B]: halvings to the smallest feature map, the deviation within groups, then dense."""

    width: int
    max_width: int
    architecture: str
    group: int
    mapping_layers: int
    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, image: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        sizes = check_shape(image.shape[1:], self.width)
        label = label_vector(label, self.classes) if self.classes else None
        skip, residual = (self.architecture == name for name in ("skip", "residual"))
        width = lambda doublings: min(self.width // nominal(sizes, doublings), self.max_width)

        def layer(x, features, kernel=3, **options):
            return act(EqualConv(features, kernel=kernel, dtype=self.dtype, **options)(x))

        x = layer(image, width(sizes.doublings), 1)
        for below in reversed(range(sizes.doublings)):
            y = layer(layer(x, width(below + 1)), width(below), down=2)
            if residual:
                options = {"kernel": 1, "down": 2, "bias": False, "gain": HALF, "dtype": self.dtype}
                y = HALF * y + EqualConv(width(below), **options)(x)
            x = y
            if skip:
                image = downsample_filtered(image, FILTER)
                x = x + layer(image, width(below), 1)
        bound = self.axis_name if train and not self.is_initializing() else None
        x = layer(minibatch_stddev(x, self.group, axis_name=bound), width(0))
        full = {"dtype": wide(self.dtype)}
        x = act(EqualDense(width(0), **full)(x.reshape(x.shape[0], -1)))
        if label is None:
            return EqualDense(1, **full)(x)[:, 0]
        label = Mapping(self.mapping_layers, width(0), **full)(None, label)
        return jnp.sum(EqualDense(width(0), **full)(x) * label, axis=-1) * width(0) ** -0.5


def discriminator(
    *,
    width: int = 32768,
    max_width: int = 512,
    architecture: str = "residual",
    group: int = 4,
    mapping_layers: int = 8,
    classes: int | None = None,
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (images [B, H, W, channels], label) -> logits [B]. Takes any resolution that the generator has.

    width, max_width, architecture: as in `generator`. group: of `minibatch_stddev`, whose axis_name this is. The logits of a
    conditional D are the inner product with the mapped label (`mapping_layers` of it), by the root of its length (ADA).
    Raises BadInput for other architectures and numbers.
    """
    check(architecture, mapping_layers, group)
    module = Discriminator(width, max_width, architecture, group, mapping_layers, classes, axis_name, jnp.dtype(dtype))
    return from_flax(module, classes)

"""What happens to every pixel on its own: noise, the loss of colour, rounding."""

import jax
import jax.numpy as jnp

from jaxgan.augment.draws import checked
from jaxgan.degrade.chain import Degradation
from jaxgan.errors import BadInput
from jaxgan.modalities import image
from jaxgan.sharing import Key

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and jaxgan.modalities.resize


def noise(std: float) -> Degradation:
    """Normal noise of deviation `std` on a scale of 0 .. 255, as denoising counts it (25, say), cut off at the range.

    Zhang et al. 2017, arXiv:1608.03981, section 4.1, do not cut it off: no file holds such values. Raises BadInput for a
    deviation below 0.
    """
    if std < 0:
        raise BadInput(f"std is {std}: give 0 or more, in units of 0 .. 255")

    def degrade(x, keys):
        x = checked(x, keys)
        drawn = jax.vmap(lambda key: jax.random.normal(key, x.shape[1:]))(keys)
        return jnp.clip(x + 2 * std / 255 * drawn, -1, 1).astype(jnp.float32)

    return degrade


def grey() -> Degradation:
    """[B, H, W, 1] of colours, by the luma of ITU-R BT.601. Raises BadInput for images of other than 3 channels."""

    def degrade(x, keys):
        x = checked(x, keys)
        if x.shape[-1] != 3:
            raise BadInput(f"images have {x.shape[-1]} channel(s), and grey is made of 3: give colours")
        parts = (weight * x[..., i, None] for i, weight in enumerate(_LUMA))
        return jnp.clip(sum(parts), -1, 1).astype(jnp.float32)

    return degrade


def to_levels(x: jax.Array, keys: Key | None = None) -> jax.Array:
    """float32 [-1, 1] at the nearest of the 256 levels that a file holds, as if written and read. No keys are needed."""
    del keys
    return image.from_scale(jnp.rint(image.to_scale(x)))

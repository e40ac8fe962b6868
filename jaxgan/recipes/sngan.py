"""SNGAN at 32, 64, 128 or a 2^n x b 2^n pixels: residual networks, spectral norm, hinge. Miyato et al. 2018, arXiv:1802.05957.

    jaxgan train sngan --data FOLDER
    jaxgan train sngan --data FOLDER --conditional --resolution 64 --width 0.25

Unconditional, or with conditional batch norm and a projection discriminator (Miyato & Koyama 2018, arXiv:1802.05637). As SAGAN
(Zhang et al. 2019, arXiv:1805.08318): --conditional --resolution 128 --attention 32 --spectral-norm-g --d-steps 1 --lr-g 1e-4
--lr-d 4e-4 --schedule constant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxgan import config, models
from jaxgan.core import GAN
from jaxgan.options import Ingredients
from jaxgan.options.marks import above


@dataclass(frozen=True)
class Config(config.Config):
    resolution: int = 32
    steps: int = 50_000
    batch_size: int = 64
    loss: config.Loss = "hinge"
    z_dim: int = 128
    b1: float = 0.0
    b2: float = 0.9
    schedule: config.Schedule = "linear"
    d_steps: int = 5
    width: Annotated[float, above(0, 64)] = 1.0
    """Multiplies the paper's channels: at 32 pixels 256 in G and 128 in D, above 64 up to 1024 in both."""
    attention: Annotated[tuple[int, ...], above(0, 2**20)] = ()
    """Sizes of the feature maps behind which self-attention stands, in both networks."""
    spectral_norm_g: bool = False
    """Spectral norm of G's weights too."""


TINY = {
    "width": 1 / 32,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    models.sngan.check_shape(shape)
    size, channels = shape[:2], shape[2]
    same = {"width": config.width, "attention": config.attention, "classes": ingredients.classes, "dtype": config.dtype}
    generator = models.sngan.generator(
        size, channels, spectral=config.spectral_norm_g, axis_name=ingredients.axis_name, **same
    )
    return ingredients.adversarial(generator, models.sngan.discriminator(size, **same))

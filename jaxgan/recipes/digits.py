"""Handwritten digits, one class at a time, on a laptop: the recipe to start with.

    jaxgan train digits
    jaxgan sample runs/digits-001 --num 100

Data: scikit-learn's 1,797 digits of 8x8, which come with its wheel. A DCGAN without norms, non-saturating + R1.
2 cores of an x86-64 server, seed 0: 30 s of training, 16,900 images/s on average.
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
    data: str = "digits"
    conditional: bool = True
    steps: int = 8000
    batch_size: int = 64
    penalty: config.Penalty = "r1"
    penalty_weight: float = 1.0
    z_dim: int = 32
    lr_g: float = 1e-3
    lr_d: float = 1e-3
    width: Annotated[int, above(0, 2**16)] = 128
    """Channels of the feature maps."""
    log_every_steps: int = 100
    sample_every_steps: int = 1000
    save_every_steps: int = 1000


TINY = {
    "width": 8,
    "steps": 20,
    "batch_size": 16,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    models.dcgan.check_shape(shape)
    size, channels = shape[:2], shape[2]
    same = {"width": config.width, "classes": ingredients.classes, "norm": "none", "dtype": config.dtype}
    generator = models.dcgan.generator(size, channels, up="nearest", **same)
    discriminator = models.dcgan.discriminator(labels="projection", **same)
    return ingredients.adversarial(generator, discriminator)

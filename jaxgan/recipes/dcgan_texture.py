"""The conditional texture GAN: 64x64 crops of photographs, a class each.

    jaxgan train dcgan_texture
    jaxgan train dcgan_texture --data PHOTO.jpg --no-conditional

Brick, grass and gravel of scikit-image, 2 cores of an x86-64 server with other work on it, seed 0: 2,500 steps in 17 min 25 s,
150 images/s; mortar between bricks, grass and gravel as grain of the right size and contrast. D's batch norm hides what all
samples of a batch have in common, so G is told the mean and mean square of each pixel (--matching).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxgan import config, losses, models
from jaxgan.core import GAN
from jaxgan.options import Ingredients
from jaxgan.options.marks import at_least


@dataclass(frozen=True)
class Config(config.Config):
    data: str = "textures"
    resolution: int = 64
    conditional: bool = True
    steps: int = 2500
    batch_size: int = 64
    loss: config.Loss = "bce"
    matching: Annotated[float, at_least(0, 1e9)] = 10.0
    """Weight of the pixels' mean and mean square in G's loss."""
    sample_every_steps: int = 250
    save_every_steps: int = 500


TINY = {"steps": 20, "batch_size": 16, "log_every_steps": 5, "sample_every_steps": 10, "save_every_steps": 10}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    models.texture.check_shape(shape)
    options = {"classes": ingredients.classes, "axis_name": ingredients.axis_name, "dtype": config.dtype}
    generator = models.texture.generator(shape[2], **options)
    discriminator = models.texture.discriminator(**options)
    # D's first batch norm hides mean and contrast: without this the textures come out nearly black
    matching = losses.moment_matching(config.matching, ingredients.axis_name)
    content = {"moment_matching": matching} if config.matching else {}
    return ingredients.adversarial(generator, discriminator, content=content)

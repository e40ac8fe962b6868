"""Tones, by an MLP: the recipe of series that a test adds."""

from dataclasses import dataclass

from jaxgan import config, models


@dataclass(frozen=True)
class Config(config.Config):
    z_dim: int = 8
    width: int = 32
    """Of the hidden layer."""

    @property
    def real(self):
        return "series"


TINY = {"steps": 4, "batch_size": 8, "log_every_steps": 2, "sample_every_steps": 4, "save_every_steps": 4}


def build(config, specs, ingredients):
    shape = specs[config.real].shape
    generator = models.mlp.generator(shape, (config.width,))
    return ingredients.adversarial(generator, models.mlp.discriminator((config.width,)), real=config.real)

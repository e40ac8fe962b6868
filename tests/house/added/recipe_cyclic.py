"""Pictures of two kinds, never paired: CycleGAN as a test adds it."""

from dataclasses import dataclass

from jaxgan.tasks.there_and_back import cycle

from jaxgan import config, models


@dataclass(frozen=True)
class Config(config.Config):
    loss: config.Loss = "least_squares"

    @property
    def given(self):
        return ("input",)

    @property
    def unpaired(self):
        return ("input",)


TINY = {"steps": 4, "batch_size": 8, "log_every_steps": 2, "sample_every_steps": 4, "save_every_steps": 4}


def build(config, specs, ingredients):
    flat = lambda x: x.reshape(len(x), -1)
    generator = lambda name: models.mlp.generator(specs[name].shape, (16,)).map(before=flat)
    judges = (models.mlp.discriminator((16,)) for _ in "ab")
    return ingredients.wrap_gan(cycle(generator("image"), generator("input"), *judges))

"""Template of a recipe: what it trains, in one line. jaxgan train docs/templates/my_recipe.py --tiny

It can lie anywhere, with what it imports beside it; in jaxgan/recipes it is `jaxgan train my_recipe`, and imports
jaxgan.models.my_model, jaxgan.tasks.my_task. Where the game is `tasks.adversarial`, `ingredients.adversarial(generator,
discriminator)` makes it of the options, and takes what they do not make: a loss of one's own with
`config.tailored(loss="the recipe has its own")`.

Below stand the commands that were run and what came of them: hardware, wall time, the metric with its protocol's name, the spread
over seeds; measured, or not there.
"""

from dataclasses import dataclass
from typing import Annotated

import my_model
from my_task import my_task

from jaxgan import config
from jaxgan.options.marks import above


@dataclass(frozen=True)
class Config(config.Config):  # config.tailored("inputs", latents="...") adds and leaves out options
    """Fields that differ from those of every recipe, and its own."""

    data: str = "digits"
    lr_g: float = 1e-3  # another default; range and help stay
    width: Annotated[int, above(0, 2**16)] = 64
    """Of the hidden layers: a field of the recipe's own."""

    # `real`, `given`, `unpaired`: the columns that G makes, that it is given, whose rows belong to no other's
    # @property
    # def given(self):
    #     return ("input",)


# a smoke test of seconds: --tiny
TINY = {"steps": 4, "batch_size": 8, "width": 8, "log_every_steps": 2, "sample_every_steps": 4, "save_every_steps": 4}


def build(config, specs, ingredients):
    """The GAN. specs: {column: Spec} of the data. ingredients: what the options made, see jaxgan/build.py."""
    generator = my_model.generator(specs[config.real].shape, config.width)
    discriminator = ingredients.wrap_discriminator(my_model.discriminator(config.width))
    return ingredients.wrap_gan(my_task(generator, discriminator, noise=ingredients.noise, column=config.real))

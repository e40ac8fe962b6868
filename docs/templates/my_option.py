"""Template of an option: copy it to jaxgan/options/my_option.py. Its flag is then in every recipe.

It adds noise to G's gradient. Say here from which paper, with the equation.
"""

from dataclasses import dataclass
from typing import Annotated

import optax

from jaxgan.options.marks import ActiveIf, above, at_least

# PLACE: where its flags stand in the help. ORDER: when `apply` comes; optimizers are made at 5, losses at 10, and what is applied
# to D first stands next to it.
PLACE, ORDER = 100, 7


@dataclass(frozen=True)
class Group:
    """Fields with docstrings: they are the help. Every number has both ends."""

    gradient_noise: Annotated[float, at_least(0, 1e3)] = 0.0
    """Deviation of normal noise on G's gradient. 0: off."""
    gradient_noise_decay: Annotated[
        float,
        above(0, 10),
        ActiveIf(lambda config: config.gradient_noise, lambda config: "--gradient-noise 0: say how much of it"),
    ] = 0.55
    """How fast it falls: the variance is divided by (1 + step) to this power."""


def apply(ingredients, config, number, context):
    """What it does to the `Ingredients` of a game; see jaxgan/build.py for what these are.

    number(name): the field's value, or what moves in its place, an array. context: Specs of the data, axis_name, what moves.
    """
    del number, context
    if not config.gradient_noise:  # whether it is on is read from the config, never from a number that may move
        return ingredients
    noisy = optax.add_noise(config.gradient_noise**2, config.gradient_noise_decay, 0)
    opt = ingredients.opt
    return ingredients._replace(opt=opt._replace(g=optax.chain(noisy, opt.g)))

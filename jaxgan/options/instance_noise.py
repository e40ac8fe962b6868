"""Normal noise on all that D sees."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from jaxgan import augment
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import at_least

PLACE, ORDER = 50, 50


@dataclass(frozen=True)
class Group:
    """Instance noise."""

    instance_noise: Annotated[float, at_least(0, 1e3)] = 0.0
    """Deviation of normal noise on all that D sees, real and fake. 0: off."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """D with the noise before it."""
    del number
    if not config.instance_noise:
        return ingredients
    noisy: dict[str, Any] = {"augment": augment.instance_noise(config.instance_noise), "beside": augment.unmoved}
    return ingredients.around_d(partial(augment.augmented, axis_name=context.axis_name, **noisy))

"""G's gradient foresees D's answer."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan import tasks
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import ActiveIf, above, at_least

PLACE = 55


@dataclass(frozen=True)
class Group:
    """Unrolled GAN."""

    unroll: Annotated[int, at_least(0, 1000)] = 0
    """Steps of D's answer that G's gradient foresees (unrolled GAN): for points and small networks. 0: none."""
    unroll_rate: Annotated[
        float, above(0), ActiveIf(lambda config: config.unroll, lambda config: "--unroll 0: say how many steps")
    ] = 0.001
    """Rate of those steps, of plain gradient descent: where it is too large D overshoots, and G learns nothing."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """The game of an unrolled D."""
    del number
    if not config.unroll:
        return ingredients
    unrolled = lambda gan: tasks.unrolled(gan, config.unroll, config.unroll_rate, context.axis_name)
    inner = ingredients.wrap_gan
    return ingredients._replace(wrap_gan=lambda gan: unrolled(inner(gan)))

"""Both sides go back half of the way now and then."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan.core import Pair
from jaxgan.optim import lookahead
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import at_least

PLACE, ORDER = 71, 80


@dataclass(frozen=True)
class Group:
    """Lookahead."""

    lookahead: Annotated[int, at_least(0, 2**20)] = 0
    """Steps after which both sides go back half of the way they have gone since (lookahead). 0: never."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """Around both optimizers."""
    del number, context
    if not config.lookahead:
        return ingredients
    g, d = ingredients.opt
    every = config.lookahead
    return ingredients._replace(opt=Pair(lookahead(g, every), lookahead(d, every * config.d_steps)))

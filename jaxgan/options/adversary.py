"""How much the adversary counts beside what G is told directly."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import at_least

PLACE, ORDER, EVERY = 21, 2, False
_WEIGHT = at_least(0, 1e9)


@dataclass(frozen=True)
class Group:
    """The adversary's weight."""

    adversary: Annotated[float, _WEIGHT] = 1.0
    """Weight of the adversary in G's loss. 0: G learns from its targets alone."""
    adversary_end: Annotated[float | None, _WEIGHT] = None
    """--adversary after the burn-in: from 0 it lets G learn from its targets first."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """The weight."""
    del config, context
    return ingredients._replace(weight=number("adversary"))

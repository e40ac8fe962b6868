"""G learns from the fakes that D likes best."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan import losses
from jaxgan.errors import BadInput
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import Range

PLACE, ORDER = 54, 20
_SHARE = Range(0, 1, open_low=True, of=", the share of the fakes that teach G")


@dataclass(frozen=True)
class Group:
    """Top-k training."""

    top_k: Annotated[float, _SHARE] = 1.0
    """Share of the fakes that teach G, those that D likes best. 1: all. With --top-k-end it gets there on the way."""
    top_k_end: Annotated[float | None, _SHARE] = None
    """--top-k after the burn-in."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """The loss of the best fakes; it is on where the share moves, or is below 1."""
    if "top_k" not in context.moving and config.top_k == 1:
        return ingredients
    if ingredients.loss is None:
        raise BadInput(f"--top-k {config.top_k} is of the loss of --loss, and the recipe has its own: remove it")
    return ingredients._replace(loss=losses.top_k(ingredients.loss, number("top_k"), context.axis_name))

"""Layers of D that keep what they know from another run."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import at_least

PLACE, ORDER = 56, 1


@dataclass(frozen=True)
class Group:
    """FreezeD."""

    freeze_d: Annotated[int, at_least(0, 10_000)] = 0
    """Layers of D, those nearest to the samples, that keep the weights of --init-from (FreezeD): for little data. 0: none."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """D with its lower layers as they began. Mo et al. 2020, arXiv:2002.10964, section 3."""
    del number, context
    return ingredients.around_d(lambda d: d.freeze(config.freeze_d)) if config.freeze_d else ingredients

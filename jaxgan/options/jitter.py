"""Pairs a little larger, cut at random."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan.augment.jitter import jitter
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import at_least

PLACE, EVERY = 3, False


@dataclass(frozen=True)
class Group:
    """Jitter."""

    jitter: Annotated[float, at_least(0, 8)] = 0.0
    """Enlarge the pictures of a pair so many times and cut them back at random, both alike: pix2pix has 286 / 256. 0: off."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """What a step does to its batch."""
    del number
    if not config.jitter:
        return ingredients
    taken = [name for name in (config.real, *config.given) if name not in config.drawn]
    kinds = {name: context.specs[name].modality for name in taken if context.specs[name].modality}
    return ingredients.with_draw(jitter(config.jitter, kinds))

"""Several samples at once for D."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from jaxgan import augment
from jaxgan.errors import BadInput
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import above

PLACE, ORDER = 51, 40


@dataclass(frozen=True)
class Group:
    """PacGAN."""

    pack: Annotated[int, above(0, 1024)] = 1
    """Samples that D sees at once (PacGAN). 1: each by itself."""


def check(config: Config) -> None:
    """Packs have no label."""
    if config.pack > 1 and config.conditional:
        raise BadInput(
            f"--pack {config.pack} joins samples, and --conditional gives each its label: add --no-conditional, or "
            "remove --pack"
        )


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """D, and the penalties on its gradient, of packs."""
    del number, context
    if config.pack == 1:
        return ingredients
    penalties = tuple(augment.packed_penalty(penalty, config.pack) for penalty in ingredients.penalties)
    ingredients = ingredients._replace(penalties=penalties, moves_alone=f"--pack {config.pack}")
    return ingredients.around_d(partial(augment.packed, m=config.pack))

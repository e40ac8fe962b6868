"""D gives the same for a sample and its moved copy."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan import augment, losses
from jaxgan.errors import BadInput
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import at_least

PLACE = 52


@dataclass(frozen=True)
class Group:
    """Balanced consistency."""

    consistency: Annotated[float, at_least(0, 1e9)] = 0.0
    """Weight by which D has to give the same for an image and a mirrored, moved copy, real and fake (bCR). 0: off."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """A penalty that is due at every step."""
    del number
    if not config.consistency:
        return ingredients
    if context.made.modality != "image":
        raise BadInput(
            f"--consistency {config.consistency} moves images, and {config.data} has {context.kind}: remove it"
        )
    copy = augment.diff_augment(("flip", "shift"))
    penalty = losses.consistency(copy, config.consistency, config.consistency)
    return ingredients._replace(
        never_lazy=(*ingredients.never_lazy, penalty), moves_alone=f"--consistency {config.consistency}"
    )

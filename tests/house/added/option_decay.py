"""D's weights decay: the option that a test adds."""

from dataclasses import dataclass
from typing import Annotated

import optax

from jaxgan.options.marks import at_least

PLACE, ORDER = 99, 6


@dataclass(frozen=True)
class Group:
    """Weight decay."""

    decay_d: Annotated[float, at_least(0, 1)] = 0.0
    """Share of D's weights that each of its updates takes away."""


def apply(ingredients, config, number, context):
    """Around D's optimizer, where it is on."""
    del number, context
    if not config.decay_d:
        return ingredients
    opt = ingredients.opt
    return ingredients._replace(opt=opt._replace(d=optax.chain(opt.d, optax.add_decayed_weights(-config.decay_d))))

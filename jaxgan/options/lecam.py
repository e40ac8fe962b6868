"""Logits that stay near those of the other kind."""

from dataclasses import dataclass
from typing import Annotated, Literal

from jaxgan import losses
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import LARGEST, above, at_least, weighed

PLACE, ORDER = 53, 70
_ACTIVE = weighed("lecam")


@dataclass(frozen=True)
class Group:
    """LeCam."""

    lecam: Annotated[float, at_least(0, 1e9)] = 0.0
    """Weight by which D's logits stay near the average of the other kind's (LeCam). 0: off."""
    lecam_warm_up: Annotated[int, above(0, LARGEST), _ACTIVE] = 1000
    """Turns of D before --lecam begins."""
    lecam_form: Annotated[Literal["paper", "code"], _ACTIVE] = "paper"
    """The paper's equation, or what its authors published: logits on their own side alone, averages that decay by 0.9."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """A tracker of D's logits."""
    del number, context
    if not config.lecam:
        return ingredients
    tracker = losses.lecam(config.lecam, warm_up=config.lecam_warm_up, form=config.lecam_form)
    return ingredients._replace(trackers=(*ingredients.trackers, tracker))

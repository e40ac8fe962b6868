"""What is done about a step that makes numbers which are not finite."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from jaxgan import steps
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import LARGEST, ActiveIf, above

PLACE, ORDER = 92, 99


@dataclass(frozen=True)
class Group:
    """Divergence."""

    on_nan: Literal["stop", "skip", "rollback"] = "stop"
    """What to do where a loss, or anything that is learned, is not finite any more. stop: end, with what was saved before. skip:
    such a step changes nothing, and the next one follows. rollback: go on from the last checkpoint, with other draws."""
    skips: Annotated[
        int,
        above(0, LARGEST),
        ActiveIf(lambda config: config.on_nan == "skip", lambda config: f"--on-nan {config.on_nan}: take skip"),
    ] = 20
    """Steps in a row that --on-nan skip passes over before it goes back to the last checkpoint."""

    @property
    def counts_skips(self) -> bool:
        """Whether the state counts steps that came to nothing."""
        return self.on_nan == "skip"


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """Steps that come to nothing where they would spoil the state."""
    del number, context
    return ingredients._replace(guard=partial(steps.guarded, most=config.skips)) if config.counts_skips else ingredients

"""What the game is about."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from jaxgan import losses
from jaxgan.core import Pair
from jaxgan.losses import adversarial
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import ActiveIf, Range

PLACE, ORDER = 20, 10
if TYPE_CHECKING:
    Loss = str
else:  # the losses of jaxgan/losses/adversarial.py, and the one that has a number
    Loss = Literal["bce", *(name for name, loss in vars(adversarial).items() if isinstance(loss, Pair))]


@dataclass(frozen=True)
class Group:
    """The adversarial loss."""

    loss: Loss = "non_saturating"
    """Adversarial loss."""
    relativistic: Literal["no", "paired", "average"] = "no"
    """Let D compare real samples with fake ones: one by one (RpGAN), or with the mean (RaGAN)."""
    smoothing: Annotated[
        float,
        Range(0, 0.5, open_high=True),
        ActiveIf(lambda config: config.loss == "bce", lambda config: f"--loss {config.loss}: add --loss bce"),
    ] = 0.0
    """One-sided label smoothing of --loss bce: the target of the real samples is 1 minus this."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """The loss, of pairs where it is relativistic."""
    del number
    loss = losses.bce(config.smoothing) if config.loss == "bce" else getattr(adversarial, config.loss)
    if config.relativistic == "paired":
        loss = losses.relativistic(loss)
    elif config.relativistic == "average":
        loss = losses.relativistic_average(loss, context.axis_name)
    return ingredients._replace(loss=loss)

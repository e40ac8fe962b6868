"""How both sides move."""

from dataclasses import dataclass
from typing import Annotated, Literal

import jax.numpy as jnp
import optax

from jaxgan.core import Pair
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import LARGEST, ActiveIf, Range, above, at_least

PLACE, ORDER = 70, 5
Schedule = Literal["constant", "linear", "cosine"]
_MOMENT = Range(0, 1, open_high=True)
_NO_B2 = ActiveIf(lambda config: config.optimizer != "sgd", lambda config: "--optimizer sgd, which has none: take adam")
_NO_B1 = ActiveIf(
    lambda config: config.optimizer != "rmsprop", lambda config: "--optimizer rmsprop, which has none: take adam"
)
_SCHEDULED = ActiveIf(
    lambda config: config.schedule != "constant", lambda config: "--schedule constant: take linear or cosine"
)
_CONSTANT = ActiveIf(
    lambda config: config.schedule == "constant",
    lambda config: f"--schedule {config.schedule}: take --schedule constant",
)


@dataclass(frozen=True)
class Group:
    """Optimizers."""

    optimizer: Literal["adam", "sgd", "rmsprop", "optimistic_adam"] = "adam"
    """Of both sides. optimistic_adam takes its last direction off twice the new one."""
    lr_g: Annotated[float, above(0)] = 2e-4
    """Learning rate of G."""
    lr_g_end: Annotated[float | None, above(0), _CONSTANT] = None
    """Learning rate of G after the burn-in. None, here and in the other --*-end: as at the start."""
    lr_d: Annotated[float, above(0)] = 2e-4
    """Learning rate of D."""
    lr_d_end: Annotated[float | None, above(0), _CONSTANT] = None
    """Learning rate of D after the burn-in."""
    b1: Annotated[float, _MOMENT, _NO_B1] = 0.5
    """Adam's decay of the mean gradient; momentum of sgd."""
    b2: Annotated[float, _MOMENT, _NO_B2] = 0.999
    """Adam's and rmsprop's decay of the mean square."""
    b2_end: Annotated[float | None, _MOMENT, _NO_B2] = None
    """--b2 after the burn-in."""
    schedule: Schedule = "constant"
    """Of both learning rates, down to 0 at --decay-steps."""
    decay_steps: Annotated[int, at_least(0, LARGEST), _SCHEDULED] = 0
    """Where the schedule ends, in steps. 0: at --steps."""
    decay_start: Annotated[float, Range(0, 1, open_high=True), _SCHEDULED] = 0.0
    """Share of those steps before it begins, at constant rates."""
    clip_norm: Annotated[float, at_least(0, 1e9)] = 0.0
    """Scale each side's gradient down to at most this global norm. 0: off."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """A Pair of optax transformations."""
    del context

    def side(rate, turns):
        length = (config.decay_steps or config.steps) * turns
        first = min(round(config.decay_start * length), length - 1)
        schedule = {
            "constant": lambda: rate,
            "linear": lambda: optax.linear_schedule(rate, 0.0, length - first, first),
            "cosine": lambda: _later(optax.cosine_decay_schedule(rate, length - first), first),
        }[config.schedule]()
        clip = (optax.clip_by_global_norm(config.clip_norm),) if config.clip_norm else ()
        move = {
            "adam": lambda: optax.adam(schedule, config.b1, number("b2")),
            "sgd": lambda: optax.sgd(schedule, config.b1 or None),
            "rmsprop": lambda: optax.rmsprop(schedule, number("b2")),
            # Adam of Daskalakis et al. 2018, arXiv:1711.00141, algorithm 1, but for the first step, which is single
            "optimistic_adam": lambda: optax.optimistic_adam_v2(
                schedule, b1=config.b1, b2=number("b2"), nesterov=False
            ),
        }[config.optimizer]()
        return optax.chain(*clip, move)

    return ingredients._replace(opt=Pair(side(number("lr_g"), 1), side(number("lr_d"), config.d_steps)))


def _later(schedule, first):
    return (lambda count: schedule(jnp.maximum(count - first, 0))) if first else schedule

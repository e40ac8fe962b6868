"""What keeps D smooth: a penalty on its gradient, or clipped weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import optax

from jaxgan import losses
from jaxgan.errors import BadInput
from jaxgan.losses import penalties
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import ActiveIf, above, at_least, returning

PLACE, ORDER = 30, 30
if TYPE_CHECKING:
    Penalty = str
else:
    Penalty = Literal["auto", "none", "r1_r2", *returning(penalties.Penalty, penalties)]
_ACTIVE = ActiveIf(lambda config: config.penalties, lambda config: "no penalty: add --penalty r1")


@dataclass(frozen=True)
class Group:
    """Constraints on D."""

    penalty: Penalty = "auto"
    """On D's gradient. auto: wgan_gp for the Wasserstein loss without weight clipping, none for the others."""
    penalty_weight: Annotated[float, at_least(0, 1e9), _ACTIVE] = 10.0
    """gamma of r1 and r2, lambda of wgan_gp and dragan."""
    penalty_weight_end: Annotated[float | None, at_least(0, 1e9), _ACTIVE] = None
    """--penalty-weight after the burn-in."""
    penalty_every: Annotated[int, above(0, 2**20), _ACTIVE] = 1
    """Compute the penalty at every N-th step, as many times as strong (lazy regularisation)."""
    clip_weights: Annotated[float, at_least(0, 1e9)] = 0.0
    """Keep D's parameters within plus and minus this. 0: off."""

    @property
    def penalties(self) -> tuple[str, ...]:
        """Names of the penalties in `jaxgan.losses.penalties`."""
        if self.penalty == "auto":
            return ("wgan_gp",) if _is_wasserstein(self) and not self.clip_weights else ()
        return {"none": (), "r1_r2": ("r1", "r2")}.get(self.penalty, (self.penalty,))


def check(config: Config) -> None:
    """The Wasserstein loss needs one of them."""
    if _is_wasserstein(config) and not (config.penalties or config.clip_weights):
        raise BadInput(
            "--loss wasserstein has no meaning without a constraint on D: add --penalty wgan_gp or --clip-weights 0.01"
        )


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """Penalties, as many times as strong as they are rare; D's weights clipped after each of its updates."""
    del context
    weight = number("penalty_weight") * config.penalty_every
    terms = tuple(getattr(penalties, name)(weight) for name in config.penalties)
    opt = ingredients.opt
    if config.clip_weights:
        opt = opt._replace(d=optax.chain(opt.d, losses.clip_weights(config.clip_weights)))
    every = ingredients.rare_every._replace(d=config.penalty_every if terms else 1)
    return ingredients._replace(penalties=terms, rare_every=every, opt=opt)


def _is_wasserstein(config):
    return getattr(config, "loss", "") == "wasserstein"  # a recipe may have its own

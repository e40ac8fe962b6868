"""The moving average of G that is drawn from."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from jaxgan.optim import averages
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import ActiveIf, at_least

PLACE, ORDER = 73, 90
_AVERAGED = ActiveIf(
    lambda config: config.ema_halflife_images or config.ema_halflife_images_end,
    lambda config: "--ema-halflife-images 0: say how many",
)


@dataclass(frozen=True)
class Group:
    """Averages of G."""

    ema_halflife_images: Annotated[float, at_least(0, 1e15)] = 10_000
    """Images after which half of the average of G's weights is new. 0: no average."""
    ema_halflife_images_end: Annotated[float | None, at_least(0, 1e15)] = None
    """--ema-halflife-images after the burn-in."""
    ema_ramp: Annotated[float, at_least(0, 1e9), _AVERAGED] = 0.05
    """At the start the half-life is at most this share of the images seen, those of a run that was begun from among them."""
    posthoc_ema: bool = False
    """Keep averages of G in every checkpoint from which jaxgan.optim.averages makes one of any length."""
    ema_seen: ClassVar[float] = 0.0  # images before step 0, which only a run that was begun from another has


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """Options of `core.make_step`; G's optimizer that tracks averages."""
    del context
    options = {"ema_halflife_images": number("ema_halflife_images"), "ema_ramp": config.ema_ramp}
    options["ema_seen"] = number("ema_seen")
    opt = ingredients.opt
    if config.posthoc_ema:
        opt = opt._replace(g=averages.track(opt.g))
    return ingredients._replace(step={**ingredients.step, **options}, opt=opt)

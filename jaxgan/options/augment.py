"""What D sees in place of images, so that it cannot learn a small set by heart."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from jaxgan import augment
from jaxgan.errors import BadInput
from jaxgan.options import Config, Context, Ingredients, Number
from jaxgan.options.marks import ActiveIf, Range, above

PLACE, ORDER = 40, 60
_ADA = ActiveIf(lambda config: config.augment == "ada", lambda config: f"--augment {config.augment}: add --augment ada")
_ADAPTIVE = ActiveIf(
    lambda config: config.augment_p is None, lambda config: f"--augment-p {config.augment_p}: add --augment-p None"
)
_FIXED = ActiveIf(lambda config: config.augment_p is not None, lambda config: "--augment-p None: say where it starts")


@dataclass(frozen=True)
class Group:
    """Augmentations."""

    augment: Literal["none", "diffaugment", "ada"] = "none"
    """What D sees in place of images: moved, recoloured, cut ones (DiffAugment), or as much of ADA's pipeline as D overfits."""
    ada_target: Annotated[float, Range(-1, 1), _ADA, _ADAPTIVE] = 0.6
    """Mean sign of D's logits of real images above which --augment ada augments more."""
    ada_images: Annotated[float, above(0, 1e12), _ADA, _ADAPTIVE] = 500_000
    """Images that take ADA's probability from 0 to 1: fewer for a short training."""
    ada_groups: Annotated[str, _ADA] = "bgc"
    """Transformations of --augment ada: b pixel blitting, g geometric ones, c colour, f filtering, n noise, o cutout; a number
    behind a letter multiplies the probability of that group: bgc0.5o."""
    augment_p: Annotated[float | None, Range(0, 1), _ADA] = None
    """Fixed probability of --augment ada, in place of one that follows how much D overfits."""
    augment_p_end: Annotated[float | None, Range(0, 1), _ADA, _FIXED] = None
    """--augment-p after the burn-in."""


def apply(ingredients: Ingredients, config: Config, number: Number, context: Context) -> Ingredients:
    """D with the augmentation around it, and its controller among the trackers."""
    if config.augment == "none":
        return ingredients
    if context.made.modality != "image":
        raise BadInput(f"--augment {config.augment} is for images, and {config.data} has {context.kind}: remove it")
    wrap = partial(augment.augmented, axis_name=context.axis_name)
    if config.augment == "diffaugment":
        around = partial(wrap, augment=augment.diff_augment(), beside=augment.diff_augment("translation"))
        return ingredients.around_d(around)
    if context.made.shape[2] not in (1, 3):
        raise BadInput(
            f"--augment ada knows images of 1 or 3 channels, and {config.data} has {context.made.shape[2]}: take diffaugment, "
            "or --channels 3"
        )
    adaptive = config.augment_p is None
    at_p = lambda f: f if adaptive else lambda images, keys: f(images, keys, number("augment_p"))
    transform, geometry = augment.ada(config.ada_groups), augment.ada_geometry(config.ada_groups)
    around = partial(wrap, augment=at_p(transform), beside=at_p(geometry), adaptive=adaptive)
    trackers = ingredients.trackers
    if adaptive:
        per = config.ada_images
        trackers += (augment.controller(target=config.ada_target, per=per, axis_name=context.axis_name),)
    return ingredients._replace(trackers=trackers).around_d(around)

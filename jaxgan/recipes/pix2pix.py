"""Pictures from pictures, learned from pairs: pix2pix, and pix2pixHD's game. Isola et al. 2017, arXiv:1611.07004.

    jaxgan train pix2pix --data B --input A                              # two folders, pictures of the same names
    jaxgan train pix2pix --data FOLDER --side-by-side right-input        # two pictures in each file
    jaxgan train pix2pix --data B --input A --multi-scale 3 --feature-matching 10 --l1 0 --network coarse --loss least_squares

Facades at 64 pixels with --width 32 --width-d 32 --patch 34 --batch-size 4 --steps 6000, 2 cores of an x86-64 server with
other work on it, seed 0: 13 min 34 s; kernel and spectrum distances below those of L1 alone, L1 above (docs/tasks.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxgan import config, losses, models
from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.options import Ingredients
from jaxgan.options.marks import ActiveIf, Range, above, at_least

REVISION = 2  # 1: feature matching of N sizes weighed N times as much, of least squares with --top-k half of G's side
_UNET = ActiveIf(lambda config: config.network == "unet", lambda config: f"--network {config.network}: take unet")


Tailored: Any = config.tailored("inputs", "jitter", "adversary", **config.GIVEN_PICTURES)


@dataclass(frozen=True)
class Config(Tailored):
    resolution: int = 256
    jitter: float = 286 / 256
    flip: bool = True
    steps: int = 80_000
    batch_size: int = 1
    ema_halflife_images: float = 0.0
    network: Literal["unet", "coarse"] = "unet"
    """G: the U-Net of pix2pix, or the residual network that is the coarse one of pix2pixHD."""
    width: Annotated[int, above(0, 2**16)] = 64
    """Channels of G's largest feature maps; doubled at every halving."""
    width_d: Annotated[int, above(0, 2**16)] = 64
    """Channels of D's."""
    norm: Literal["batch", "instance", "none"] = "batch"
    """Normalisation in both. Out of training batch norm takes the statistics of each picture by itself."""
    dropout: Annotated[float, Range(0, 1, open_high=True), _UNET] = 0.5
    """Rate of dropout in the innermost layers of G, its only noise, drawn out of training too."""
    patch: Literal[1, 16, 34, 70, 142, 286] = 70
    """Side of the patches that D judges, in pixels."""
    l1: Annotated[float, at_least(0, 1e9)] = 100.0
    """Weight of the mean absolute difference from the target."""
    multi_scale: Annotated[int, at_least(1, 8)] = 1
    """Sizes at which a D of its own looks, each half of the one before; pix2pixHD has 3."""
    feature_matching: Annotated[float, at_least(0, 1e9)] = 0.0
    """Weight of the mean absolute difference of D's activations for G's picture and the target; pix2pixHD has 10, and no L1."""


TINY = {
    "data": "digits",
    "input": "digits",
    "resolution": 16,
    "width": 8,
    "width_d": 8,
    "patch": 16,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    made, given = specs[config.real].shape, specs["input"].shape
    if made[:2] != given[:2]:
        raise BadInput(f"inputs of {given[0]}x{given[1]} and targets of {made[0]}x{made[1]}: set --resolution for both")
    same = {"axis_name": ingredients.axis_name, "dtype": config.dtype}
    if config.network == "unet":
        generator = models.unet.generator(
            made[2], config.width, models.unet.halvings(made), norm=config.norm, dropout=config.dropout, **same
        )
    else:
        generator = models.translator.generator(made[2], config.width, halvings=4, dtype=config.dtype)
    discriminator = models.patchgan.discriminator(
        config.width_d, config.patch, norm=config.norm, scales=config.multi_scale, **same
    )
    content = {"l1": losses.l1(config.l1)} if config.l1 else {}
    if config.feature_matching:
        content["feature_matching"] = losses.feature_matching(config.feature_matching)
    ingredients = ingredients._replace(loss=losses.half_d(ingredients.loss))
    return ingredients.adversarial(
        generator,
        discriminator,
        given="input",
        shown=lambda x, batch: (x, batch["input"]),
        content=content,
    )

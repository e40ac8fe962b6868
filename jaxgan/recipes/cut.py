"""Pictures of one kind from pictures of another without pairs, in one direction: CUT. Park et al. 2020, arXiv:2007.15651.

    jaxgan train cut --data ZEBRAS --input HORSES                 # two folders of pictures that belong to none of the other
    jaxgan train cut --data B --input A --patches 10 --identity 0 --steps 200000 --decay-start 0.75   # FastCUT, without its flips

One G and one D in the place of CycleGAN's two, with its networks. G's own features say what of a place has to stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxgan import config, losses
from jaxgan.core import GAN
from jaxgan.models import patchgan, translator
from jaxgan.options import Ingredients
from jaxgan.options.marks import ActiveIf, above, at_least
from jaxgan.recipes.cyclegan import DROPPED, check
from jaxgan.tasks.contrastive import contrastive

_CONTRASTED = ActiveIf(
    lambda config: config.patches or config.identity, lambda config: "--patches 0 --identity 0: say how much of one"
)

Tailored: Any = config.tailored("inputs", "jitter", **DROPPED)


@dataclass(frozen=True)
class Config(Tailored):
    resolution: int = 256
    jitter: float = 286 / 256
    flip: bool = True
    steps: int = 400_000
    batch_size: int = 1
    loss: config.Loss = "least_squares"
    schedule: config.Schedule = "linear"
    decay_start: float = 0.5
    ema_halflife_images: float = 0.0
    width: Annotated[int, above(0, 2**16)] = 64
    """Channels of G's largest feature maps; doubled at every halving."""
    width_d: Annotated[int, above(0, 2**16)] = 64
    """Channels of D's."""
    blocks: Annotated[int, above(0, 1024)] = 9
    """Residual blocks of G: CycleGAN has 9 from 256 pixels on, and 6 at 128."""
    patch: Literal[1, 16, 34, 70, 142, 286] = 70
    """Side of the patches that D judges, in pixels."""
    patches: Annotated[float, at_least(0, 1e9)] = 1.0
    """Weight of telling a place of the input by that place of its translation; FastCUT has 10."""
    identity: Annotated[float, at_least(0, 1e9)] = 1.0
    """Weight of the same of what G makes of a picture of the kind that it is to make; FastCUT has 0, which leaves it out."""
    places: Annotated[int, at_least(2, 2**20), _CONTRASTED] = 256
    """Places of each feature map that are told from one another."""
    temperature: Annotated[float, above(0, 1e3), _CONTRASTED] = 0.07
    """Of the inner products: the smaller, the more the nearest of the other places count."""
    units: Annotated[int, above(0, 2**16), _CONTRASTED] = 256
    """Of the two dense layers between features and their comparison."""

    @property
    def unpaired(self) -> tuple[str, ...]:
        return ("input",)


TINY = {
    "data": "digits",
    "input": "digits",
    "resolution": 16,
    "width": 4,
    "width_d": 4,
    "blocks": 1,
    "patch": 16,
    "places": 16,
    "units": 8,
    "steps": 20,
    "batch_size": 4,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    made, given = specs[config.real].shape, specs["input"].shape
    check(config, (made, given), ingredients)
    generator = translator.generator(made[2], config.width, config.blocks, dtype=config.dtype)
    ingredients.see(generator)
    discriminator = patchgan.discriminator(
        config.width_d, config.patch, norm="instance", axis_name=ingredients.axis_name, dtype=config.dtype
    )
    gan = contrastive(
        generator,
        translator.head(config.units),
        ingredients.wrap_discriminator(discriminator),
        loss=losses.half_d(ingredients.loss),
        weight=config.patches,
        identity=config.identity,
        places=config.places,
        temperature=config.temperature,
    )
    return ingredients.wrap_gan(gan)

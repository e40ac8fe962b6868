"""Holes in pictures filled in: gated convolutions against a D of patches. Yu et al. 2019, arXiv:1806.03589.

    jaxgan train inpaint --data FOLDER --resolution 64
    jaxgan train inpaint --data FOLDER --resolution 64 --hole box
    jaxgan apply RUN PICTURES --mask MASK.png --out FOLDER              # white where G is to fill in

The coarse network of the paper alone, with its discriminator and hinge loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxgan import config, models
from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.modalities.scale import batch_to_step
from jaxgan.options import Ingredients
from jaxgan.options.degrade import What
from jaxgan.options.marks import above, at_least

_WEIGHT = at_least(0, 1e9)
REVISION = 2  # 1: --degrade jpeg had other colours at the right edge than libjpeg
Tailored: Any = config.tailored("inputs", "degrade", "adversary", **config.GIVEN_PICTURES)


@dataclass(frozen=True)
class Config(Tailored):
    resolution: int = 256
    degrade: tuple[What, ...] = ("holes",)
    flip: bool = True
    steps: int = 400_000
    batch_size: int = 16
    loss: config.Loss = "hinge"
    lr_g: float = 1e-4
    lr_d: float = 1e-4
    width: Annotated[int, above(0, 2**16)] = 48
    """Channels of G's first convolution, half of which are gates."""
    dilations: Annotated[tuple[int, ...], at_least(1, 1024)] = models.inpaint.DILATIONS
    """Pixels between the taps of the convolutions in the middle of G, at a quarter of the size."""
    width_d: Annotated[int, above(0, 2**16)] = 64
    """Channels of D's first convolution."""
    layers_d: Annotated[int, at_least(1, 16)] = 6
    """Convolutions of D, each of which halves: fewer for small pictures."""
    l1_hole: Annotated[float, _WEIGHT] = 1.0
    """Weight of the mean absolute difference in the holes."""
    l1_known: Annotated[float, _WEIGHT] = 1.0
    """Weight of the same where pixels are known."""


TINY = {
    "data": "digits",
    "resolution": 16,
    "width": 8,
    "dilations": (2,),
    "width_d": 8,
    "layers_d": 2,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    made, given = specs[config.real].shape, specs["input"].shape
    if given != (*made[:2], made[2] + 1):
        raise BadInput(
            f"inputs are {given} and targets {made}: inputs are the picture with a channel more, of where it is known: "
            "--degrade holes"
        )
    models.inpaint.check_shape(made)
    whole = models.inpaint.generator(made[2], width=config.width, dilations=config.dilations, dtype=config.dtype)
    hole = lambda batch: (batch["input"][..., -1:] < 0).astype("float32")
    composed = lambda x, batch: models.inpaint.composed(x, batch["input"])
    share = lambda real, fake, where: (abs(real - fake) * where).mean()  # of all pixels: large holes count more
    content = {
        "l1_hole": lambda real, fake, context: config.l1_hole * share(real, fake, hole(context.batch)),
        "l1_known": lambda real, fake, context: config.l1_known * share(real, fake, 1 - hole(context.batch)),
    }
    game = ingredients.adversarial(
        whole,
        models.inpaint.discriminator(config.width_d, layers=config.layers_d, dtype=config.dtype),
        given="input",
        shown=lambda x, batch: (composed(x, batch), hole(batch)),
        content=content,
    )

    def sample(g, batch, key):
        return composed(game.sample(g, batch, key), batch_to_step(batch))

    return game._replace(sample=sample)

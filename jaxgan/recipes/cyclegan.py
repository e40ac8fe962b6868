"""Pictures of one kind from pictures of another, and back, without pairs: CycleGAN. Zhu et al. 2017, arXiv:1703.10593.

    jaxgan train cyclegan --data ZEBRAS --input HORSES                 # two folders of pictures that belong to none of the other
    jaxgan train cyclegan --data B --input A --resolution 128 --blocks 6
    jaxgan train cyclegan --data B --input A --identity 0              # where colours are to change

The paper's network, losses and pool, its constant rates for the first half of the training, and pictures cut from 286 pixels to
256 and mirrored. As everywhere here D's turn comes before G's, where the authors' program has it behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxgan import config, losses
from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.models import patchgan, translator
from jaxgan.options import Ingredients
from jaxgan.options.marks import above, at_least, weighed
from jaxgan.tasks.cycle import cycle, pooled_part, with_pooled
from jaxgan.tasks.pooled import pooled

DROPPED = {
    "latents": "G is given pictures",
    "top_k": "D's logits are of patches, and not of samples",
    **dict.fromkeys(("consistency", "lecam", "pack", "penalty"), "the game is of D's losses alone"),
}
"""Options that games without pairs have not."""


Tailored: Any = config.tailored("inputs", "jitter", **DROPPED)


@dataclass(frozen=True)
class Config(Tailored):
    resolution: int = 256
    jitter: float = 286 / 256
    flip: bool = True
    steps: int = 200_000
    batch_size: int = 1
    loss: config.Loss = "least_squares"
    schedule: config.Schedule = "linear"
    decay_start: float = 0.5
    ema_halflife_images: float = 0.0
    width: Annotated[int, above(0, 2**16)] = 64
    """Channels of both G's largest feature maps; doubled at every halving."""
    width_d: Annotated[int, above(0, 2**16)] = 64
    """Channels of D's."""
    blocks: Annotated[int, above(0, 1024)] = 9
    """Residual blocks of each G: the paper has 9 from 256 pixels on, and 6 at 128."""
    patch: Literal[1, 16, 34, 70, 142, 286] = 70
    """Side of the patches that D judges, in pixels."""
    cycle: Annotated[float, at_least(0, 1e9)] = 10.0
    """Weight of the mean absolute difference between a picture and what comes back of it."""
    identity: Annotated[float, at_least(0, 1e9), weighed("cycle")] = 0.5
    """Weight, times --cycle, of leaving pictures of the kind that G makes as they are. 0: left out."""
    pool: Annotated[int, at_least(0, 2**20)] = 50
    """Translations that D remembers; half of those it sees are older ones. 0: only new ones."""

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
    "pool": 8,
    "steps": 20,
    "batch_size": 4,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    made, given = specs[config.real].shape, specs["input"].shape
    check(config, (made, given), ingredients)
    network = lambda shape: translator.generator(shape[2], config.width, config.blocks, dtype=config.dtype)
    judge = lambda: ingredients.wrap_discriminator(
        patchgan.discriminator(
            config.width_d, config.patch, norm="instance", axis_name=ingredients.axis_name, dtype=config.dtype
        )
    )
    networks = network(made), network(given), judge(), judge()
    ingredients.see(networks[0])
    gan = cycle(*networks, loss=losses.half_d(ingredients.loss), weight=config.cycle, identity=config.identity)
    return ingredients.wrap_gan(pooled(gan, config.pool, pooled_part, with_pooled) if config.pool else gan)


def check(config: Any, shapes: tuple[tuple[int, ...], ...], ingredients: Ingredients) -> None:
    """Raises BadInput for pictures that the network does not take, and for what a game of D's losses alone cannot do."""
    for shape in shapes:
        translator.check_shape(shape)
    if config.loss == "wasserstein":
        raise BadInput("--loss wasserstein needs a constraint on D, and this game has none: take least_squares")
    if ingredients.trackers:
        raise BadInput(
            "--augment ada follows D's logits, and this game does not: give --augment-p, or take diffaugment"
        )

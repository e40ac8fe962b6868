"""Label maps of pictures, learned against an adversary, of few labels too. Luc et al. 2016, arXiv:1611.08408.

    jaxgan train segment --data PICTURES --masks MASKS --resolution 128
    jaxgan train segment --data FILE.npz --ignored 11                    # columns image and mask
    jaxgan train segment --data FILE.npz --labelled 0.125 --adversary 0  # an eighth of the labels, and no adversary
    jaxgan train segment --data FILE.npz --ignored 11 --labelled 0.125 --unlabelled --self-taught 0.1    # the other pictures too

G gives the logits of each pixel's class, D sees their softmax beside the picture; true masks come to it as smoothed one-hot
vectors, by the same softmax. D, and what pictures without masks teach, are of Hung et al. 2018, arXiv:1802.07934: D learns from
the others alone, G from all; their smaller weight of the adversary for pictures without masks is not here, and --self-taught
counts from the first step, where theirs waits for 5,000.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import jax
import jax.numpy as jnp

from jaxgan import config, losses, models
from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.options import Ingredients
from jaxgan.options.marks import Range, above, at_least, weighed

Tailored: Any = config.tailored("masks", "jitter", "adversary", **config.GIVEN_PICTURES)


@dataclass(frozen=True)
class Config(Tailored):
    flip: bool = True
    steps: int = 20_000
    batch_size: int = 8
    lr_g: float = 1e-3
    lr_d: float = 1e-4
    b1: float = 0.9
    adversary: float = 0.01
    width: Annotated[int, above(0, 2**16)] = 64
    """Channels of G's largest feature maps; doubled at every halving."""
    halvings: Annotated[int, at_least(1, 8)] = 4
    """How often G halves the picture; its sides are multiples of as many twos."""
    width_d: Annotated[int, above(0, 2**16)] = 64
    """Channels of D's first convolution."""
    layers_d: Annotated[int, at_least(1, 8)] = 5
    """Convolutions of D, each of which halves."""
    self_taught: Annotated[float, at_least(0, 1e9)] = 0.0
    """Weight of the cross entropy with G's own classes where D believes them, of pictures without masks; Hung et al. have 0.1."""
    confidence: Annotated[float, Range(0, 1), weighed("self_taught")] = 0.2
    """What D has to give G's own class of a pixel to be believed, in [0, 1]."""
    one_hot_smoothing: Annotated[float, Range(0, 0.5, open_low=True, open_high=True)] = 0.1
    """What a true mask gives to all classes alike, so that it has logits."""


TINY = {
    "data": "blobs",
    "width": 8,
    "halvings": 2,
    "width_d": 8,
    "layers_d": 2,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    picture, mask = specs["image"].shape, specs["mask"]
    if picture[:2] != mask.shape:
        raise BadInput(f"pictures of {picture[0]}x{picture[1]} and masks of {mask.shape}: set --resolution for both")
    classes, ignored, axis = len(mask.classes), config.ignored, ingredients.axis_name
    models.segment.check_shape(picture, config.halvings)

    known = lambda batch: jnp.ones(batch["mask"].shape, bool) if ignored is None else batch["mask"] != ignored
    labelled = lambda batch: known(batch).any(axis=(1, 2))

    def shown(x, batch):  # where single pixels have no truth, D is shown nothing of either
        visible = known(batch) | ~labelled(batch)[:, None, None]
        return jax.nn.softmax(x, axis=-1) * visible[..., None], batch["image"]

    content = {"cross_entropy": losses.cross_entropy(1.0, ignored, axis)}
    if config.self_taught:
        taught = losses.self_taught(config.confidence, axis)

        def of_its_own(real, fake, context):
            believed = jnp.where(labelled(context.batch)[:, None, None], -jnp.inf, context.logits_fake)
            return config.self_taught * taught(fake, believed)

        content["self_taught"] = of_its_own

    return ingredients.adversarial(
        models.segment.generator(
            classes, width=config.width, halvings=config.halvings, axis_name=axis, dtype=config.dtype
        ),
        models.segment.discriminator(config.width_d, layers=config.layers_d, dtype=config.dtype),
        real=lambda batch: losses.log_smoothed_one_hot(batch["mask"], classes, config.one_hot_smoothing),
        given="image",
        shown=shown,
        content=content,
        counted=labelled,
    )

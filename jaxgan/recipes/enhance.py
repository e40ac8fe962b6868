"""Pictures made better: more pixels, less noise, no blur, colours. ESRGAN, Wang et al. 2018, arXiv:1809.00219.

    jaxgan train enhance --data FOLDER --resolution 128 --degrade down --factor 4
    jaxgan train enhance --data FOLDER --resolution 128 --degrade blur --degrade noise --discriminator unet
    jaxgan train enhance --data SHARP --input BLURRED                    # pairs of one's own

DTD's textures from 16 to 64 pixels with 4 narrow blocks, 3,000 steps without the adversary and 3,000 with it, 2 cores of an
x86-64 server with other work on it, seed 0: 17 min 29 s; what helps and what does not: docs/tasks.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxgan import config, losses, models
from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.metrics import features
from jaxgan.options import Ingredients
from jaxgan.options.degrade import What
from jaxgan.options.marks import ActiveIf, above, at_least, weighed

_PATCH = ActiveIf(
    lambda config: config.discriminator == "patch", lambda config: f"--discriminator {config.discriminator}: take patch"
)
_WEIGHT = at_least(0, 1e9)
REVISION = 2  # 1: --degrade jpeg had other colours at the right edge than libjpeg


Tailored: Any = config.tailored("inputs", "degrade", "adversary", **config.GIVEN_PICTURES)


@dataclass(frozen=True)
class Config(Tailored):
    degrade: tuple[What, ...] = ("down",)
    flip: bool = True
    steps: int = 400_000
    batch_size: int = 16
    lr_g: float = 1e-4
    lr_d: float = 1e-4
    b1: float = 0.9
    b2: float = 0.99
    relativistic: Literal["no", "paired", "average"] = "average"
    adversary: float = 0.1
    blocks: Annotated[int, above(0, 1024)] = 23
    """Residual blocks in residual dense blocks (RRDB) of G."""
    width: Annotated[int, above(0, 2**16)] = 64
    """Channels of G."""
    growth: Annotated[int, above(0, 2**16)] = 32
    """Channels that each convolution of a dense block adds."""
    residual: bool = False
    """Let G make what is added to its input, bicubically enlarged, where ESRGAN's makes all: for short trainings."""
    discriminator: Literal["patch", "unet"] = "patch"
    """D: of patches, or a U-Net that judges every pixel, with spectral norm (Real-ESRGAN)."""
    width_d: Annotated[int, above(0, 2**16)] = 64
    """Channels of D's largest feature maps."""
    patch: Annotated[Literal[1, 16, 34, 70, 142, 286], _PATCH] = 70
    """Side of the patches that D judges, in pixels."""
    l1: Annotated[float, _WEIGHT] = 1.0
    """Weight of the mean absolute difference from the target."""
    perceptual: Annotated[float, _WEIGHT] = 0.0
    """Weight of the difference of a feature network's activations, which --perceptual-features names."""
    perceptual_features: Annotated[str, weighed("perceptual")] = ""
    """File with the weights of SqueezeNet (.npz), or of a classifier that `jaxgan evaluate` has trained and kept."""


TINY = {
    "data": "digits",
    "resolution": 16,
    "degrade": ("down",),
    "blocks": 1,
    "width": 8,
    "growth": 4,
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
    factor = made[0] // given[0]
    if tuple(factor * n for n in given[:2]) != made[:2] or factor not in (1, 2, 4):
        raise BadInput(
            f"inputs of {given[0]}x{given[1]} and targets of {made[0]}x{made[1]}: give inputs of the same size, half or a quarter"
        )
    generator = models.rrdb.generator(
        factor,
        made[2],
        blocks=config.blocks,
        width=config.width,
        growth=config.growth,
        residual=config.residual,
        dtype=config.dtype,
    )
    if config.discriminator == "unet":
        discriminator = models.unet_discriminator.discriminator(width=config.width_d, dtype=config.dtype)
    else:
        discriminator = models.patchgan.discriminator(
            config.width_d, config.patch, norm="none", spectral=True, dtype=config.dtype
        )
    content = {"l1": losses.l1(config.l1)} if config.l1 else {}
    if config.perceptual:
        if not config.perceptual_features:
            raise BadInput(f"--perceptual {config.perceptual} needs --perceptual-features FILE, a network's weights")
        taps = features.taps(config.perceptual_features)
        content["perceptual"] = losses.perceptual(taps, config.perceptual)
    return ingredients.adversarial(
        generator,
        discriminator,
        given="input",
        shown=lambda x, batch: x,
        content=content,
    )

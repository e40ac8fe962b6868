"""Photographs in the style of one picture, by one pass of G. After Li & Wand 2016, arXiv:1604.04382.

    jaxgan train style --data STYLE.jpg --input PHOTOS --resolution 128 --perceptual-features squeezenet.npz
    jaxgan apply RUN PICTURES --out FOLDER

D tells patches of what G makes from patches of the style, crops of the one picture (--data may be a folder of several too); what
is to stay of a photograph is the deepest activations of a feature network. What differs from the paper: G is the network of
Johnson et al. 2016, arXiv:1603.08155, and D is PSGAN's, which look at pixels, where both of the paper's begin with features of
VGG.

scikit-image's immunohistochemistry on crops of facades at 64 pixels, 2,000 steps, 2 cores of an x86-64 server with other work on
it, seed 0: 9 min 39 s; Gram distance to the style 0.45, photographs 1.35, content loss alone 1.04 (docs/texture.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxgan import config, losses
from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.metrics import features
from jaxgan.models import psgan, translator
from jaxgan.options import Ingredients
from jaxgan.options.marks import above, at_least, weighed

_WEIGHT = at_least(0, 1e9)
Tailored: Any = config.tailored("inputs", "adversary", latents="G is given pictures")


@dataclass(frozen=True)
class Config(Tailored):
    resolution: int = 256
    steps: int = 40_000
    batch_size: int = 4
    loss: config.Loss = "bce"
    width: Annotated[int, above(0, 2**16)] = 32
    """Channels of G's largest feature maps; doubled at every halving."""
    blocks: Annotated[int, above(0, 1024)] = 5
    """Residual blocks of G."""
    width_d: Annotated[int, above(0, 2**16)] = 64
    """Channels of D's first feature map, doubled towards the logits."""
    layers_d: Annotated[int, at_least(1, 8)] = 3
    """Convolutions of D, each of which halves: it judges patches of 29 pixels with 3, 61 with 4."""
    perceptual: Annotated[float, _WEIGHT] = 1.0
    """Weight of how far what G makes is from its photograph, in the deepest activations of --perceptual-features. 0: off."""
    perceptual_features: Annotated[str, weighed("perceptual")] = ""
    """File with the weights of SqueezeNet (.npz), or of a classifier that `jaxgan evaluate` has trained and kept."""

    @property
    def unpaired(self) -> tuple[str, ...]:
        return ("input",)


TINY = {
    "data": "digits",
    "input": "digits",
    "resolution": 16,
    "width": 4,
    "blocks": 1,
    "width_d": 4,
    "layers_d": 2,
    "perceptual": 0.0,
    "steps": 20,
    "batch_size": 4,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    made, given = specs[config.real].shape, specs["input"].shape
    if made[:2] != given[:2]:
        raise BadInput(f"photographs of {given[0]}x{given[1]} and a style of {made[0]}x{made[1]}: set --resolution")
    translator.check_shape(made)
    patch = psgan.patch(config.layers_d)
    if min(made[:2]) < patch:
        raise BadInput(
            f"the style is {made[0]}x{made[1]} and D judges patches of {patch} pixels: give a larger picture and "
            f"--resolution {patch} or more, or fewer --layers-d"
        )
    content = {}
    if config.perceptual:
        if not config.perceptual_features:
            raise BadInput(f"--perceptual {config.perceptual} needs --perceptual-features FILE, a network's weights")
        apart = losses.perceptual(deepest(config.perceptual_features), config.perceptual)
        content["perceptual"] = lambda real, fake, context: apart(context.batch["input"], fake)
    return ingredients.adversarial(
        translator.generator(made[2], config.width, config.blocks, dtype=config.dtype),
        psgan.discriminator(config.width_d, config.layers_d, axis_name=ingredients.axis_name, dtype=config.dtype),
        given="input",
        shown=lambda x, batch: x,
        content=content,
    )


def deepest(path: str) -> Any:
    """Function of pictures in [-1, 1] -> the last of the activations that `features.taps` has of them."""
    taps = features.taps(path)
    return lambda x: list(taps(x).values())[-1]

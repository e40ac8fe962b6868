"""The deep MLP GAN: 128 up to 8192 and back, 101 million parameters at 28x28.

    jaxgan train deep_mlp --data FOLDER           # with MNIST's or Fashion-MNIST's idx files

G: z -> 128 -> 256 -> 512 -> 1024 -> 2048 -> 4096 (ReLU) -> 8192 (linear) -> H W C, tanh. D: H W C -> 8192 (linear) -> 4096 ->
2048 -> 512 -> 256 -> 128 (ReLU) -> 1. It ends early where D has won (loss_d below 0.1 in three rows). Adam moves the
sums of a layer of 8192 as many times further as it is wider than one of 512, so the rates are a sixteenth of mlp_mnist's: at
2e-4 D wins within 20 steps, for good. At these rates it leads for about 120 steps (loss_d 0.03), then G follows. --width 0.125
is an eighth of every hidden layer, with --lr-g 1e-4 --lr-d 1e-4.

MNIST, 2 cores of an x86-64 server with other work on it, seed 0: 4,000 steps in 1 h 10 min, about 100 images/s alone; most
samples can be named from step 1,000 on (12 min), on a background that stays grainy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxgan import config, models
from jaxgan.core import GAN
from jaxgan.models.mlp import he, linear, relu
from jaxgan.options import Ingredients
from jaxgan.options.marks import above

G = (128, 256, 512, 1024, 2048, 4096, 8192)
D = (8192, 4096, 2048, 512, 256, 128)


@dataclass(frozen=True)
class Config(config.Config):
    steps: int = 4000
    batch_size: int = 64
    loss: config.Loss = "bce"
    width: Annotated[float, above(0, 64)] = 1.0
    """Multiplies the hidden layers' widths."""
    lr_g: float = 1.2e-5
    lr_d: float = 1.2e-5
    stop_when: str = "loss_d<0.1"
    keep_latest: int = 1
    sample_every_steps: int = 250
    save_every_steps: int = 1000


TINY = {
    "width": 1 / 64,
    "steps": 20,
    "batch_size": 16,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    scaled = lambda widths: tuple(max(1, round(config.width * width)) for width in widths)
    options = {"classes": ingredients.classes, "kernel_init": he, "dtype": config.dtype}
    acts = (relu,) * 6
    generator = models.mlp.generator(shape, scaled(G), act=(*acts, linear), **options)
    discriminator = models.mlp.discriminator(scaled(D), act=(linear, *acts[:-1]), **options)
    return ingredients.adversarial(generator, discriminator)

"""R3GAN: a paired relativistic loss, R1 and R2, no normalisation. Huang et al. 2024, arXiv:2501.05441.

    jaxgan train r3gan --data CIFAR10 --flip --dtype bfloat16
    jaxgan train r3gan --data FOLDER --resolution 64 --flip --penalty-weight 2 --penalty-weight-end 0.2
    jaxgan train r3gan --data FOLDER --resolution 32 --conditional --width 64 --cardinality 4 --blocks 1 --halve-past 8 \\
        --augment none --batch-size 32 --lr-g 1.5e-3 --lr-d 1.5e-3 --lr-g-end 3e-4 --lr-d-end 3e-4 --penalty-weight 50 \\
        --penalty-weight-end 5 --burn-in-images 60000 --ema-halflife-images-end 8000 --steps 4000

The defaults are the paper's for CIFAR-10, 21 million parameters a side and 200 million images: for a GPU or TPU. Over the
first tenth of them rates, Adam's b2, gamma, the half-life of the average and the probability of augmentation go from their
start to their --*-end; shorten --burn-in-images with --steps. The last line is for a CPU: small networks learn at higher rates
and need a stronger penalty to stay varied; docs/zoo.md has its pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxgan import config, models
from jaxgan.core import GAN
from jaxgan.options import Ingredients
from jaxgan.options.marks import above, at_least

REVISION = 2  # 1: resampled by [1, 2, 1] alone, the embedding of D's labels as long as z, all in bfloat16


@dataclass(frozen=True)
class Config(config.Config):
    steps: int = 390_625
    batch_size: int = 512
    relativistic: Literal["no", "paired", "average"] = "paired"
    penalty: config.Penalty = "r1_r2"
    penalty_weight: float = 0.05
    augment: Literal["none", "diffaugment", "ada"] = "ada"
    ada_groups: str = "bgc0.5o"
    augment_p: float | None = 0.0
    z_dim: int = 64
    b1: float = 0.0
    b2: float = 0.9
    new_fakes: bool = True
    ema_halflife_images: float = 0
    ema_ramp: float = 1.0
    burn_in_images: int = 20_000_000
    lr_g_end: float | None = 5e-5
    lr_d_end: float | None = 5e-5
    b2_end: float | None = 0.99
    penalty_weight_end: float | None = 0.005
    ema_halflife_images_end: float | None = 5_000_000
    augment_p_end: float | None = 0.55
    width: Annotated[int, above(0, 2**16)] = 768
    """Channels of the stages up to --halve-past."""
    blocks: Annotated[int, above(0, 1000)] = 2
    """Residual blocks of every stage."""
    cardinality: Annotated[int, above(0, 2**16)] = 96
    """Groups of their 3x3 convolutions."""
    halve_past: Annotated[int, above(0, 2**20)] = 32
    """Resolution past which --width and --cardinality halve with every doubling."""
    expansion: Annotated[int, above(0, 64)] = 2
    """How much wider than its stage a block's branch is."""
    block: Annotated[int | None, at_least(0, 2**16)] = None
    """Channels of groups that are one dense convolution, with zeros between them. 0: grouped convolutions. By default
    32 on a CPU, where that is faster, and 0 elsewhere, where neither was measured."""


TINY = {
    "resolution": 8,
    "width": 8,
    "blocks": 1,
    "cardinality": 4,
    "z_dim": 8,
    "steps": 20,
    "batch_size": 8,
    "burn_in_images": 80,
    "ema_halflife_images_end": 20,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    models.r3gan.check_shape(shape)
    same = {
        "width": config.width,
        "blocks": config.blocks,
        "cardinality": config.cardinality,
        "expansion": config.expansion,
        "halve_past": config.halve_past,
        "block": config.block,
        "classes": ingredients.classes,
        "dtype": config.dtype,
    }
    generator = models.r3gan.generator(shape[:2], shape[2], embedding=config.z_dim, **same)
    return ingredients.adversarial(generator, models.r3gan.discriminator(**same))

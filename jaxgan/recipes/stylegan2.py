"""StyleGAN2 on any images of a 2^n x b 2^n pixels, a and b from 2 to 8. Karras et al. 2020, arXiv:1912.04958.

    jaxgan train stylegan2 --data FOLDER --resolution 256 --width 16384 --dtype bfloat16
    jaxgan train stylegan2 --data FOLDER --resolution 32 --width 2048 --max-width 128 --z-dim 128 --w-dim 128 \\
        --mapping-layers 2 --penalty-weight 0.01

Non-saturating, R1 at every 16th step, path lengths at every 4th, style mixing. --width 32768 is configuration F, 16384 E; the
second command is for a laptop, with 1.05 million parameters in G. Give --penalty-weight, R1's gamma, with the resolution R:
ADA (Karras et al. 2020, arXiv:2006.06676) takes 0.0002 R^2 / batch size, or 10 for FFHQ at 1024, 1 at 256, 0.01 for CIFAR-10.
At 1024 it has --lr-g 0.002 --lr-d 0.002; at 256 and 512 --stddev-group 8; for CIFAR-10 --batch-size 64 --stddev-group 32
--ema-halflife-images 500000 --path-weight 0 --mixing 0 --mapping-layers 2 --architecture-d plain; and --augment ada where there
is little data.
The regularisers' gradients are added to those of the loss at their steps, so that Adam keeps its settings: appendix B's
correction is for moments that are moved twice in a step. What else differs from the authors' program: features are not
clamped at 256 (which is for float16), gradients that are not finite are not made 0, and each sample has a layer of its own
from which styles are mixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from jaxgan import config, models
from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.options import Ingredients
from jaxgan.options.marks import Range, above, at_least, weighed

Architecture = Literal["skip", "residual", "plain"]
REVISION = 3  # 2: path lengths drew with G's own key; 1: w_avg moved by 0.998, and averaged once more
_W_DECAY = 0.995  # of a pass of G in the authors' program, which moves w's mean in D's turn too; here G's own turn does


@dataclass(frozen=True)
class Config(config.Config):
    steps: int = 100_000
    batch_size: int = 32
    penalty: config.Penalty = "r1"
    penalty_weight: float = 1.0
    penalty_every: int = 16
    z_dim: int = 512
    lr_g: float = 2.5e-3
    lr_d: float = 2.5e-3
    b1: float = 0.0
    b2: float = 0.99
    new_fakes: bool = True
    width: Annotated[int, above(0, 2**24)] = 32768
    """Feature maps have this many channels, divided by their size."""
    max_width: Annotated[int, above(0, 2**16)] = 512
    """And so many at most."""
    w_dim: Annotated[int, above(0, 2**16)] = 512
    """Length of w, which the styles are made of."""
    mapping_layers: Annotated[int, above(0, 1000)] = 8
    """From z to w; and from the label to what a conditional D compares its features with."""
    mixing: Annotated[float, Range(0, 1)] = 0.9
    """Probability that layers from a random one on take their styles from another z."""
    architecture_g: Architecture = "skip"
    """How G's layers reach the image: a sum of images of every size, residual blocks, or neither."""
    architecture_d: Architecture = "residual"
    """How the image reaches D's layers."""
    path_weight: Annotated[float, at_least(0, 1e9)] = 2.0
    """Of the path length penalty. 0: off."""
    path_every: Annotated[
        int,
        above(0, 2**20),
        weighed("path_weight"),
    ] = 4
    """Compute it at every N-th step, as many times as strong."""
    stddev_group: Annotated[int, above(0, 2**16)] = 4
    """Samples of D's batch whose deviation from each other it sees; the batch on a device is a multiple."""
    truncation: Annotated[float, Range(-2, 2)] = 1.0
    """Share of w's distance to its mean that is kept in whatever is drawn out of training: below 1 less varied, and cleaner."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mixing and self.noise != "normal":
            raise BadInput(f"--mixing {self.mixing} draws normal latents, and --noise is {self.noise}: add --mixing 0")

    @property
    def batch_unit(self) -> int:
        return self.stddev_group * super().batch_unit

    @property
    def penalty_g_every(self) -> int:
        return self.path_every if self.path_weight else 1


TINY = {
    "resolution": 8,
    "width": 64,
    "max_width": 8,
    "z_dim": 8,
    "w_dim": 8,
    "mapping_layers": 2,
    "penalty_every": 4,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    stylegan2 = models.stylegan2
    stylegan2.check_shape(shape, config.width)
    same = {name: getattr(config, name) for name in ("width", "max_width", "mapping_layers", "dtype")}
    same["classes"] = ingredients.classes
    own = {name: getattr(config, name) for name in ("w_dim", "mixing", "truncation")}
    own["w_decay"] = _W_DECAY**2
    generator = stylegan2.generator(shape[:2], shape[2], architecture=config.architecture_g, **own, **same)
    others = {"group": config.stddev_group, "axis_name": ingredients.axis_name}
    discriminator = stylegan2.discriminator(architecture=config.architecture_d, **others, **same)
    weight = config.path_weight * config.path_every
    penalties_g = (stylegan2.path_length(generator, weight),) if weight else ()
    return ingredients.adversarial(generator, discriminator, penalties_g=penalties_g)

"""Textures of any size from a few photographs: PSGAN. Bergmann et al. 2017, arXiv:1705.06566.

    jaxgan train psgan                                        # every crop of brick, grass and gravel
    jaxgan train psgan --data PHOTO.jpg --no-conditional
    jaxgan sample RUN --size 2048x1024 --tile                 # --morph goes from one texture to another

The sizes are those of the authors' program. Where there are classes both networks are told which; without them
(--no-conditional) the global noise says what texture it is, as in the paper.

Brick, grass and gravel with --resolution 128 --width 32 --layers 4 --width-d 32 --batch-size 8 --z-local 20 --z-global 20
--steps 4000, one core of an x86-64 server with other work on it, seed 0: 19 min 42 s; Gram and spectrum distances below those of
dcgan_texture; bricks 36.4 pixels apart, the photograph's 37.5 (docs/texture.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxgan import config
from jaxgan.core import GAN
from jaxgan.data.dataset import LABEL
from jaxgan.layers import label_vector
from jaxgan.models import psgan
from jaxgan.options import Ingredients
from jaxgan.options.marks import above, at_least

_SIZE = above(0, 2**16)
_NOISE = at_least(0, 2**16)
Tailored: Any = config.tailored(latents="G is given a field of noise: --z-local, --z-global, --waves")


@dataclass(frozen=True)
class Config(Tailored):
    data: str = "textures"
    resolution: int = 160
    conditional: bool = True
    steps: int = 100_000
    batch_size: int = 25
    loss: config.Loss = "bce"
    width: Annotated[int, _SIZE] = 64
    """Channels of G's last feature map, doubled towards the noise."""
    layers: Annotated[int, at_least(1, 8)] = 5
    """Convolutions of G, each of which doubles: a cell of noise is 2 to this power pixels, 32 with 5."""
    width_d: Annotated[int, _SIZE] = 64
    """Channels of D's first feature map, doubled towards the logits."""
    layers_d: Annotated[int, at_least(1, 8)] = 5
    """Convolutions of D, each of which halves: it judges patches of 125 pixels with 5, 61 with 4."""
    z_local: Annotated[int, _NOISE] = 30
    """Noise of each cell."""
    z_global: Annotated[int, _NOISE] = 60
    """Noise that all cells of a picture share: what texture it is, and how long its waves are."""
    waves: Annotated[int, _NOISE] = 6
    """Learned waves over the cells, for what repeats."""


TINY = {
    "resolution": 16,
    "width": 4,
    "layers": 2,
    "width_d": 4,
    "layers_d": 2,
    "z_local": 4,
    "z_global": 4,
    "waves": 2,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    psgan.check_shape(shape, config.layers)
    same = {"classes": ingredients.classes, "axis_name": ingredients.axis_name, "dtype": config.dtype}
    noise: dict[str, Any] = {"local": config.z_local, "shared": config.z_global, "waves": config.waves}
    generator = psgan.generator(shape[2], config.width, config.layers, **noise, **same)
    discriminator = psgan.discriminator(config.width_d, config.layers_d, **same)

    def given(batch, key):
        label = label_vector(batch.get(LABEL), ingredients.classes) if ingredients.classes else None
        return (generator.field(key, batch["index"], shape[:2], label),)

    return ingredients.adversarial(generator, discriminator, given=given)

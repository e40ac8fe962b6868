"""WaveGAN: sounds, by transposed convolutions in one dimension. Donahue et al. 2019, arXiv:1802.04208.

    jaxgan train wavegan --data FOLDER --length 16384 --rate 16000       # wav, flac, ogg; the paper's size
    jaxgan train wavegan --conditional --width 16 --batch-size 16 --lr-g 3e-4 --lr-d 3e-4 --steps 2000

Wasserstein's loss with gradient penalty, five turns of D, phase shuffle, as in the paper, which has no labels.

The second command, twelve synthesised notes of half a second at 8 kHz, 2 cores of an x86-64 server with other work on it, seed 0:
23 min 28 s; all of 2,000 samples within 20 cents of the note that was asked for, over a hiss 40 dB below. Without --conditional
and with --steps 8000, 0.83 of them within 20 cents of a note, 44 min 57 s (docs/audio.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from jaxgan import config
from jaxgan.core import GAN
from jaxgan.models import wavegan
from jaxgan.options import Ingredients
from jaxgan.options.latents import Noise
from jaxgan.options.marks import above, at_least

Tailored: Any = config.tailored("timed")


@dataclass(frozen=True)
class Config(Tailored):
    data: str = "tones"
    steps: int = 200_000
    batch_size: int = 64
    loss: config.Loss = "wasserstein"
    penalty: config.Penalty = "wgan_gp"
    penalty_weight: float = 10.0
    noise: Noise = "uniform"
    lr_g: float = 1e-4
    lr_d: float = 1e-4
    b1: float = 0.5
    b2: float = 0.9
    d_steps: int = 5
    width: Annotated[int, above(0, 2**16)] = 64
    """Channels next to the sound in both networks, doubled by each layer away from it: "d" in the paper."""
    shuffle: Annotated[int, at_least(0, 31)] = 2
    """Phase shuffle: places that D's features are moved by, at most, between its layers. 0: none."""

    @property
    def real(self) -> str:
        """The sounds."""
        return "audio"


TINY = {
    "length": 128,
    "width": 2,
    "z_dim": 8,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    wavegan.check_shape(shape)
    length, channels = shape
    same = {"width": config.width, "classes": ingredients.classes, "dtype": config.dtype}
    generator = wavegan.generator(length, channels, **same)
    discriminator = wavegan.discriminator(length, shuffle=config.shuffle, **same)
    return ingredients.adversarial(generator, discriminator, real=config.real)

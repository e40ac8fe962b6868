"""Clips of a content that is drawn once and a motion: MoCoGAN with 2+1-D convolutions. Tulyakov et al. 2018, arXiv:1707.04993.

    jaxgan train video                                         # digits that move and bounce, made here
    jaxgan train video --data video:FOLDER --resolution 32     # GIF, WebP, mp4, or folders of frames
    jaxgan train video --parts 2                               # two pictures that move apart; 0: the paper's frames
    jaxgan sample RUN --num 16 --out clips.webp                # or a .png of film strips, a folder of clips

G moves a picture that the content code makes, since frames that are made anew of both codes do not keep their content.
With --conditional, 2 cores of an x86-64 server with other work on it, seed 0, 15 min 17 s: the Fréchet distance of frame
differences is 0.18, 4.50 of real frames in a wrong order and 2.87 of clips that stand still; frames of a clip lie 1.46 times as
far apart in content as a real clip's, those of different clips 8.6 times (docs/video.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import jax

from jaxgan import config
from jaxgan.core import GAN
from jaxgan.data.dataset import LABEL
from jaxgan.models import mocogan
from jaxgan.options import Ingredients
from jaxgan.options.marks import ActiveIf, above, at_least

_WIDTH = above(0, 2**16)
_MADE_ANEW = ActiveIf(lambda config: not config.parts, lambda config: f"--parts {config.parts}: take 0")
REVISION = 2  # 1: frames made of both codes, as --parts 0 has them, by narrower networks
Tailored: Any = config.tailored("timed")


@dataclass(frozen=True)
class Config(Tailored):
    data: str = "moving_digits"
    length: int = 16
    steps: int = 4000
    batch_size: int = 8
    loss: config.Loss = "hinge"
    z_dim: int = 50
    lr_g: float = 1e-3
    lr_d: float = 1e-3
    b1: float = 0.0
    b2: float = 0.9
    schedule: config.Schedule = "linear"
    ema_halflife_images: float = 2000
    z_motion: Annotated[int, _WIDTH] = 16
    """Length of the noise of each frame, and of the motion code that a GRU makes of it. The paper has 10."""
    parts: Annotated[int, at_least(0, 64)] = 1
    """Pictures that are made once a clip and then moved, one over another, the first one filling the frame; 0 for the paper's
    frames, each made anew of both codes, whose content then does not stay."""
    width: Annotated[int, _WIDTH] = 64
    """Channels of G's largest feature maps; doubled towards the smallest."""
    width_d: Annotated[int, _WIDTH] = 24
    """Channels of both Ds' first feature maps; doubled at every halving."""
    temporal: Annotated[int, at_least(0, 64), _MADE_ANEW] = 3
    """Frames that G's convolutions over time span, with --parts 0; 0 for none, as in the paper: frames then share their codes
    alone."""
    frames_d: Annotated[int, at_least(1, 2**16)] = 4
    """Frames of each clip that the image D is shown, drawn anew at every step. The paper has 1."""


TINY = {
    "length": 5,
    "resolution": 8,
    "width": 4,
    "width_d": 4,
    "z_dim": 4,
    "z_motion": 2,
    "frames_d": 2,
    "steps": 20,
    "batch_size": 8,
    "log_every_steps": 5,
    "sample_every_steps": 10,
    "save_every_steps": 10,
}


def build(config: Config, specs: Mapping[str, Any], ingredients: Ingredients) -> GAN:
    shape = specs[config.real].shape
    mocogan.check_shape(shape)
    same = {"classes": ingredients.classes, "axis_name": ingredients.axis_name, "dtype": config.dtype}
    generator = mocogan.generator(
        shape[1:3], shape[3], width=config.width, temporal=config.temporal, parts=config.parts, **same
    )
    discriminator = mocogan.discriminator(shape[1:3], width=config.width_d, frames=config.frames_d, **same)
    motion = mocogan.motion_noise(shape[0], config.z_motion)

    def given(batch, key):
        z = batch["z"] if "z" in batch else ingredients.noise(key, batch["index"])
        label = (batch.get(LABEL),) if ingredients.classes else ()
        return (z, motion(jax.random.fold_in(key, 1), batch["index"]), *label)

    return ingredients.adversarial(generator, discriminator, given=given)

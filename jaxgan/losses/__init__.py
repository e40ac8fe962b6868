"""What a game is about. A loss is a Pair of functions (real, fake) -> unreduced, of logits of any shape.

Gradient penalties are functions (d, real, fake, keys) -> [B], where d maps samples to logits; content terms functions
(real, fake, context) -> scalar of samples.
"""

from jaxgan.losses.adversarial import (
    bce,
    hinge,
    least_squares,
    minimax,
    non_saturating,
    relativistic,
    relativistic_average,
    wasserstein,
)
from jaxgan.losses.consistency import consistency
from jaxgan.losses.content import Context, moment_matching
from jaxgan.losses.lecam import lecam
from jaxgan.losses.penalties import clip_weights, dragan, r1, r2, wgan_gp
from jaxgan.losses.top_k import top_k
from jaxgan.losses.tracker import Tracker

__all__ = [
    "Context",
    "Tracker",
    "bce",
    "clip_weights",
    "consistency",
    "dragan",
    "hinge",
    "least_squares",
    "lecam",
    "minimax",
    "moment_matching",
    "non_saturating",
    "r1",
    "r2",
    "relativistic",
    "relativistic_average",
    "top_k",
    "wasserstein",
    "wgan_gp",
]

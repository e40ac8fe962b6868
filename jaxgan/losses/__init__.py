"""What a game is about. A loss is a Pair of functions (real, fake) -> unreduced, of logits of any shape.

Gradient penalties are functions (d, real, fake, keys) -> [B], where d maps samples to logits; content terms functions
(real, fake, context) -> scalar of samples.
"""

from jaxgan.losses.adversarial import (
    bce,
    half_d,
    hinge,
    least_squares,
    minimax,
    non_saturating,
    relativistic,
    relativistic_average,
    wasserstein,
)
from jaxgan.losses.consistency import consistency
from jaxgan.losses.content import (
    Context,
    charbonnier,
    feature_matching,
    l1,
    moment_matching,
    perceptual,
    total_variation,
)
from jaxgan.losses.lecam import lecam
from jaxgan.losses.patch_nce import patch_nce
from jaxgan.losses.penalties import clip_weights, dragan, r1, r2, wgan_gp
from jaxgan.losses.segmentation import cross_entropy, log_smoothed_one_hot, self_taught
from jaxgan.losses.semi_supervised import class_surprise, match_features, realness
from jaxgan.losses.top_k import top_k
from jaxgan.losses.tracker import Tracker

__all__ = [
    "Context",
    "Tracker",
    "bce",
    "charbonnier",
    "class_surprise",
    "clip_weights",
    "consistency",
    "cross_entropy",
    "dragan",
    "feature_matching",
    "half_d",
    "hinge",
    "l1",
    "least_squares",
    "lecam",
    "log_smoothed_one_hot",
    "match_features",
    "minimax",
    "moment_matching",
    "non_saturating",
    "patch_nce",
    "perceptual",
    "r1",
    "r2",
    "realness",
    "relativistic",
    "relativistic_average",
    "self_taught",
    "top_k",
    "total_variation",
    "wasserstein",
    "wgan_gp",
]

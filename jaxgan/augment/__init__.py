"""What D sees in place of images, real and fake alike, so that it cannot learn a small set by heart.

An augmentation is a function (images [B, H, W, C] in [-1, 1], keys [B]) -> images, differentiable in them; those of
`ada` take the probability p as well. Every sample is augmented by its own key alone.
"""

from jaxgan.augment.ada import ada, ada_geometry
from jaxgan.augment.augmented import augmented, unmoved
from jaxgan.augment.controller import AdaState, ada_update, controller, watched
from jaxgan.augment.diffaugment import diff_augment
from jaxgan.augment.instance_noise import instance_noise
from jaxgan.augment.packed import packed, packed_penalty

__all__ = [
    "AdaState",
    "ada",
    "ada_geometry",
    "ada_update",
    "augmented",
    "controller",
    "diff_augment",
    "instance_noise",
    "packed",
    "packed_penalty",
    "unmoved",
    "watched",
]

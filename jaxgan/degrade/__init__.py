"""What enhancement undoes: fewer pixels, noise, blur, no colour, holes, JPEG. Made of the real images, in the step.

A degradation is a function (images [B, H, W, C] in [-1, 1], keys [B]) -> float32 images in [-1, 1], perhaps of another
size or number of channels. Every sample is degraded by its own key alone.
"""

from jaxgan.degrade.chain import Degradation, chain
from jaxgan.degrade.holes import holes
from jaxgan.degrade.jpeg import jpeg
from jaxgan.degrade.pixels import grey, noise, to_levels
from jaxgan.degrade.resampled import blur, down

__all__ = ["Degradation", "blur", "chain", "down", "grey", "holes", "jpeg", "noise", "to_levels"]

"""Feature networks: what metrics on images look through."""

from jaxgan.metrics.features import classifier, inception, squeezenet
from jaxgan.metrics.features.archive import load, taps
from jaxgan.metrics.features.frames import of_frames
from jaxgan.metrics.features.network import FeatureNet, FeatureOutput, from_function
from jaxgan.metrics.features.pixels import pixels

__all__ = [
    "FeatureNet",
    "FeatureOutput",
    "classifier",
    "from_function",
    "inception",
    "load",
    "of_frames",
    "pixels",
    "squeezenet",
    "taps",
]

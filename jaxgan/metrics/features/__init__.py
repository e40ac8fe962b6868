"""Feature networks: what metrics on images look through."""

from jaxgan.metrics.features import classifier, inception, squeezenet
from jaxgan.metrics.features.archive import load, taps
from jaxgan.metrics.features.network import FeatureNet, FeatureOutput, from_function
from jaxgan.metrics.features.pixels import pixels

__all__ = [
    "FeatureNet",
    "FeatureOutput",
    "classifier",
    "from_function",
    "inception",
    "load",
    "pixels",
    "squeezenet",
    "taps",
]

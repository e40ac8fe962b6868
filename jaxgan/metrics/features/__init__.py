"""Feature networks: what metrics on images look through."""

from jaxgan.metrics.features import inception, squeezenet
from jaxgan.metrics.features.network import FeatureNet, Seen, from_function

__all__ = ["FeatureNet", "Seen", "from_function", "inception", "squeezenet"]

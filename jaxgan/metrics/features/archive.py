"""A feature network of whatever weights a file has."""

from typing import TYPE_CHECKING

from jaxgan.metrics.features import inception, network, squeezenet, weights

if TYPE_CHECKING:
    import os


def load(path: "str | os.PathLike[str]") -> network.FeatureNet:
    """FeatureNet of an .npz with the weights of SqueezeNet or of Inception. Raises BadInput where it has neither."""
    return (squeezenet if "fire2.conv1x1_1.weight" in weights.read(path) else inception).load(path)

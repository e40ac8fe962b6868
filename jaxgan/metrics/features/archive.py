"""A feature network of whatever weights a file has."""

from jaxgan.metrics.features import inception, squeezenet, weights


def load(path):
    """FeatureNet of an .npz with the weights of SqueezeNet or of Inception. Raises BadInput where it has neither."""
    return (squeezenet if "fire2.conv1x1_1.weight" in weights.read(path) else inception).load(path)

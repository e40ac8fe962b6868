"""A feature network of whatever weights a file has: for metrics, and for losses."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax

from jaxgan.errors import BadInput
from jaxgan.metrics.features import classifier, inception, network, squeezenet, weights

if TYPE_CHECKING:
    import os

_SQUEEZENET = {"fire2": 220.0, "fire4": 400.0, "fire6": 490.0}
"""Activations that losses look at, and their mean size over photographs of textures (DTD): each counts by that much less."""
_OWN = "['params']['Conv_0']['kernel']"  # in a file of our classifier's


def load(path: "str | os.PathLike[str]") -> network.FeatureNet:
    """FeatureNet of an .npz with the weights of SqueezeNet or of Inception. Raises BadInput where it has neither."""
    return (squeezenet if "fire2.conv1x1_1.weight" in weights.read(path) else inception).load(path)


def taps(path: "str | os.PathLike[str]") -> Callable[[jax.Array], dict[str, jax.Array]]:
    """Function of images [B, H, W, C] in [-1, 1] -> {layer: activations}, before their ReLU, for `losses.perceptual`.

    path: an .npz with the weights of SqueezeNet, whose fire2, fire4 and fire6 it takes, or of a classifier of images that
    `jaxgan evaluate` has trained, all of whose convolutions. Read at the first call, which raises BadInput where it has neither.
    """

    @functools.cache
    def seen():
        with jax.ensure_compile_time_eval():  # arrays, and none of a trace
            return _taps(path)

    return lambda x: seen()(x)


def _taps(path):
    arrays = weights.read(path)
    if "fire2.conv1x1_1.weight" in arrays:
        variables = squeezenet.load(path).variables
        seen = lambda x: squeezenet.taps(variables, x, tuple(_SQUEEZENET))
        return lambda x: {name: found / _SQUEEZENET[name] for name, found in seen(x).items()}
    if _OWN not in arrays:
        raise BadInput(
            f"{path} has {', '.join(sorted(arrays)[:3]) or 'nothing'}: give SqueezeNet's weights, or those of a classifier that "
            "jaxgan evaluate has kept"
        )
    params: dict[str, Any] = {}
    for name, value in arrays.items():
        if name.startswith("['params']"):
            _, layer, kind = (part.strip("'") for part in name[1:-1].split("]["))
            params.setdefault(layer, {})[kind] = jax.device_put(value)
    return lambda x: classifier.taps({"params": params}, x)

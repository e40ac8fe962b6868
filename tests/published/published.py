"""Weights and inputs that other people's programs were given too, and what these made of them.

Every array is drawn by NumPy's RandomState, which is frozen: from a seed that is the CRC-32 of the array's name. NAME.json has
the outputs, and in "made" what made them.
"""

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np


def draw(name, *shape, std=1.0, mean=0.0):
    """Float32 array, normal, that depends on its name alone."""
    state = np.random.RandomState(zlib.crc32(name.encode()))
    return (mean + std * state.standard_normal(shape)).astype(np.float32)


def fan_in(path, shape):
    """(std, mean) that keep a signal's size in plain layers; what scales a channel is around 1, other vectors around 0."""
    if path.endswith(("/var", "/scale")):
        return 0.1, 1.0
    return (np.prod(shape[:-1]) ** -0.5 if len(shape) > 1 else 0.5), 0.0


def equalised(path, shape):
    """(std, mean) for layers that scale their own weights; what scales a channel is around 1."""
    return (1.0 if len(shape) > 1 else 0.3), float(path.endswith(("style/bias", "strength")))


def weights(net, *inputs, like: Callable = fan_in):
    """Variables of a Net for such inputs, drawn by their paths: floats alone, what a network counts is as it begins."""
    shapes = jax.eval_shape(lambda *inputs: net.init(jax.random.key(0), *inputs), *inputs)

    def one(path, leaf):
        if not np.issubdtype(leaf.dtype, np.floating):
            return np.zeros(leaf.shape, leaf.dtype)
        name = _name(path)
        std, mean = like(name, leaf.shape)
        return draw(name, *leaf.shape, std=std, mean=mean)

    return jax.tree_util.tree_map_with_path(one, shapes)


def recorded(name):
    """{name of an output: array} of NAME.json."""
    content = json.loads((Path(__file__).parent / f"{name}.json").read_text())
    return {key: np.asarray(value, np.float64) for key, value in content.items() if key != "made"}


def probes(tree):
    """A number for each leaf, in the order of their paths: how it changes a fixed random direction."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return np.array([float(np.vdot(np.float64(x), draw(f"probe/{_name(path)}", *x.shape))) for path, x in leaves])


def agree(ours, theirs, tolerance):
    """Asserts that both have the same arrays, to a share of each one's largest value."""
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        found = np.asarray(ours[name], np.float64)
        assert found.shape == value.shape, name
        apart = np.abs(found - value).max() / np.abs(value).max()
        assert apart < tolerance, f"{name}: {apart:.2g} of its largest value apart"


def _name(path):
    return "/".join(part.key for part in path)

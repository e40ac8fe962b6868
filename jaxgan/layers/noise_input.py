"""Noise within a generator. Karras et al. 2019, arXiv:1812.04948, section 2; one strength as in arXiv:1912.04958."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict, unflatten_dict

from jaxgan.errors import BadInput, unknown
from jaxgan.sharing import Variables, sample_keys

_KEY = "/key"


class NoiseInput(nn.Module):
    """x [B, H, W, C] plus N(0, 1) noise [B, H, W, 1] times a strength that is learned and starts at 0.

    In training each sample's noise is drawn from the stream "draw" and its `index` int32 [B], the place in the global
    batch (batch["index"]): the number of devices does not matter. Out of training one image of noise is given to all
    samples, always the same: the collection "noise" has its key (as uint32, so that no average touches it). Where it has an
    "image" too, [B, H, W, 1] or [1, H, W, 1], that is added in its place.
    """

    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, index: jax.Array | None = None) -> jax.Array:
        x = x.astype(self.dtype)
        fixed = self.variable("noise", "key", lambda: jax.random.key_data(self.make_rng("params")))
        if train and index is None:
            raise BadInput(f"noise for {x.shape[0]} samples in training, and index=None: give batch['index']")
        if train:
            draw = lambda key: jax.random.normal(key, (*x.shape[1:3], 1))
            noise = jax.vmap(draw)(sample_keys(self.make_rng("draw"), index))
        elif self.has_variable("noise", "image"):
            noise = self.get_variable("noise", "image")
        else:
            noise = _image(fixed.value, x.shape[1:3])[None]
        return x + self.param("strength", nn.initializers.zeros, ()).astype(self.dtype) * noise.astype(self.dtype)


def fixed_noise(variables: Variables, seen: Variables) -> dict[str, jax.Array]:
    """{name of a layer: float32 [H, W, 1]}: what the noise inputs of a network add out of training, {} where it has none.

    seen: the "intermediates" of a pass, from which the sides are read.
    """
    keys, seen = flatten_dict(variables.get("noise", {}), sep="/"), flatten_dict(seen, sep="/")
    return {name: _image(keys[name + _KEY], seen[f"{name}/__call__"][0].shape[1:3]) for name in _layers(keys)}


def with_noise(variables: Variables, images: Mapping[str, Any]) -> Variables:
    """Variables of a network that adds these {name of a layer: [B, H, W, 1]} to a batch of B in place of its own; {}: its own.

    Raises BadInput for layers that add none.
    """
    if not images:
        return variables
    noise = flatten_dict(variables.get("noise", {}), sep="/")
    if strange := [name for name in images if name not in _layers(noise)]:
        raise unknown("layer with noise", strange[0], _layers(noise))
    noise |= {f"{name}/image": image for name, image in images.items()}
    return {**variables, "noise": unflatten_dict(noise, sep="/")}


def _layers(noise):
    """Names of the layers of a flat collection "noise"."""
    return [name.removesuffix(_KEY) for name in noise if name.endswith(_KEY)]


def _image(key, sides):
    return jax.random.normal(jax.random.wrap_key_data(key), (*sides, 1))

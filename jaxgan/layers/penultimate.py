"""What a network gives to its last layer: features of a discriminator that hands out none."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.net import DiscriminatorOutput, Net

_OF_LABELS = {"embed"}  # names of modules that are given the label


def penultimate(net: Net) -> Net:
    """The Net inputs -> features [B, F]: what a discriminator hands out as such, else what its last layer is given.

    The last layer is the last module with a weight that the network calls itself, but for one that embeds the label. Maps
    [B, ..., C] are averaged over their places. apply raises BadInput where the network is not of Flax, or hands out several.
    """

    def apply(variables, *inputs, **options):
        given: list[Any] = []

        def seen(call, args, kwargs, context):
            path = context.module.path
            own = context.method_name == "__call__" and len(path) == 1 and path[0] not in _OF_LABELS
            if own and args and args[0] is not None and _weights(variables["params"], path):
                given.append(args[0])
            return call(*args, **kwargs)

        with nn.intercept_methods(seen):
            out, moved = net.apply(variables, *inputs, **options)
        features = out.features if isinstance(out, DiscriminatorOutput) else None
        if features is None and not given:
            raise BadInput("the network shows no layer of its own: give a Net of a Flax module")
        features = given[-1] if features is None else features
        if not isinstance(features, jax.Array):
            raise BadInput(f"the network hands out {len(jax.tree.leaves(features))} features, and one is wanted")
        return _flat(features.astype(jnp.float32)), moved

    return net._replace(apply=apply)


def _weights(params, path):
    return any(jnp.ndim(leaf) > 1 for leaf in jax.tree.leaves(params.get(path[0], {})))


def _flat(x):
    return x if x.ndim <= 2 else jnp.mean(x, axis=tuple(range(1, x.ndim - 1)))

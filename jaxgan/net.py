"""The one seam to Flax: a network is two pure functions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax


class Net(NamedTuple):
    """A network as two pure functions. `classes` is the length of the label it takes, None where it takes none."""

    init: Callable  # (key, *inputs) -> variables {"params": ..., **stats}
    apply: Callable  # (variables, *inputs, key=None, train=True) -> (out, moved)
    classes: int | None = None


class Judged(NamedTuple):
    """What a discriminator says that hands out its features too: only the logits are judged by."""

    logits: Any  # [B], or a tree of logits
    features: Any  # what it sees, a tree


def from_flax(module, classes=None):
    """Net of a Linen module whose __call__ is (*inputs, train). Its random stream, where it draws, is called "draw"."""

    @jax.jit  # op by op an initialisation takes seconds; compiled, the forward pass is not even run
    def init(key, *inputs):
        return module.init({"params": key, "draw": key}, *inputs, train=True)

    def apply(variables, *inputs, key=None, train=True):
        rngs = None if key is None else {"draw": key}
        stats = [name for name in variables if name != "params"]
        if not (train and stats):
            return module.apply(variables, *inputs, train=train, rngs=rngs), {}
        return module.apply(variables, *inputs, train=True, rngs=rngs, mutable=stats)

    return Net(init, apply, classes)

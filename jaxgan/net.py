"""The one seam to Flax: a network is two pure functions."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax


class Net(NamedTuple):
    """A network as two pure functions. `classes` is the length of the label it takes, None where it takes none."""

    init: Callable  # (key, *inputs) -> variables {"params": ..., **stats}
    apply: Callable  # (variables, *inputs, key=None, train=True) -> (out, moved); with index=None too where indexed
    classes: int | None = None
    indexed: bool = False  # whether apply draws for each sample, and takes its place in the global batch, int32 [B]


class Judged(NamedTuple):
    """What a discriminator says that hands out its features too: only the logits are judged by."""

    logits: Any  # [B], or a tree of logits
    features: Any  # what it sees, a tree


MEMORY = "memory"  # the collection of what a task remembers beside a network: never shown to the network's module


def from_flax(module, classes=None, indexed=False):
    """Net of a Linen module whose __call__ is (*inputs, train), and takes index=None as well where `indexed`.

    Its random stream, where it draws, is called "draw".
    """

    @jax.jit  # op by op an initialisation takes seconds; compiled, the forward pass is not even run
    def init(key, *inputs):
        return module.init({"params": key, "draw": key}, *inputs, train=True)

    def apply(variables, *inputs, key=None, train=True, **place):
        variables = {name: value for name, value in variables.items() if name != MEMORY}
        rngs = None if key is None else {"draw": key}
        stats = [name for name in variables if name != "params"]
        if not (train and stats):
            return module.apply(variables, *inputs, train=train, rngs=rngs, **place), {}
        return module.apply(variables, *inputs, train=True, rngs=rngs, mutable=stats, **place)

    return Net(init, apply, classes, indexed)

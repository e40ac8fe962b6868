"""FLOPs of a training's step: what XLA counts in programs without loops and branches."""

import dataclasses
from collections.abc import Mapping
from types import ModuleType

import jax

from jaxgan import build, layers
from jaxgan.data import batch
from jaxgan.data.dataset import Spec
from jaxgan.options import Config


def count_flops(recipe: ModuleType, config: Config, specs: Mapping[str, Spec], devices: int = 1) -> float:
    """FLOPs of one step, the mean over a training, shared by some devices: what all of them do alike is counted once.

    Of programs that are lowered for it and not compiled: XLA counts nothing of what a compiled one leaves to a library, the
    body of a loop once (the turns of D before the last, microbatches), and of a lazy penalty's two branches the dearer one. So
    turns are counted one by one, and each kind of step by its share. The second pass of G that microbatches cost is left out: it
    is no part of the model.
    """
    made = build.experiment(recipe, config, specs)
    state = jax.eval_shape(lambda: build.initial_state(made, config, specs))
    found = {}
    for turns in {1, min(config.d_steps, 2)}:
        plain = dataclasses.replace(config, d_steps=turns, microbatches=1)
        steps = build.kinds(recipe, plain, specs)
        found[turns] = sum(share * _lowered(step, state, plain, specs) for share, step, _ in steps)
    return (found[1] + (config.d_steps - 1) * (found.get(2, found[1]) - found[1])) / devices


def _lowered(step, state, config, specs):
    """FLOPs that XLA counts in the lowered step of a batch on one device, of convolutions in their direct form."""
    with layers.direct_form():
        return float(jax.jit(step).lower(state, batch.like_step(config, specs)).cost_analysis()["flops"])

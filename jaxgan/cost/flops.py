"""FLOPs of a training's step: what XLA counts, put right where it counts a loop's body once or all of a branch."""

import dataclasses
from collections.abc import Mapping
from types import ModuleType

import jax

from jaxgan import build
from jaxgan.data import batch
from jaxgan.data.dataset import Spec
from jaxgan.options import Config


def count_flops(recipe: ModuleType, config: Config, specs: Mapping[str, Spec], compiled: jax.stages.Compiled) -> float:
    """FLOPs of one step on each device, the mean over a training, of the program `compiled` for it.

    XLA counts the body of a loop once, so that a dispatch of many steps counts as one; but the turns of D before the last are
    a loop too, microbatches are one, and of a lazy penalty's two branches the dearer one counts. Those are put right by the
    ratio of what XLA counts in programs without loops and branches, which are not compiled: to a few per cent. The second
    pass of G that microbatches cost is left out: it is no part of the model.
    """
    counted = float(compiled.cost_analysis()["flops"])
    if config.d_steps <= 2 and config.microbatches == 1 and len(build.kinds(recipe, config, specs)) == 1:
        return counted
    made = build.experiment(recipe, config, specs)
    state = jax.eval_shape(lambda: build.initial_state(made, config, specs))
    return counted * _true(recipe, config, specs, state) / _lowered(made.step, state, config, specs)


def _true(recipe, config, specs, state):
    """FLOPs, as lowered, of the mean step: D's turns one by one, each kind of step by its share."""
    found = {}
    for turns in {1, min(config.d_steps, 2)}:
        plain = dataclasses.replace(config, d_steps=turns, microbatches=1)
        steps = build.kinds(recipe, plain, specs)
        found[turns] = sum(share * _lowered(step, state, plain, specs) for share, step in steps)
    return found[1] + (config.d_steps - 1) * (found.get(2, found[1]) - found[1])


def _lowered(step, state, config, specs):
    """FLOPs that XLA counts in the lowered step of a batch on one device."""
    return float(jax.jit(step).lower(state, batch.like_step(config, specs)).cost_analysis()["flops"])

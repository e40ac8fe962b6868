"""A run opened again."""

import contextlib
import dataclasses
from typing import Any, NamedTuple

import jax

from jaxgan import build, recipes, runs
from jaxgan.checkpoint import Checkpoints
from jaxgan.core import GAN, State
from jaxgan.data import Facts
from jaxgan.errors import BadInput
from jaxgan.optim import averages


class Loaded(NamedTuple):
    """A run opened: `gan.sample(state.ema, batch, key)` draws from it."""

    gan: GAN
    config: Any
    state: State
    facts: Facts
    noise: Any


def load(run, *, step=None, truncation=None, raw=False, ema_sigma=None):
    """Loaded of a run's folder: the gan, the config and the newest state that is whole (or that of `step`).

    truncation: how much of it the gan's samples have, in place of what the run was trained with. What `state.ema` is:
    raw: G's own weights, not their average. ema_sigma: an average of this width, as a share of the training up to that
    state, put together from the run's checkpoints by `averages.reconstruct`.
    Raises BadInput where there is no run or no checkpoint, where the recipe's G cannot be truncated, and for an ema_sigma of
    raw weights or of a run that was not trained with posthoc_ema.
    """
    if raw and ema_sigma is not None:
        raise BadInput(f"--raw takes no average and --ema-sigma {ema_sigma} asks for one: leave one of them away")
    run = runs.open_run(run)
    config = run.config
    if truncation is not None:
        if not hasattr(config, "truncation"):
            raise BadInput(
                f"--truncation {truncation}, but {run.recipe} has no space of styles to truncate: leave it away"
            )
        config = dataclasses.replace(config, truncation=truncation)
    setup = build.setup(recipes.get(run.recipe), config, run.facts)
    shapes = jax.eval_shape(lambda: runs.fresh_state(setup, config, run.facts))
    with _checkpoints(run) as store:
        state = store.restore(shapes, only=step)[0]
        if ema_sigma is not None:
            others = (store.restore(shapes, only=other)[0] for other in store.steps() if other < state.step)
            snapshots = [averages.snapshot(each.g.opt) for each in (*others, state)]
            state = state._replace(ema={**state.ema, "params": averages.reconstruct(snapshots, ema_sigma)})
    if raw:
        state = state._replace(ema=state.g.variables)
    return Loaded(setup.gan, config, state, run.facts, setup.noise)


def pick(run, which):
    """Step of a run's checkpoint, "best" by its --best-metric or a number; None for "latest", the newest that is whole.

    Raises BadInput where there is none.
    """
    if which == "latest":
        return None
    with _checkpoints(run) as store:
        steps = store.steps()
        if which == "best":
            if not run.config.best_metric:
                raise BadInput(f"{run.folder} was trained without --best-metric: give --checkpoint latest or a step")
            name, sign = run.config.best_metric.lstrip("+"), -1 if run.config.best_metric.startswith("+") else 1
            return min(steps, key=lambda step: sign * store.note(step)["metrics"].get(name, sign * float("inf")))
    if not str(which).isdigit() or int(which) not in steps:
        there = ", ".join(map(str, steps))
        raise BadInput(f"{run.folder} has no checkpoint {which}: there are {there}, latest and best")
    return int(which)


@contextlib.contextmanager
def _checkpoints(run):
    """The run's Checkpoints, to read. Raises BadInput where it has none."""
    store = Checkpoints(run.checkpoints, read_only=True) if run.checkpoints.is_dir() else None
    try:
        if store is None or not store.steps():
            raise BadInput(f"{run.folder} has no checkpoint yet: let it train to its first one")
        yield store
    finally:
        if store is not None:
            store.close()

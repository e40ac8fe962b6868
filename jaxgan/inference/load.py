"""A run opened again: its networks and a state, no optimizer and no step."""

import contextlib
import dataclasses
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import build, runs, runtime, steps
from jaxgan.checkpoint import Checkpoints
from jaxgan.core import GAN, Player, State
from jaxgan.data import DatasetInfo
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.net import Net
from jaxgan.optim import averages
from jaxgan.sharing import Variables, with_index


class Loaded(NamedTuple):
    """A run opened: `gan.sample(state.ema, batch, key)` draws from it. The optimizers in `state` are nested dicts."""

    gan: GAN
    config: Any
    state: State
    data: DatasetInfo
    noise: Any  # (key, index) -> latents, None where G takes none
    generator: Net | None = None  # G alone, where the game is `Ingredients.adversarial`


def load(
    run: runs.Run | str | Path,
    *,
    recipe: str | Path | ModuleType | None = None,
    step: int | None = None,
    truncation: float | None = None,
    raw: bool = False,
    ema_sigma: float | None = None,
) -> Loaded:
    """Loaded of a run, or of its folder: the gan, the config and the newest state that is whole (or that of `step`).

    recipe: the file of a recipe of one's own. truncation: how much of it the gan's samples have, in place of what the run was
    trained with. What `state.ema` is: raw: G's own weights, not their average. ema_sigma: an average of this width, as a
    share of the training up to that state, put together from the run's checkpoints by `averages.reconstruct`.
    Raises BadInput where there is no run or no checkpoint, where the recipe's G cannot be truncated, and for an ema_sigma of
    raw weights or of a run that was not trained with posthoc_ema.
    """
    if raw and ema_sigma is not None:
        raise BadInput(f"--raw takes no average and --ema-sigma {ema_sigma} asks for one: remove one of them")
    run = runs.open_run(run, recipe)
    config = run.config
    if truncation is not None:
        if not hasattr(config, "truncation"):
            raise BadInput(f"--truncation {truncation}, but {run.name} has no space of styles to truncate: remove it")
        config = dataclasses.replace(config, truncation=truncation)
    made: list[Net] = []
    here = build.computed(config, jax.devices()[0])
    ingredients = build.ingredients_of(here, run.data.specs)._replace(see=made.append)
    gan = run.recipe.build(here, run.data.specs, ingredients)
    shapes = _shapes(gan, config, run.data.specs)
    with _checkpoints(run) as store:
        state = store.restore(shapes, only=step)[0]
        if ema_sigma is not None:
            others = (store.restore(shapes, only=other)[0] for other in store.steps() if other < state.step)
            snapshots = [averages.snapshot(each.g.opt) for each in (*others, state)]
            state = state._replace(ema={**state.ema, "params": averages.reconstruct(snapshots, ema_sigma)})
    if raw:
        state = state._replace(ema=state.g.variables)
    noise = build.latents(config) if hasattr(config, "noise") else None
    return Loaded(gan, config, state, run.data, noise, made[0] if made else None)


def takes_latents(loaded: Loaded) -> bool:
    """Whether what G makes depends on batch["z"]: where latents are drawn, and not by a game of its own."""
    config = loaded.config
    if loaded.noise is None or set(config.given) - {LABEL}:
        return False
    given = batches.conditions(config, loaded.data.specs, 2)
    z = np.asarray(loaded.noise(jax.random.key(0), np.arange(4)))
    draw = jax.jit(loaded.gan.sample)
    one, other = (
        draw(loaded.state.ema, {**batches.indexed(0, 2), **given, "z": x}, jax.random.key(0)) for x in (z[:2], z[2:])
    )
    return not np.array_equal(one, other)


def untrained(loaded: Loaded) -> Variables:
    """Variables of G before its first step."""

    def begin():
        key = jax.random.split(jax.random.key(loaded.config.seed))[0]  # as `core.init_state` does
        return loaded.gan.init(key, with_index(batches.zeros(loaded.config, loaded.data.specs))).g

    return jax.jit(begin, compiler_options=runtime.for_once())()


def _shapes(gan, config, specs):
    """Shapes of a State whose optimizers are not known."""
    g, d = jax.eval_shape(lambda: gan.init(jax.random.key(0), with_index(batches.zeros(config, specs))))
    key = jax.eval_shape(lambda: jax.random.key(0))
    side = lambda v: Player(v["params"], {name: x for name, x in v.items() if name != "params"}, None)
    skips = jax.eval_shape(steps.no_skips) if config.counts_skips else {}
    return State(jax.ShapeDtypeStruct((), jnp.int32), key, side(g), side(d), g, skips)


def pick(run: runs.Run, which: str | int) -> int | None:
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
            return min(steps, key=lambda step: sign * _number(store, step, name, sign * float("inf")))
    if not str(which).isdecimal() or int(which) not in steps:
        there = ", ".join(map(str, steps))
        raise BadInput(f"{run.folder} has no checkpoint {which}: there are {there}, latest and best")
    return int(which)


def _number(store, step, name, worst):
    """A metric beside a checkpoint, the worst value where that is damaged."""
    try:
        found = store.metadata(step)["metrics"][name]
    except Exception:  # whatever a damaged file makes Orbax raise
        return worst
    return found if type(found) in (int, float) and found == found else worst


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

"""From a recipe, its config and data to the program of a training, compiled at its first step."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan import build, data, parallel, recipes, runtime, steps
from jaxgan.config import check_inactive
from jaxgan.core import State
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput, positive
from jaxgan.training import scalars

Recipe = str | Path | ModuleType  # a name, the path of a file, or the module
Config = Any  # of the recipe


class CompiledStep(NamedTuple):
    """A recipe's functions, its batches, and the wrapped step that takes them."""

    experiment: build.Experiment
    loader: data.Loader
    wrapped: Any  # (state, batch, *counted(n), *shared) -> (state, metrics)
    mode: str
    counted: Callable  # (count) -> the arguments that say how many steps a dispatch has
    chunk: int  # steps a dispatch, at most
    devices: int
    begin: Callable  # () -> State at step 0
    dtype: str  # that the networks compute in

    def batch(self, step: int, upcoming: Sequence[int] | None = None) -> Any:
        """What the program for the steps from `step` on is given."""
        return self.loader.batch(step, upcoming)

    def initial(self) -> State:
        """The state at step 0, made where it belongs: one device may not hold it whole."""
        where = self.wrapped.where_state(jax.eval_shape(self.begin))
        return jax.jit(self.begin, out_shardings=where, compiler_options=runtime.for_once())()

    def restored(self, states: Sequence[State]) -> State:
        """The state of a run that goes on, of the States of its members: there is one."""
        return states[0]

    def member(self, state: State, i: int) -> State:
        """State of a member: of the one that there is."""
        del i
        return state

    def stepper(self) -> Callable[..., Any]:
        """(state, batch, count) -> (state, metrics), with what follows every batch on its devices."""
        shared = [self.wrapped.follow(tree) for tree in self.loader.shared]
        return lambda state, batch, count: self.wrapped(state, batch, *self.counted(count), *shared)

    def lower(self, state: State) -> Any:
        """The program of a whole dispatch, lowered for these shapes of a state."""
        return self.wrapped.lower(state, self.loader.like(), *self.counted(self.chunk), *self.loader.shared)


def prepare(recipe: Recipe, config: Config) -> data.Dataset:
    """Dataset that a recipe is to be trained on. Raises BadInput where there is none, and where a field has no effect."""
    recipe = recipes.get(recipe)
    named = lambda kind: f"{kind.__module__}.{kind.__qualname__}"  # a file may have been imported twice
    if not isinstance(config, recipe.Config) and named(type(config)) != named(recipe.Config):
        raise BadInput(
            f"the config is a {named(type(config))}, and {recipes.name(recipe)} takes {named(recipe.Config)}"
        )
    check_inactive(config, recipe.TINY)
    if not config.data:
        raise BadInput(
            f"{recipes.name(recipe)} has no data set of its own: give --data, a folder of images or idx files, an .npz, or "
            "digits"
        )
    dataset = data.load(config.data, **config.fitting)
    batches.check(config, dataset)
    return dataset


def deadline(max_minutes: float | None) -> float:
    """The time.monotonic() of so many minutes from now, infinity for None. Raises BadInput for less than any."""
    positive("--max-minutes", max_minutes)
    return time.monotonic() + 60 * (float("inf") if max_minutes is None else max_minutes)


def compose(
    recipe: Recipe, config: Config, dataset: data.Dataset, mode: str, devices: Sequence[jax.Device], ema_seen: float = 0
) -> CompiledStep:
    """CompiledStep of a recipe on these devices. ema_seen: images before step 0, as `core.make_step` takes them.

    Raises BadInput where recipe and data do not fit.
    """
    recipe, config = recipes.get(recipe), build.computed(config, devices[0])
    values = {"ema_seen": ema_seen} if ema_seen else None
    experiment = build.experiment(recipe, config, dataset.specs, parallel.axis_name(mode), values)
    parallel.check_divisible(config.batch_size, len(devices), config.batch_parts)
    scalars.check(recipe, config, dataset.specs)
    batched = loader(dataset, config, parallel.own_rows(mode, devices, config.batch_size))
    step = dispatch(experiment.step, batched, config)
    wrapped = parallel.wrap(mode, step, devices, batched.batch_axis, batched.rows)
    begin = lambda: build.initial_state(experiment, config, dataset.specs)
    count, chunk = partial(counted, config), config.steps_per_dispatch
    return CompiledStep(experiment, batched, wrapped, mode, count, chunk, len(devices), begin, config.dtype)


def loader(dataset: data.Dataset, config: Config, own: np.ndarray | None = None) -> data.Loader:
    """data.Loader of the batches that a config asks for. own: the rows of each that this process reads, all by default."""
    return data.Loader(
        dataset,
        config.batch_size,
        seed=config.seed,
        columns=batches.fed(config),
        unpaired=config.unpaired,
        flip=config.flip,
        turns=config.d_steps,
        chunk=config.steps_per_dispatch,
        own=own,
    )


def dispatch(step: Callable[..., Any], loader: data.Loader, config: Config) -> Callable[..., Any]:
    """The step that takes a Loader's batches and what they share; with several a dispatch also how many, see `steps.up_to`."""
    step = loader.gathering(step)
    return steps.up_to(step) if config.steps_per_dispatch > 1 else step


def counted(config: Config, count: int) -> tuple[Any, ...]:
    """What `dispatch`'s step takes besides the batch: how many steps of it, where a dispatch may have several."""
    return (np.int32(count),) if config.steps_per_dispatch > 1 else ()


def held_out(config: Config, dataset: data.Dataset) -> data.Dataset | None:
    """Dataset that inputs of G are taken from where people look: what the source holds out; None where no game needs it.

    And that classes are named of, where D names some. dataset: what is trained on.
    """
    if set(config.given) <= {LABEL} and not config.beside:
        return None
    return data.held_out(config.data, **config.fitting, like=dataset)

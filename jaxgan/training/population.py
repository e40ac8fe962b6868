"""Several GANs of one recipe in one program: seeds, rates and other numbers side by side.

Their weights become one array with a leading axis. It can pay where a GAN alone does not fill the device;
benchmarks/README.md says what it did where.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import build, recipes, runtime
from jaxgan.core import State
from jaxgan.data import Dataset
from jaxgan.errors import BadInput, unknown
from jaxgan.layers import onednn
from jaxgan.options.burn_in import movable
from jaxgan.training import scalars
from jaxgan.training.compiled import Recipe, counted, dispatch, loader

MOST = 4096  # members
_AXES = State(step=None, key=0, g=0, d=0, ema=0, skips=0)  # all are at the same step, so that lazy penalties stay lazy


def members(config: Any, count: int = 1, sweep: Sequence[str] = ()) -> list[Any]:
    """Configs: every combination of the values in `sweep`, NAME=VALUE,VALUE,... each, with `count` seeds from --seed on."""
    axes: list[list[dict[str, Any]]] = []
    for words in sweep:
        name, _, values = words.partition("=")
        name = name.strip("-").replace("-", "_")
        if any(name in axis[0] for axis in axes):
            raise BadInput(f"--sweep has {name} twice: give all of its values in one, {name}=NUMBER,NUMBER,...")
        if name not in movable(type(config)):
            raise unknown("--sweep", name, movable(type(config)))
        try:
            axes.append([{name: float(value)} for value in values.split(",")])
        except ValueError:
            raise BadInput(f"--sweep is {words!r}: give {name}=NUMBER,NUMBER,...") from None
    if not 1 <= count <= MOST:
        raise BadInput(f"--population is {count}: give 1 to {MOST}")
    axes.append([{"seed": config.seed + i} for i in range(count)])
    if math.prod(map(len, axes)) > MOST:
        raise BadInput(f"--sweep and --population make {math.prod(map(len, axes))} runs: give {MOST} or less")
    merged = [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*axes)]
    return [dataclasses.replace(config, **values) for values in merged]


class Population:
    """The program of several members on one device, with the face of a `CompiledStep`.

    values: name -> [members], what they differ in besides the seed.
    """

    mode, devices = "single", 1

    def __init__(
        self, recipe: Recipe, configs: Sequence[Any], dataset: Dataset, device: jax.Device | None = None
    ) -> None:
        device = device or jax.devices()[0]
        first = build.computed(configs[0], device)
        differ = {f.name for f in dataclasses.fields(first) if len({getattr(c, f.name) for c in configs}) > 1}
        may = ("seed", *movable(type(first)))
        if differ - {*may}:
            raise BadInput(f"members differ in {', '.join(sorted(differ))}: a population may in {', '.join(may)}")
        recipe, names, specs = recipes.get(recipe), sorted(differ - {"seed"}), dataset.specs
        scalars.check(recipe, first, specs)
        self.experiment = build.experiment(recipe, first, specs)
        self.dtype = first.dtype
        self.values = {name: jnp.float32([getattr(config, name) for config in configs]) for name in names}
        self._loaders = [loader(dataset, config) for config in configs]

        def member(state, batch, values, *shared):
            one = build.experiment(recipe, first, specs, values=values).step
            return dispatch(one, self._loaders[0], first)(state, batch, *shared)

        initial = lambda key: build.initial_state(self.experiment, first, specs, key)
        begin = jax.jit(initial, compiler_options=runtime.for_once())
        self.begin = lambda: build.initial_state(self.experiment, first, specs)
        self._device, self._initial = device, lambda: [begin(jax.random.key(config.seed)) for config in configs]
        values, *shared = jax.device_put((self.values, *self._loaders[0].shared), device)
        count = partial(counted, first)
        axes = (_AXES, 0, 0, *(None for _ in (*count(1), *shared)))
        together = jax.vmap(member, in_axes=axes, out_axes=(_AXES, 0))
        self.compiled = onednn.jit(together, device.platform, donate_argnums=0)
        self.arguments = lambda n: (values, *count(n), *shared)  # behind state and batch

    def initial(self) -> State:
        """The state of all at step 0."""
        return self.restored(self._initial())

    def restored(self, states: Sequence[State]) -> State:
        """The state of all, of the States of the members, which are at the same step."""
        together = jax.tree.map(lambda *x: jnp.stack(x), *states)._replace(step=states[0].step)
        return jax.device_put(together, self._device)

    def member(self, state: State, i: int) -> State:
        """State of a member."""
        rest = jax.tree.map(lambda x: x[i], state._replace(step=None))
        return rest._replace(step=jnp.array(state.step))

    def stepper(self) -> Callable[..., Any]:
        """(state, batch, count) -> (state, metrics)."""
        return self.advance

    def advance(self, state: State, batch: Any, count: int) -> Any:
        """(state, metrics) after `count` steps."""
        return self.compiled(state, batch, *self.arguments(count))

    def batch(self, step: int, upcoming: Sequence[int] | None = None) -> Any:
        """What the program for the steps from `step` on is given."""
        return jax.tree.map(lambda *x: np.stack(x), *(own.batch(step, upcoming) for own in self._loaders))

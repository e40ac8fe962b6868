"""Maps of JAX's own kind: traced as one operation, and written out only for the platform that a program is lowered for.

So what is fast on a CPU never gets into a program for a GPU, and tracing and differentiating meet one operation where its form
has dozens. The one place of the library that registers anything with JAX.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
from jax.extend import core
from jax.interpreters import ad, batching, mlir
from jax.sharding import NamedSharding, PartitionSpec

from jaxgan.errors import BadInput

Map = Any  # with bind(*arrays, **parameters) -> array


def primitive(
    name: str,
    shape: Callable[..., tuple[int, ...]],
    form: Callable[..., jax.Array],
    batched: Callable[..., tuple[jax.Array, int]],
    static: Sequence[str],
    inline: bool = True,
) -> Map:
    """A map of arrays whose result has the dtype of the first. static: names of its parameters, which are hashable.

    shape: (*arrays with a shape, **parameters) -> that of the result. form: (platform, *arrays, **parameters) -> what it is,
    platform "cpu" or "own", any other. batched: (arrays, axis or None of each, **parameters) -> what vmap makes of it, and its
    axis. inline: whether a program has the form at every place, or once, as a function of its own.
    """
    p = core.Primitive(name)

    def abstract(first, *rest, **params):
        if any(axis is not None for axis in first.sharding.spec):
            raise BadInput(
                f"{name} is given an array cut over {first.sharding.spec} of a mesh whose axes are Explicit: make it with "
                "axis_types=(jax.sharding.AxisType.Auto,) * axes, or by jaxgan.parallel.mesh"
            )
        found = shape(first, *rest, **params)
        sharding = NamedSharding(first.sharding.mesh, PartitionSpec(*(None,) * len(found)))
        return first.update(shape=found, weak_type=False, sharding=sharding)

    p.def_abstract_eval(abstract)
    compiled = jax.jit(p.bind, static_argnames=tuple(static))

    def run(*arrays, **params):
        with jax.disable_jit(False):  # else bind, of which this is the program, would come back here
            return compiled(*arrays, **params)

    p.def_impl(run)
    batching.primitive_batchers[p] = batched
    own, cpu = (mlir.lower_fun(partial(form, platform), multiple_results=False) for platform in ("own", "cpu"))
    mlir.register_lowering(p, own, inline=inline)
    mlir.register_lowering(p, cpu, platform="cpu", inline=inline)
    return p


def linear(p: Map, transposed: Callable[..., jax.Array]) -> None:
    """Says that p is linear. transposed: (cotangent, **parameters) -> of what p was of."""
    ad.deflinear(p, lambda ct, **params: [transposed(ct, **params)])


def bilinear(p: Map, first: Callable[..., jax.Array], second: Callable[..., jax.Array]) -> None:
    """Says that p is linear in either argument. first, second: (cotangent, the other argument, **parameters) -> the transpose."""
    ad.defbilinear(
        p,
        lambda ct, x, y, **params: first(ct, y, **params),
        lambda ct, x, y, **params: second(ct, x, **params),
    )


def varying(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Both, said to differ between the devices of a shard_map where one of them does."""
    axes = [jax.typeof(a).manual_axis_type.varying for a in (x, y)]
    missing = axes[1] - axes[0], axes[0] - axes[1]
    cast = lambda a, axes: jax.lax.pcast(a, tuple(axes), to="varying") if axes else a
    return cast(x, missing[0]), cast(y, missing[1])

"""What several devices, and several parts of a batch, make of one step: means, and memories that are never averaged."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput

Array = jax.Array | np.ndarray
Key = jax.Array  # a typed key of jax.random, or several
Axis = str | tuple[str, ...] | None  # of devices that share a batch, as `jax.lax.pmean` takes it
Tree = Any  # a pytree of arrays
Variables = dict[str, Any]  # collections of one side: {"params": ..., **stats}
Batch = Mapping[str, Array]  # columns by name, [B, ...]
Step = Callable[..., tuple[Any, Any]]  # (state, batch, *shared) -> (state, metrics: a Pair)

MEMORY = "memory"
"""The collection of samples that a side remembers, a pool say: never averaged. All that a side remembers else is."""
COPIED = (MEMORY, "w_avg")
"""Collections that the average of G takes as they are: samples, and what is a moving average already."""


_COUPLED = ("rbg", "unsafe_rbg")  # implementations of keys
_whole: ContextVar[jax.sharding.Sharding | None] = ContextVar("_whole", default=None)
_shared: ContextVar[str | None] = ContextVar("_shared", default=None)
_parts: ContextVar[int] = ContextVar("_parts", default=1)


@contextlib.contextmanager
def within(var: ContextVar[Any], value: Any) -> Iterator[None]:
    """Context in which a variable of contexts, of a trace say, has this value."""
    token = var.set(value)
    try:
        yield
    finally:
        var.reset(token)


def whole(where: jax.sharding.Sharding) -> contextlib.AbstractContextManager[None]:
    """Context of a trace, for a mesh that keeps the state in shares: parameters are used, and gradients come out, whole on each.

    Said where they are, not left to the partitioner: it cuts activations as the state is cut, and gathers those of all samples.
    """
    return within(_whole, where)


def shared_over(axis_name: Axis) -> contextlib.AbstractContextManager[None]:
    """Context of a trace whose devices have a share of the batch each, under this axis: a step of no axis is refused in it."""
    return within(_shared, axis_name)


def check_axis(axis_name: Axis) -> None:
    """Raises BadInput where what is made for this axis is traced under another: each device would learn from its own share."""
    if (bound := _shared.get()) is not None and axis_name != bound:
        raise BadInput(
            f"this was made with axis_name={axis_name!r}, and devices share the batch over {bound!r}: "
            f"give axis_name={bound!r}, parallel.AXIS"
        )
    try:
        jax.lax.psum(1, () if axis_name is None else axis_name)
    except NameError as error:
        raise BadInput(
            f"this was made with axis_name={axis_name!r}, and no devices share the batch here: leave axis_name out"
        ) from error


def check_batch(batch: Batch, turns: int, axis_name: Axis) -> None:
    """Raises BadInput as `check_axis`, and where there are several turns, and no axis of them in front of all of the batch."""
    check_axis(axis_name)
    for leaf in jax.tree.leaves(batch) if turns > 1 else ():
        if leaf.shape[:1] != (turns,):
            raise BadInput(
                f"there are {turns} turns of D in a step, and the batch has {leaf.dtype}{list(leaf.shape)}: "
                f"give all of it an axis of {turns} in front, a slice a turn"
            )


def parts() -> int:
    """Of how many parts of a turn's batch what is traced sees one."""
    return _parts.get()


def average(tree: Tree, axis_name: Axis) -> Tree:
    """Tree with its floating leaves averaged over the axis. Counters, masks and keys have to agree already."""
    if axis_name is None and (where := _whole.get()) is not None:
        return jax.lax.with_sharding_constraint(tree, where)
    return tree if axis_name is None else jax.tree.map(floats(lambda x: jax.lax.pmean(x, axis_name)), tree)


def blended(new: Variables, old: Variables, keep: ArrayLike) -> Variables:
    """Variables of which a share `keep` is old; those COPIED are the new ones."""
    average = jax.tree.map(floats(lambda new, old: (new + keep * (old - new)).astype(new.dtype)), new, old)
    return average | {name: new[name] for name in COPIED if name in new}


def gather(tree: Tree, axis_name: Axis) -> Tree:
    """Tree with the rows [B, ...] of all devices in order of "index", the same on each."""

    def whole(x):
        rows, kind = x.shape[0], jnp.promote_types(x.dtype, jnp.int8)
        total = local(jnp.zeros((jax.lax.psum(1, axis_name) * rows, *x.shape[1:]), kind), axis_name)
        first = jax.lax.axis_index(axis_name) * rows
        own = jax.lax.dynamic_update_slice_in_dim(total, x.astype(kind), first, 0)
        # a sum, and no all_gather: the same on all, which JAX can see
        return jax.lax.psum(own, axis_name).astype(x.dtype)

    return jax.tree.map(whole, tree)


def mean_of_parts(
    f: Callable[..., tuple[Tree, Variables, dict]], player: Any, batch: Batch, count: int, axis_name: Axis
) -> tuple[tuple[Tree, Variables, dict], Variables]:
    """(mean of f(player, part) over `count` parts of the batch, one after the other; the MEMORY that the last one left).

    f: -> (grads, moved, metrics). Part i has rows i, i + count, ... Raises BadInput where the batch does not divide, and for what
    moved and is no collection of the player's.
    """

    def one(memory, part):
        with within(_parts, count):
            grads, moved, metrics = f(player._replace(stats={**player.stats, **memory}), part)
        _check_kept(moved, player.stats)
        memory = {MEMORY: moved[MEMORY]} if MEMORY in moved else memory
        return memory, (grads, {name: x for name, x in moved.items() if name != MEMORY}, metrics)

    memory = {name: x for name, x in player.stats.items() if name == MEMORY}
    if count == 1:
        memory, found = one(memory, batch)
        return found, memory
    (rows,) = rows_of(batch, scalars=False)
    if rows % count:
        raise BadInput(f"a batch of {rows} a device does not divide into {count} microbatches: change one of them")
    # strided, so that on a mesh every device has its share of every part
    parts = jax.tree.map(lambda x: x.reshape(rows // count, count, *x.shape[1:]).swapaxes(0, 1), batch)
    shapes = jax.eval_shape(one, memory, jax.tree.map(lambda x: x[0], parts))[1]
    zeros = local(jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes), axis_name)

    def add(carry, part):
        total, memory = carry
        memory, found = one(memory, part)
        return (jax.tree.map(floats(lambda new, old: old + new / count), found, total), memory), None

    return jax.lax.scan(add, (zeros, memory), parts)[0]


def measured(loss: jax.Array, metrics: Mapping[str, Any]) -> dict[str, jax.Array]:
    """Metrics of a side, its loss among them, as floats, of which there are means. Raises BadInput for another "loss"."""
    if "loss" in metrics:
        raise BadInput('a metric of the game is called "loss", as the side\'s own is: give it another name')
    return {"loss": loss, **{name: _floating(x) for name, x in metrics.items()}}


def _floating(x):
    return jnp.asarray(x, jnp.result_type(x, float))


def _check_kept(moved, stats):
    """Raises BadInput where a network hands back what it learns, or collections that it has not begun with."""
    if "params" in moved:
        raise BadInput(
            'what moved has "params", which the optimizer alone moves: give back the collections beside them'
        )
    if unknown := ", ".join(sorted(moved.keys() - stats.keys())):
        made = ", ".join(sorted(stats)) or "none"
        raise BadInput(f"{unknown} moved, which `init` has not made: it has {made} beside params")


class RareTermFn(Protocol):
    """(value, moved, metrics): a term of one side's loss, the collections of that side that moved, and what it measures.

    variables: of the side, as before its pass; given: of G's term (batch, key), of D's (fakes, batch, key), as of `generate` and
    `losses`. What it moves are collections that `init` has made and that the game moves nowhere else, no MEMORY.
    """

    def __call__(self, variables: Variables, /, *given: Any) -> tuple[jax.Array, Variables, dict[str, jax.Array]]: ...


def with_term(
    term: RareTermFn | None,
    due: ArrayLike,
    found: tuple[Tree, Variables, dict],
    axis_name: Axis,
    params: Tree,
    stats: Variables,
    *given: Any,
) -> tuple[Tree, Variables, dict]:
    """found, (grads, moved, metrics) of a side, with those of a `RareTermFn`, of a derivative of its own, where it is due.

    params, stats: the side's, `local`. A metric that the term alone has is NaN where it is not due; others are summed. Raises
    BadInput for a collection that the term is not to move.
    """
    if term is None:
        return found

    def loss(params, stats, *given):
        value, moved, metrics = term({"params": params, **stats}, *given)
        return value, (moved, measured(value, metrics))  # floats: NaN where it is not due

    derive = jax.jit(jax.grad(loss, has_aux=True), inline=True)  # traced once, for the shapes and to be run
    shapes_moved, shapes = jax.eval_shape(derive, params, stats, *given)[1]
    grads, moved, metrics = found
    _check_moved(shapes_moved.keys(), moved.keys(), stats.keys())
    metrics = {name: x + jnp.zeros((), shapes[name].dtype) if name in shapes else x for name, x in metrics.items()}
    absent = {name: jnp.full(x.shape, jnp.nan, x.dtype) for name, x in shapes.items() if name not in metrics}
    still = {name: stats[name] for name in shapes_moved}

    def alike(moved, metrics):  # both branches of a cond have to say of a leaf that devices differ in it, or neither
        zero = lambda x: local(jnp.zeros((), x.dtype), axis_name)
        vary = lambda tree: tree if axis_name is None else jax.tree.map(floats(lambda x: x + zero(x)), tree)
        return {name: x if name == MEMORY else vary(x) for name, x in moved.items()}, vary(metrics)

    def add(found):
        grads, moved, metrics = found
        more, (more_moved, more_metrics) = derive(params, stats, *given)
        summed = {name: x if name in absent else metrics[name] + x for name, x in more_metrics.items()}
        return jax.tree.map(jnp.add, grads, more), *alike({**moved, **more_moved}, {**metrics, **summed})

    found = grads, *alike({**still, **moved}, {**metrics, **absent})
    return add(found) if due is True else jax.lax.cond(due, add, lambda found: found, found)


def _check_moved(by_term, by_game, made):
    if MEMORY in by_term:
        raise BadInput(f"a rare term moves {MEMORY}, which the game's own functions alone may: devices share it")
    if both := ", ".join(sorted(by_term & by_game)):
        raise BadInput(
            f"the game and its rare term both move {both}, and one would undo the other: give it one of its own"
        )
    if unknown := ", ".join(sorted(by_term - made)):
        raise BadInput(f"a rare term moves {unknown}, which `init` has not made: it has {', '.join(sorted(made))}")


def floats(f: Callable[..., Any]) -> Callable[..., Any]:
    """f of leaves, where the first is floating; other leaves stay as the first has them."""
    return lambda x, *rest: f(x, *rest) if jnp.issubdtype(x.dtype, jnp.inexact) else x


def local(tree: Tree, axis_name: Axis) -> Tree:
    """Tree as each device's own, so that its gradients are those of the device's share of the batch."""
    if axis_name is None and (where := _whole.get()) is not None:
        return jax.lax.with_sharding_constraint(tree, where)
    # shard_map sums the gradients of replicated parameters by itself, and `average` would then be n times too large
    names = axis_name if isinstance(axis_name, tuple) else (axis_name,)  # of hosts and devices, say
    manual = not set(names).isdisjoint(jax.sharding.get_abstract_mesh().manual_axes)
    varying = lambda x: jax.lax.pcast(x, axis_name, to="varying")
    return jax.tree.map(floats(varying), tree) if manual else tree  # counters and keys stay what all agree on


def with_index(batch: Batch, axis_name: Axis = None) -> Batch:
    """Batch with "index" int32 [B], each sample's index in the global batch, added where it is absent.

    Noise keyed by it ignores the number of devices. On a mesh pass it in, sharded: GSPMD would replicate all of G. Raises
    BadInput where no column says how many samples there are, and where they differ about it and there is no "index".
    """
    if "index" in batch:
        return {**batch}
    (rows,) = rows_of(batch)
    first = 0 if axis_name is None else jax.lax.axis_index(axis_name) * rows
    return {"index": first + jnp.arange(rows, dtype=jnp.int32), **batch}


def rows_of(batch: Batch, axis: int = 0, scalars: bool = True) -> tuple[int, ...]:
    """The shape of the batch's columns up to this axis, that of the samples; scalars: whether a column may have no such axis.

    Raises BadInput where no column says how many samples there are, and where columns differ about it.
    """
    shapes = [(path, np.shape(x)[: axis + 1]) for path, x in jax.tree.leaves_with_path(batch)]
    rows = {shape for _, shape in shapes if shape[axis:]}
    named = lambda path: jax.tree_util.keystr(path, simple=True, separator=".")
    if not rows:
        raise BadInput(
            'no column of the batch says how many samples there are: give {"index": jnp.arange(B)}, arrays [B, ...]'
        )
    if len(rows) > 1:
        found = ", ".join(f"{'x'.join(map(str, shape))} in {named(path)}" for path, shape in shapes if shape[axis:])
        raise BadInput(f"columns of the batch differ in how many samples there are, {found}: give each as many rows")
    if not scalars and (short := ", ".join(named(path) for path, shape in shapes if not shape[axis:])):
        raise BadInput(
            f"{short} of the batch has no axis {axis} of samples, by which it could be shared: give it in another way"
        )
    return rows.pop()


def sample_keys(key: Key, index: ArrayLike) -> Key:
    """Keys [B], one for each index in the global batch: the only way that anything per sample is drawn.

    Raises BadInput for keys whose draws under vmap are not each its own.
    """
    if (impl := str(jax.random.key_impl(key))) in _COUPLED:
        raise BadInput(
            f"the key is of {impl}, whose draws for a sample depend on the others of its batch: give "
            "jax.random.key(seed, impl='threefry2x32'), and leave jax_default_prng_impl as it is"
        )
    return jax.vmap(jax.random.fold_in, (None, 0))(key, index)

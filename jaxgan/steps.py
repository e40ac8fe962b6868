"""Combinators of steps: many in one program, two in turns, and one that comes to nothing where it would spoil the state."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput, check_counts
from jaxgan.sharing import Axis, Batch, Key, Step, check_batch, with_index

_DRAWN = 0x647277  # beside the keys that a step splits off


def repeat(step: Step, k: int) -> Step:
    """(state, batches, *shared) -> (state, metrics of the last step): k steps in one program.

    Every leaf of `batches` has a leading axis of k; `shared` goes to each step whole. Equal to k calls up to rounding.
    """
    check_counts(k=k)

    def play(state, batches, *shared):
        state, metrics = jax.lax.scan(lambda state, batch: step(state, batch, *shared), state, batches, length=k)
        return state, jax.tree.map(lambda x: x[-1], metrics)

    return play


def up_to(step: Step) -> Step:
    """(state, batches, count, *shared) -> (state, metrics of the last step): `count` steps in one program, 1 at least.

    Every leaf of `batches` has a leading axis, of which the first `count` are played: so one program serves for any number,
    and what it gives does not depend on how a training is cut into such dispatches.
    """

    def play(state, batches, count, *shared):
        one = lambda i: jax.tree.map(lambda x: jax.lax.dynamic_index_in_dim(x, i, keepdims=False), batches)
        metrics = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(step, state, one(0), *shared)[1])
        body = lambda i, carry: step(carry[0], one(i), *shared)
        return jax.lax.fori_loop(0, count, body, (state, metrics))

    return play


def drawn(step: Step, draw: Callable[[Batch, Key], Batch], turns: int = 1, axis_name: Axis = None) -> Step:
    """Step whose batch is what `draw` makes of it: (batch with "index", key of the step) -> batch.

    turns: length of the leading axis that every leaf of the batch has where it is above 1, a slice a turn.
    """
    check_counts(turns=turns)

    def play(state, batch, *shared):
        check_batch(batch, turns, axis_name)
        key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), _DRAWN)
        one = lambda batch, key: draw(with_index(batch, axis_name), key)
        batch = one(batch, key) if turns == 1 else jax.vmap(one)(batch, jax.random.split(key, turns))
        return step(state, batch, *shared)

    return play


def guarded(step: Step, most: int = 0) -> Step:
    """Step that comes to nothing where anything that it learns, remembers or averages, or a loss, would not be finite.

    Both players and the average then stay as they were, by one select on the device; the step's number goes on, and with it
    the batch and the draws. state.skips counts such steps, all of them and those in a row: begin with `no_skips()`. Once there
    were `most` in a row, where that is not 0, "in_a_row" stays so, whenever somebody looks.
    """

    def play(state, batch, *shared):
        if not state.skips:
            raise BadInput("the state counts no skips: begin with state._replace(skips=steps.no_skips())")
        new, metrics = step(state, batch, *shared)
        sides = lambda state: (state.g, state.d, state.ema)
        floats = [x for x in jax.tree.leaves((sides(new), metrics.g["loss"], metrics.d["loss"])) if _is_float(x)]
        good = jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in floats]))
        g, d, ema = jax.tree.map(lambda new, old: jnp.where(good, new, old), sides(new), sides(state))
        bad = 1 - good.astype(jnp.int32)
        row = state.skips["in_a_row"]
        counted = jnp.where(good, 0, row + 1)
        in_a_row = jnp.where(row >= most, row, counted) if most else counted
        skips = {"skipped": state.skips["skipped"] + bad, "in_a_row": in_a_row}
        return new._replace(g=g, d=d, ema=ema, skips=skips), metrics

    return play


def no_skips() -> dict[str, jax.Array]:
    """What `guarded` counts, before the first step."""
    return {name: jnp.zeros((), jnp.int32) for name in ("skipped", "in_a_row")}


def _is_float(x):
    return jnp.issubdtype(x.dtype, jnp.floating)

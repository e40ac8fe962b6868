"""How a side moves, beside what Optax has."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxgan.errors import BadInput


class LookaheadState(NamedTuple):
    """What `lookahead` remembers."""

    inner: optax.OptState
    slow: Any  # params, where the last look began
    count: jax.Array  # int32 [], updates so far


def lookahead(tx: optax.GradientTransformation, every: int = 5, pull: float = 0.5) -> optax.GradientTransformation:
    """`tx`, and after every so many of its updates a step back: the share `pull` of the way that they have gone.

    Zhang et al. 2019, arXiv:1907.08610, algorithm 1; `every` is its k, `pull` its alpha, the inner state is kept. The slow
    weights are in the state, so that params are what they are without it (optax.lookahead's are a pair). To be the last
    in a chain. For games, both sides go back after the same k steps: Chavdarova et al. 2021, arXiv:2006.14567, algorithm 1,
    k times d_steps for D. There both go back together, after both moved; a step here is D's turn, then G's: the k-th turn
    of G meets a D that has gone back already. Raises BadInput for `every` below 1 and `pull` outside (0, 1].
    """
    if every < 1 or not 0 < pull <= 1:
        raise BadInput(f"every is {every} and pull {pull}: give 1 update or more, and a share in (0, 1]")
    tx = optax.with_extra_args_support(tx)

    def init(params):
        return LookaheadState(tx.init(params), params, jnp.zeros((), jnp.int32))

    def update(updates, state, params, **extra):
        updates, inner = tx.update(updates, state.inner, params, **extra)
        count = state.count + 1
        due = count % every == 0
        gone = jax.tree.map(lambda slow, p, u: slow + pull * (p + u - slow), state.slow, params, updates)
        slow = jax.tree.map(lambda old, new: jnp.where(due, new, old), state.slow, gone)
        updates = jax.tree.map(lambda u, p, new: jnp.where(due, new - p, u), updates, params, gone)
        return updates, LookaheadState(inner, slow, count)

    return optax.GradientTransformationExtraArgs(init, update)

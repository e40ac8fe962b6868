"""How strong to augment, by how much D overfits. Karras et al. 2020, arXiv:2006.06676, section 3.1."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxgan.losses import Tracker

NAME = "ada"
Scalar = float | jax.Array


class AdaState(NamedTuple):
    """What adaptation remembers between steps: arrays, among the stats of D."""

    p: jax.Array  # float32 [], the probability of every transformation
    signs: jax.Array  # float32 [], the sum over batches of the mean sign(D(real)), since p last moved
    batches: jax.Array  # int32 [], how many

    @classmethod
    def start(cls, p: Scalar = 0.0) -> "AdaState":
        """Nothing seen yet."""
        return cls(jnp.float32(p), jnp.float32(0), jnp.int32(0))


def ada_update(
    p: Scalar,
    signs_sum: Scalar,
    count: Scalar,
    *,
    target: Scalar = 0.6,
    images: Scalar,
    per: Scalar = 500_000,
) -> jax.Array:
    """The next p: up by images / per where r_t = signs_sum / count, the mean of sign(D(real)), is above target, else down.

    images: real ones seen since the last update; per: those that take p from 0 to 1. p stays in [0, 1], and as it is at
    r_t = target or where count is 0. Equation 1 (r_t) and the rule below it.
    """
    excess = signs_sum - target * count
    return jnp.clip(p + jnp.sign(excess) * (images / per), 0.0, 1.0)


def watched(
    state: AdaState,
    logits: Any,
    *,
    images: Scalar,
    every: int = 4,
    target: Scalar = 0.6,
    per: Scalar = 500_000,
) -> AdaState:
    """AdaState after another batch of D's logits of real images, a tree; every `every` batches p moves by `ada_update`.

    images: in the global batch. p moves by what the batches before this one showed, whose means a step has averaged over
    devices, so that p is the same on all of them.
    """
    due = state.batches >= every
    p = ada_update(state.p, state.signs, state.batches, target=target, images=images * every, per=per)
    old = lambda x: jnp.where(due, jnp.zeros_like(x), x)
    leaves = jax.tree.leaves(logits)
    signs = sum(jnp.sum(jnp.sign(x), dtype=jnp.float32) for x in leaves) / sum(x.size for x in leaves)
    return AdaState(jnp.where(due, p, state.p), old(state.signs) + signs, old(state.batches) + 1)


def controller(
    *,
    start: Scalar = 0.0,
    target: Scalar = 0.6,
    per: Scalar = 500_000,
    every: int = 4,
    axis_name: str | None = None,
) -> Tracker:
    """Tracker of D's logits of real images that moves p, from `start`, by `ada_update` after every so many batches.

    per: images that take p from 0 to 1. axis_name: devices whose batches are one batch. Its metric is "augment_p".
    """

    def update(state, real, fake, images):
        devices = 1 if axis_name is None else jax.lax.psum(1, axis_name)
        return watched(state, real, images=images * devices, every=every, target=target, per=per)

    return Tracker(NAME, lambda: AdaState.start(start), update, metrics=lambda state: {"augment_p": state.p})

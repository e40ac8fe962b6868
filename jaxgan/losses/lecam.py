"""Logits that must not stray far from where the other kind's have been: LeCam regularisation."""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput, unknown
from jaxgan.losses.tracker import Tracker


class Anchors(NamedTuple):
    """Moving averages of D's mean logits: arrays, among the stats of D."""

    real: jax.Array  # float32 []
    fake: jax.Array  # float32 []
    batches: jax.Array  # float32 [], seen so far: as all that a step averages over devices


_DECAY = {"paper": 0.99, "code": 0.9}


def lecam(
    weight: float = 0.3, decay: float | None = None, warm_up: int = 1000, form: Literal["paper", "code"] = "paper"
) -> Tracker:
    """Tracker that adds weight (mean (D(x) - a_F)^2 + mean (D(G(z)) - a_R)^2) to D's loss.

    Tseng et al. 2021, arXiv:2104.03310, eq. 4; a_R and a_F are moving averages of D(x) and D(G(z)), eq. 5, of the batches
    before this one, that begin at those of the first. form: "paper", that equation; or "code", what the authors published
    for CIFAR and the paper's results are of: D(x) - a_F and a_R - D(G(z)) count where they are above 0. decay: of the
    averages, by default 0.99 of the paper's and 0.9 of the code's. warm_up: batches before the penalty begins, one at
    least, as there is nothing to be near to in the first. Logits of any shape, a tree too, whose leaves share the two
    averages. Its metrics are "anchor_real" and "anchor_fake".
    Raises BadInput for another form, a decay outside [0, 1), a weight below 0 and a warm-up below 1.
    """
    if form not in _DECAY:
        raise unknown("form", form, _DECAY)
    decay = _DECAY[form] if decay is None else decay
    if not 0 <= decay < 1:
        raise BadInput(f"decay is {decay}: give a number in [0, 1), the share of the average that stays")
    if weight < 0 or warm_up < 1:
        raise BadInput(f"weight is {weight} and warm_up {warm_up}: give 0 or more, and 1 batch or more")

    def start():
        return Anchors(jnp.float32(0), jnp.float32(0), jnp.float32(0))

    def update(state, real, fake, images):
        del images
        keep = jnp.where(state.batches == 0, 0.0, decay)
        moved = lambda old, new: keep * old + (1 - keep) * _mean(lambda x: x, new)
        return Anchors(moved(state.real, real), moved(state.fake, fake), state.batches + 1)

    def penalty(state, real, fake):
        counts = jax.nn.relu if form == "code" else lambda x: x
        above = _mean(lambda x: counts(x - state.fake) ** 2, real)
        below = _mean(lambda x: counts(state.real - x) ** 2, fake)
        return weight * (state.batches >= warm_up).astype(jnp.float32) * (above + below)

    def metrics(state):
        return {"anchor_real": state.real, "anchor_fake": state.fake}

    return Tracker("lecam", start, update, penalty, metrics)


def _mean(f, tree):
    leaves = [jnp.mean(f(x)) for x in jax.tree.leaves(tree)]
    return sum(leaves) / len(leaves)

"""Logits that must not stray far from where the other kind's have been: LeCam regularisation."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.losses.tracker import Tracker


class Anchors(NamedTuple):
    """Moving averages of D's mean logits: arrays, among the stats of D."""

    real: jax.Array  # float32 []
    fake: jax.Array  # float32 []
    batches: jax.Array  # float32 [], seen so far: as all that a step averages over devices


def lecam(weight: float = 0.3, decay: float = 0.99, warm_up: int = 1000) -> Tracker:
    """Tracker that adds weight (mean (D(x) - a_F)^2 + mean (D(G(z)) - a_R)^2) to D's loss.

    Tseng et al. 2021, arXiv:2104.03310, eq. 4; a_R and a_F are moving averages of D(x) and D(G(z)), eq. 5, of the batches
    before this one, that begin at those of the first. It is what the paper says for every loss: the published code cuts
    each difference off below 0 as well. warm_up: batches before the penalty begins, one at least, as there is nothing to
    be near to in the first. Logits of any shape, a tree too, whose leaves share the two averages. Its metrics are
    "anchor_real" and "anchor_fake". Raises BadInput for a decay outside [0, 1), a weight below 0 and a warm-up below 1.
    """
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
        away = lambda logits, anchor: _mean(lambda x: (x - anchor) ** 2, logits)
        on = (state.batches >= warm_up).astype(jnp.float32)
        return weight * on * (away(real, state.fake) + away(fake, state.real))

    def metrics(state):
        return {"anchor_real": state.real, "anchor_fake": state.fake}

    return Tracker("lecam", start, update, penalty, metrics)


def _mean(f, tree):
    leaves = [jnp.mean(f(x)) for x in jax.tree.leaves(tree)]
    return sum(leaves) / len(leaves)

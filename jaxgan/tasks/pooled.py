"""D judges fakes of some time ago too: a pool of samples that it remembers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.core import GAN, Pair
from jaxgan.errors import BadInput
from jaxgan.sharing import MEMORY, sample_keys, with_index

_NAME = "pool"


def pooled(
    gan: GAN, size: int = 50, part: Callable[[Any], Any] | None = None, put: Callable[[Any, Any], Any] | None = None
) -> GAN:
    """The GAN whose D learns, rare terms and all, from fakes of which half are older ones: G's loss is of the new ones.

    Shrivastava et al. 2017, arXiv:1612.07828, section 2.3; CycleGAN, Zhu et al. 2017, arXiv:1703.10593, section 4, with size
    50: until the pool is full, D sees new fakes and the pool takes them; then each is, at even odds, swapped for one of the
    pool, which D sees in its place. A batch swaps with as many different places, drawn by each sample's index, so that the
    pool is the same on any number of devices. It is in d's MEMORY, and counts as the state of the training.
    part: (fakes) -> the tree [B, ...] that is pooled, by default all of the fakes; put: (fakes, tree) -> fakes with it.
    Raises BadInput for a size below 1, and for batches that are larger than the pool.
    """
    if size < 1:
        raise BadInput(f"size is {size}: give 1 sample or more")
    part = part or (lambda fakes: fakes)
    put = put or (lambda fakes, tree: tree)

    def check(rows):
        if rows > size:
            raise BadInput(f"a batch of {rows} and a pool of {size}: let the pool be at least as large")

    def init(key, batch):
        pair, batch = gan.init(key, batch), with_index(batch)
        check(batch["index"].shape[0])
        fakes = jax.eval_shape(lambda g: part(gan.generate(g, batch, key)[0]), pair.g)
        pool = jax.tree.map(lambda x: jnp.zeros((size, *x.shape[1:]), x.dtype), fakes)
        memory = {**pair.d.get(MEMORY, {}), _NAME: {"samples": pool, "count": jnp.int32(0)}}
        return Pair(pair.g, {**pair.d, MEMORY: memory})

    def exchange(d, fakes, batch, key):
        """(fakes as D sees them, the pool thereafter, a key for the game)."""
        index, pool = batch["index"], d[MEMORY][_NAME]
        rows = index.shape[0]
        check(rows)
        key_coin, key_place, key = jax.random.split(key, 3)
        made, full = jax.lax.stop_gradient(part(fakes)), pool["count"] >= size
        coin = jax.vmap(jax.random.bernoulli)(sample_keys(key_coin, index))
        swap = full & coin
        place = jax.random.permutation(key_place, size)[index % size]
        shown = jax.tree.map(lambda old, new: jnp.where(_as(swap, new), old[place], new), pool["samples"], made)

        spot = jnp.where(full, place, pool["count"] + jnp.arange(rows))  # beyond the end nothing is kept
        kept = jax.tree.map(lambda old, new: jnp.where(_as(swap | ~full, new), new, old[place]), pool["samples"], made)
        samples = jax.tree.map(lambda old, new: old.at[spot].set(new, mode="drop"), pool["samples"], kept)
        return put(fakes, shown), {"samples": samples, "count": jnp.minimum(pool["count"] + rows, size)}, key

    def losses(d, fakes, batch, key):
        shown, now, key = exchange(d, fakes, batch, key)
        out, older = gan.losses(d, fakes, batch, key), gan.losses(d, shown, batch, key)
        memory = {**d[MEMORY], **older.moved.get(MEMORY, {}), _NAME: now}
        return older._replace(
            g=out.g, metrics=Pair(out.metrics.g, older.metrics.d), moved={**older.moved, MEMORY: memory}
        )

    def rare(d, fakes, batch, key):
        shown, _, key = exchange(d, fakes, batch, key)
        return gan.rare.d(d, shown, batch, key)

    return gan._replace(init=init, losses=losses, rare=gan.rare._replace(d=gan.rare.d and rare))


def _as(mask, x):
    return mask.reshape(-1, *(1,) * (x.ndim - 1))

"""Minibatch standard deviation: a discriminator that sees variety. Karras et al. 2018, arXiv:1710.10196, section 3."""

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput


def minibatch_stddev(x: jax.Array, group: int = 4, features: int = 1, axis_name: str | None = None) -> jax.Array:
    """x [B, H, W, C] -> [B, H, W, C + features]: how much each group of neighbours in the batch differs.

    The channels are split into `features` runs; each gives one new channel, constant in a group and over places: the
    standard deviation over the group of every channel at every place, averaged. A sample's group follows from its place
    in the global batch: places 0 .. group - 1 are the first. So a shard of whole groups (rows that `group` divides) needs
    to see no other, and the values are those of one device; for smaller or uneven shards give the axis_name of the
    devices while it is bound (in training, not at init), and the shards are gathered. A whole batch of fewer than
    `group` is one group. Raises BadInput for a batch or channels that do not divide.
    """
    rows, channels = x.shape[0], x.shape[-1]
    shards = 1 if axis_name is None else jax.lax.psum(1, axis_name)
    group = min(group, rows * shards)
    if rows * shards % group:
        raise BadInput(f"a batch of {rows * shards} does not divide into groups of {group}: change one of them")
    if channels % features:
        raise BadInput(f"{channels} channels do not divide into features={features} runs: change one of them")
    if rows % group == 0:
        new = _deviation(x, group, features)
    else:
        new = _deviation(jax.lax.all_gather(x, axis_name, tiled=True), group, features)
        new = jax.lax.dynamic_slice_in_dim(new, jax.lax.axis_index(axis_name) * rows, rows)
    new = jnp.broadcast_to(new[:, None, None, :].astype(x.dtype), (*x.shape[:-1], features))
    return jnp.concatenate([x, new], axis=-1)


def _deviation(x, group, features):
    """[B, features] of x [B, H, W, C]."""
    b, h, w, c = x.shape
    x = x.astype(jnp.float32).reshape(b // group, group, h, w, features, c // features)
    x = x - jnp.mean(x, 1, keepdims=True)
    return jnp.repeat(jnp.mean(jnp.sqrt(jnp.mean(x**2, 1) + 1e-8), (1, 2, 4)), group, 0)

"""Padding and resampling of sequences [B, T, C], as those of images have it."""

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput, unknown
from jaxgan.layers.resample import upsample


def reflected_1d(x: jax.Array, low: int, high: int) -> jax.Array:
    """x [B, T, C] with so many places more before and behind it, mirrored at its ends, which stay single.

    Raises BadInput where the sequence has not as many.
    """
    if max(low, high) >= x.shape[1]:
        raise BadInput(f"a sequence of {x.shape[1]} cannot be mirrored by {max(low, high)}: give a longer one")
    return jnp.pad(x, ((0, 0), (low, high), (0, 0)), mode="reflect")


def upsample_1d(x: jax.Array, factor: int = 2, method: str = "nearest") -> jax.Array:
    """x [B, T, C] -> [B, T factor, C]. "linear" puts samples at the centres of their places and repeats the ends."""
    if method == "nearest":
        return jnp.repeat(x, factor, axis=1)
    if method != "linear":
        raise unknown("method", method, ("nearest", "linear"))
    return upsample(x[:, :, None], factor, "bilinear")[:, :, 0]  # across, all columns are the same


def downsample_1d(x: jax.Array, factor: int = 2) -> jax.Array:
    """x [B, T, C] -> [B, T / factor, C], the mean of each block. Raises BadInput where blocks do not fit."""
    if x.shape[1] % factor:
        raise BadInput(f"a sequence of {x.shape[1]} has no blocks of {factor}: give a multiple")
    b, t, c = x.shape
    return x.reshape(b, t // factor, factor, c).mean(2)

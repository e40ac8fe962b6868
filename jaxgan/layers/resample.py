"""Resampling by whole factors."""

import jax
import jax.numpy as jnp

from jaxgan.errors import unknown


def upsample(x: jax.Array, factor: int = 2, method: str = "nearest") -> jax.Array:
    """x [B, H, W, C] -> [B, H factor, W factor, C]. "bilinear" puts samples at pixel centres and repeats the edge."""
    if method == "nearest":
        return jnp.repeat(jnp.repeat(x, factor, axis=1), factor, axis=2)
    if method != "bilinear":
        raise unknown("method", method, ("nearest", "bilinear"))
    for axis in (1, 2):
        n = x.shape[axis]
        place = jnp.clip((jnp.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
        low = jnp.floor(place).astype(jnp.int32)
        part = (place - low).astype(x.dtype).reshape(*(1,) * axis, -1, *(1,) * (3 - axis))
        x = jnp.take(x, low, axis) * (1 - part) + jnp.take(x, jnp.minimum(low + 1, n - 1), axis) * part
    return x


def downsample(x: jax.Array, factor: int = 2) -> jax.Array:
    """x [B, H, W, C] -> [B, H / factor, W / factor, C], the mean of each block."""
    b, h, w, c = x.shape
    return x.reshape(b, h // factor, factor, w // factor, factor, c).mean((2, 4))

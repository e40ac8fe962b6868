"""Feature maps that are read at places: what moves as a whole keeps what it is.

The bilinear kernel of spatial transformers, Jaderberg et al. 2015, arXiv:1506.02025, eq. 5, for shifts: it is a product of one
over rows and one over columns, so two matrices, and nothing is gathered or scattered.
"""

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike


def placed(x: jax.Array, place: jax.Array, dtype: DTypeLike = jnp.float32, edge: bool = False) -> jax.Array:
    """x [B, H, W, C], place [B, T, K, 2] -> [B, T, H, W, C]: the k-th of K groups of channels moved down and right by
    place[:, t, k] pixels.

    y[i, j] = sum over m, n of x[m, n] max(0, 1 - |i - m - down|) max(0, 1 - |j - n - right|): zero comes in from outside,
    or with `edge` the outermost pixels again. Slopes
    in a place are those of the kernel, at whole pixels the mean of both sides'. C is a multiple of K.
    """
    batch, height, width, channels = x.shape
    parts = place.shape[2]
    down, right = (_shift(place[..., i], n, edge).astype(dtype) for i, n in enumerate((height, width)))
    x = x.astype(dtype).reshape(batch, height, width, parts, channels // parts)
    rows = jnp.einsum("btkim,bmnkc->btkinc", down, x)
    y = jnp.einsum("btkjn,btkinc->btijkc", right, rows)
    return y.reshape(batch, place.shape[1], height, width, channels)


def over(ground: jax.Array, parts: jax.Array) -> jax.Array:
    """ground [..., C], parts [..., K, C + 1] -> [..., C]: each part over those before it. Its last channel says how much of them
    it covers; the others are times that already, as in Porter & Duff 1984.
    """
    for k in range(parts.shape[-2]):
        ground = parts[..., k, :-1] + (1 - parts[..., k, -1:]) * ground
    return ground


def _shift(place, size, edge):
    """float32 [..., size, size]: what each pixel of a line gives to each that is `place` further on."""
    line = jnp.arange(size, dtype=jnp.float32)
    read = line.reshape(*(1,) * place.ndim, -1) - place.astype(jnp.float32)[..., None]
    read = jnp.clip(read, 0, size - 1) if edge else read
    apart = read[..., None] - line.reshape(*(1,) * read.ndim, -1)
    # not by abs, whose slope at 0 is that of one side
    return jnp.maximum(0.0, jnp.minimum(1.0 + apart, 1.0 - apart))

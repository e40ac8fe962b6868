"""Distances between all rows of two sets."""

import jax
import jax.numpy as jnp

from jaxgan.sharing import Array


def square_distances(a: Array, b: Array) -> jax.Array:
    """float32 [N, M] of rows [N, D] and [M, D], never below 0. Rounding is that of |a|^2 and |b|^2: centre them first."""
    square = jnp.sum(a**2, 1)[:, None] + jnp.sum(b**2, 1)[None] - 2 * jnp.matmul(a, b.T, precision="highest")
    return jnp.maximum(square, 0)

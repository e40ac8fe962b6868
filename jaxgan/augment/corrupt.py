"""Additive noise and cutout. Karras et al. 2020, arXiv:2006.06676, appendix B."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.augment.draws import numbers
from jaxgan.sharing import Key


def noisy(image: jax.Array, key: Key, p: ArrayLike) -> jax.Array:
    """image [H, W, C] with normal noise, its deviation |N(0, 0.1^2)|, with probability p."""
    (u,), z = numbers(key, 1, 1 + image.size)
    sigma = jnp.where(u < p, 0.1 * abs(z[0]), 0)
    return image + sigma * z[1:].reshape(image.shape)


def cut_out(image: jax.Array, key: Key, p: ArrayLike) -> jax.Array:
    """image [H, W, C] with a rectangle of half of each side at 0, its centre anywhere on the image, with probability p."""
    on, *centre = jax.random.uniform(key, (3,))
    rows, cols = (abs((jnp.arange(n) + 0.5) / n - c) < 1 / 4 for n, c in zip(image.shape[:2], centre, strict=True))
    return jnp.where((on < p) & rows[:, None, None] & cols[None, :, None], 0, image)

"""Latent distributions: functions (key, index) -> z [B, size], a draw for each index in the global batch."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.core import sample_keys
from jaxgan.sharing import Key

Noise = Callable[[Key, ArrayLike], jax.Array]  # (key, index int32 [B]) -> z [B, size]


def normal(size: int = 100) -> Noise:
    """z ~ N(0, 1)^size."""
    return _each(lambda key: jax.random.normal(key, (size,)))


def uniform(size: int = 100) -> Noise:
    """z ~ U(-1, 1)^size. Radford et al. 2016, arXiv:1511.06434."""
    return _each(lambda key: jax.random.uniform(key, (size,), minval=-1.0))


def truncated_normal(size: int = 100, limit: float = 2.0) -> Noise:
    """z ~ N(0, 1)^size given |z_i| <= limit. Brock et al. 2019, arXiv:1809.11096, section 3.1."""
    return _each(lambda key: jax.random.truncated_normal(key, -limit, limit, (size,)))


def spherical(size: int = 100) -> Noise:
    """Uniform on the sphere of radius sqrt(size), where the mass of N(0, 1)^size lies. White 2016, arXiv:1609.04468."""

    def draw(key):
        z = jax.random.normal(key, (size,))
        return z * jnp.sqrt(size) / jnp.linalg.norm(z)

    return _each(draw)


def one_hot(size: int = 10) -> Noise:
    """One of `size` unit vectors, all equally likely: a discrete code. Chen et al. 2016, arXiv:1606.03657."""
    return _each(lambda key: jax.nn.one_hot(jax.random.randint(key, (), 0, size), size))


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> jax.Array:
    """Latents [..., Z] at the share t [..., 1] of the way from a to b along the arc. White 2016, arXiv:1609.04468, eq. 1."""
    norms = jnp.linalg.norm(a, axis=-1, keepdims=True) * jnp.linalg.norm(b, axis=-1, keepdims=True)
    angle = jnp.arccos(jnp.clip(jnp.sum(a * b, axis=-1, keepdims=True) / norms, -0.999, 0.999))
    return (jnp.sin((1 - t) * angle) * a + jnp.sin(t * angle) * b) / jnp.sin(angle)


def _each(draw):
    return lambda key, index: jax.vmap(draw)(sample_keys(key, index))

"""Colour transformations. Karras et al. 2020, arXiv:2006.06676, appendix B."""

from typing import cast

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.augment.affine import after
from jaxgan.augment.draws import numbers
from jaxgan.sharing import Key


def color(key: Key, p: ArrayLike, channels: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """(matrix [C, C], contrast [], brightness []) with C = 1 or 3: a pixel x becomes matrix (contrast (x + brightness)).

    Brightness N(0, 0.2^2), contrast 2^N(0, 0.5^2), luma flip {no, yes} (a reflection along the grey axis), hue U(-pi, pi)
    (a rotation about it), saturation 2^N(0, 1), each with probability p. Grey images have neither hue nor saturation.
    """
    u, z = numbers(key, 7, 3)
    on = u[:5] < p
    bright, contrast, saturation = jnp.where(on[:3], jnp.array([0.2, 0.5, 1]) * z, 0)
    matrix = jnp.eye(channels) - jnp.where(on[3] & (u[5] < 0.5), 2, 0) * luma(channels)
    if channels == 3:
        angle = jnp.where(on[4], 2 * jnp.pi * (u[6] - 0.5), 0)
        matrix = after(saturated(jnp.exp2(saturation)), after(turned(angle), matrix))
    return matrix, jnp.exp2(contrast), bright


def colored(images: jax.Array, matrix: jax.Array, contrast: jax.Array, brightness: jax.Array) -> jax.Array:
    """images [B, H, W, C] after the transformations of `color`, one per image."""
    expand = lambda x: x.reshape(-1, 1, 1, 1)
    images = expand(contrast) * (images + expand(brightness))
    # a sum of C terms that fuses with its neighbours, exact on hardware that would multiply matrices in bfloat16
    columns = (matrix[:, None, None, :, c] * images[..., c, None] for c in range(images.shape[-1]))
    return cast(jax.Array, sum(columns))


def luma(channels: int) -> jax.Array:
    """v v^T, the projection onto the grey axis."""
    return jnp.full((channels, channels), 1 / channels)


def turned(angle: ArrayLike) -> jax.Array:
    """Rotation [3, 3] of colours about the grey axis (Rodrigues)."""
    cross = jnp.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / jnp.sqrt(3)
    return jnp.eye(3) + jnp.sin(angle) * cross + (1 - jnp.cos(angle)) * (luma(3) - jnp.eye(3))


def saturated(scale: ArrayLike) -> jax.Array:
    """Matrix [3, 3] that scales the distance from the grey axis."""
    return jnp.eye(3) + (scale - 1) * (jnp.eye(3) - luma(3))

"""Which features of a network occur together in a picture, wherever they do: what a texture is, and a style."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.modalities import image

Taps = Callable[[jax.Array], Mapping[str, jax.Array]]
_AT_ONCE = 2**20  # pixels


def gram(activations: ArrayLike) -> jax.Array:
    """[B, C, C] of activations [B, h, w, C]: means over places of the product of each two channels.

    Gatys et al. 2015, arXiv:1505.07376, eq. 1, of means in place of sums, so that pictures of any sizes compare.
    """
    x = jnp.asarray(activations, jnp.float32)
    return jnp.einsum("bhwc,bhwd->bcd", x, x, precision=jax.lax.Precision.HIGHEST) / (x.shape[1] * x.shape[2])


def gram_matrices(images: ArrayLike, taps: Taps) -> dict[str, np.ndarray]:
    """{layer: [C, C]}: the mean over pictures uint8 [N, H, W, C] of `gram` of each layer behind its ReLU.

    taps: pictures in [-1, 1] -> {layer: activations before it}, as `features.taps` makes them. Raises BadInput for other arrays.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) == 0:
        raise BadInput(f"images are {images.dtype}{list(images.shape)}: give uint8 [N, H, W, C], N > 0")
    seen = _seen(taps)
    rows = max(1, _AT_ONCE // (images.shape[1] * images.shape[2]))
    total: Any = None
    for first in range(0, len(images), rows):
        found = jax.tree.map(lambda x: np.asarray(x, np.float64), dict(seen(jnp.asarray(images[first : first + rows]))))
        total = found if total is None else jax.tree.map(np.add, total, found)
    return jax.tree.map(lambda x: x / len(images), total)


def gram_distance(fake: ArrayLike, real: ArrayLike, taps: Taps) -> float:
    """How far the Gram matrices of both sets lie apart, as a share of those of the real one: the mean over layers.

    Each layer's is the Frobenius norm of the difference over that of `real`: 0 for the same textures, 1 for no texture at all.
    Raises BadInput as `gram_matrices` does.
    """
    a, b = gram_matrices(fake, taps), gram_matrices(real, taps)
    return float(np.mean([np.linalg.norm(a[name] - b[name]) / np.linalg.norm(b[name]) for name in b]))


@functools.lru_cache(maxsize=8)
def _seen(taps):
    """Program of pictures uint8 [B, H, W, C] -> {layer: the sum of their Gram matrices}, the same for the same function."""
    return jax.jit(lambda x: {name: gram(jax.nn.relu(found)).sum(0) for name, found in taps(image.to_step(x)).items()})

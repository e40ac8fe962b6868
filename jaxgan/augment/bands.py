"""Image-space filtering: four octaves made stronger or weaker. Karras et al. 2020, arXiv:2006.06676, appendix B."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.augment.draws import numbers
from jaxgan.augment.warp import reflected
from jaxgan.sharing import Key

# H(z) H(1/z) / 2 of the wavelet sym2, half its autocorrelation; that of H(-z) is what is missing to 1
TAPS = {-3: -1 / 32, -1: 9 / 32, 0: 1 / 2, 1: 9 / 32, 3: -1 / 32}
POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)  # what natural images have in each octave, lowest first


def gains(key: Key, p: ArrayLike) -> jax.Array:
    """Gains [4] of the octaves [0, pi/8], [pi/8, pi/4], [pi/4, pi/2], [pi/2, pi], each drawn as 2^N(0, 1) with probability p.

    Each draw keeps the expected power of an image, with a spectrum as natural images have it.
    """
    u, z = numbers(key, 4, 4)
    each = jnp.where(jnp.eye(4, dtype=bool), jnp.exp2(z)[:, None], 1)  # a draw in a row
    each = each / jnp.sqrt(jnp.sum(jnp.array([POWER]) * each**2, axis=1, keepdims=True))
    return jnp.prod(jnp.where((u < p)[:, None], each, 1), axis=0)


def amplified(images: jax.Array, gains: jax.Array) -> jax.Array:
    """images [B, H, W, C] with gains [B, 4], in height, then in width; reflected at the border.

    A matrix for each axis of each image, I + sum (gain - 1) octave, which gains of 1 leave exactly I. Sums of shifted
    images would be fewer products, but XLA on a CPU computes them anew for each tap of the next: 100 times slower.
    """
    for axis, form in ((1, "bij,bjwc->biwc"), (2, "bij,bhjc->bhic")):
        size = images.shape[axis]
        octaves = jnp.asarray(_octaves(size), images.dtype)
        change = jnp.einsum("bk,kij->bij", gains.astype(images.dtype) - 1, octaves, precision="highest")
        mix = jnp.eye(size, dtype=images.dtype)[None] + change
        images = jnp.einsum(form, mix, images, precision="highest")
    return images


def _octaves(size):
    """Matrices [4, size, size] that sum to I: differences of smoothings by sym2 with 1, 2 and 4 pixels between taps."""
    lows = [np.eye(size)]
    for apart in (1, 2, 4):
        smooth, at = np.zeros((size, size)), np.arange(size)
        for steps, tap in TAPS.items():
            np.add.at(smooth, (at, reflected(at + steps * apart, size)), tap)
        lows.append(smooth @ lows[-1])
    return np.stack([lows[3], lows[2] - lows[3], lows[1] - lows[2], lows[0] - lows[1]])

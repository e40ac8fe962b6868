"""Image-space filtering: four octaves made stronger or weaker. Karras et al. 2020, arXiv:2006.06676, appendix B."""

import jax
import jax.numpy as jnp

from jaxgan.augment.draws import numbers

# H(z) H(1/z) / 2 of the wavelet sym2: its autocorrelation at 1 and 3 pixels (1/2 at 0, 0 at 2)
NEAR, FAR = 9 / 32, -1 / 32
POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)  # what natural images have in each octave, lowest first


def gains(key, p):
    """Gains [4] of the octaves [0, pi/8], [pi/8, pi/4], [pi/4, pi/2], [pi/2, pi], each drawn as 2^N(0, 1) with probability p.

    Each draw keeps the expected power of an image, with a spectrum as natural images have it.
    """
    u, z = numbers(key, 4, 4)
    each = jnp.where(jnp.eye(4, dtype=bool), jnp.exp2(z)[:, None], 1)  # a draw in a row
    each = each / jnp.sqrt(jnp.sum(jnp.array([POWER]) * each**2, axis=1, keepdims=True))
    return jnp.prod(jnp.where((u < p)[:, None], each, 1), axis=0)


def amplified(images, gains):
    """images [B, H, W, C] with gains [B, 4], in height, then in width; reflected at the border.

    The octaves are differences of three smoothings by sym2 with 1, 2 and 4 pixels between taps, so they sum to the
    image and gains of 1 leave it exactly.
    """
    change = (gains - 1).T[..., None, None, None]
    for axis in (1, 2):
        low, bands = images, []
        for apart in (1, 2, 4):
            lower = _smoothed(low, axis, apart)
            bands.append(low - lower)
            low = lower
        images = images + sum(c * band for c, band in zip(change, (low, *bands[::-1]), strict=True))
    return images


def _smoothed(x, axis, apart):
    size, reach = x.shape[axis], 3 * apart
    wide = jnp.pad(x, [(reach, reach) if i == axis else (0, 0) for i in range(x.ndim)], mode="reflect")
    at = lambda steps: jax.lax.slice_in_dim(wide, reach + steps * apart, reach + steps * apart + size, axis=axis)
    return at(0) / 2 + NEAR * (at(1) + at(-1)) + FAR * (at(3) + at(-3))

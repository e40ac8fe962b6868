"""Executing geometric transformations: copied pixels, or one resampling. Karras et al. 2020, arXiv:2006.06676, app. B.

Beyond its border an image is its reflection, without end. The filter is centred at its centre of mass; the authors' program
takes its middle for that, and all that it resamples is a tenth of a pixel off.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.layers.upfirdn import upfirdn

# the scaling filter of the wavelet sym6, Daubechies 1992, table 6.3; orthonormal to its shifts by two
SYM6 = np.array(
    [
        *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
        *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
        *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
    ]
)
CENTRE = float(SYM6 @ np.arange(12) / SYM6.sum())  # of mass: where a pixel lies on the fine grid, 5.1


def copied(images: jax.Array, inverses: jax.Array) -> jax.Array:
    """images [B, H, W, C] at inverses [B, 3, 3], to the nearest pixel: bit for bit where places are whole pixels.

    A quarter turn of an image whose H + W is odd is half a pixel off.
    """

    def one(image, inverse):
        height, width, _ = image.shape
        dy, dx = _moves(inverse, *(np.arange(n) - (n - 1) / 2 for n in (height, width)))
        row, col = (jnp.floor(d + 0.5).astype(jnp.int32) for d in (dy, dx))
        row = reflected(row + np.arange(height)[:, None], height)
        col = reflected(col + np.arange(width)[None], width)
        return image.at[row, col].get(mode="promise_in_bounds")

    return jax.vmap(one)(images, inverses)


def resampled(images: jax.Array, inverses: jax.Array) -> jax.Array:
    """images [B, H, W, C] at inverses [B, 3, 3]: doubled by sym6, looked up between four pixels, halved by sym6.

    What is doubled and halved comes back as it was, as sym6 is orthonormal: an identity leaves images but for rounding.
    Doubling is done on one period of the reflected image, (2H - 2) x (2W - 2), and the look-up wraps around in it: no
    transformation is too large, and no size depends on values.
    """
    height, width = images.shape[1:3]
    first = len(SYM6) // 2 - 1
    pads = [(0, 0), *((first, max(n - 1, 1)) for n in (height, width)), (0, 0)]  # a pixel more than the period
    fine = upfirdn(jnp.pad(images, pads, mode="reflect"), np.sqrt(2) * SYM6, up=2, pad=(1, 0, 1, 0))

    def one(fine, inverse):
        places = [np.arange(2 * n + len(SYM6) - 2) for n in (height, width)]
        offsets = ((place - CENTRE - (n - 1)) / 2 for place, n in zip(places, (height, width), strict=True))
        moves = [2 * d for d in _moves(inverse, *offsets)]
        floors = [jnp.floor(d) for d in moves]
        row, col = (floor.astype(jnp.int32) for floor in floors)
        row, col = row + places[0][:, None], col + places[1][None]
        row, col = (k % (n - 2) for k, n in zip((row, col), fine.shape[:2], strict=True))
        # four pixels at a time, which makes the gradient's scatter nearly twice as fast on a CPU
        four = lambda i, j: jax.lax.dynamic_slice(fine, (i, j, 0), (2, 2, fine.shape[2]))
        four = jax.vmap(jax.vmap(four))(row, col)
        y, x = (d - floor for d, floor in zip(moves, floors, strict=True))
        y, x = y[..., None, None], x[..., None]
        two = (1 - y) * four[:, :, 0] + y * four[:, :, 1]
        return (1 - x) * two[:, :, 0] + x * two[:, :, 1]

    return upfirdn(jax.vmap(one)(fine, inverses), SYM6[::-1] / np.sqrt(2), down=2)


def _moves(inverse, y, x):
    """How far from each place (y[i], x[j]) it is looked up, (dy, dx) [len(y), len(x)]: exactly 0 for the identity."""
    y, x = jnp.asarray(y[:, None], inverse.dtype), jnp.asarray(x[None], inverse.dtype)
    m = inverse - jnp.eye(3, dtype=inverse.dtype)
    return m[1, 0] * x + m[1, 1] * y + m[1, 2], m[0, 0] * x + m[0, 1] * y + m[0, 2]


def reflected(i: Any, n: int) -> Any:
    """Places i in an image of n pixels reflected at its ends without end, the end pixels not repeated."""
    period = max(2 * (n - 1), 1)
    return abs((i + period // 2) % period - period // 2)

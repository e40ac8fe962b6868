"""Draws of pixel blitting and of general geometric transformations. Karras et al. 2020, arXiv:2006.06676, appendix B.

A transformation is the inverse matrix [3, 3] of the paper's G: it takes the place (x, y, 1) of an output pixel, counted
from the centre of the image in pixels, to the place in the input where that pixel is looked up. Inverses multiply in the
order in which the transformations happen.
"""

from functools import reduce

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.augment.draws import numbers
from jaxgan.sharing import Key


def after(m: jax.Array, n: jax.Array) -> jax.Array:
    """m n, [3, 3] both: as sums, which fuse with their neighbours; a matrix unit in bfloat16 would be pixels off."""
    a, b, c = (m[:, k, None] * n[None, k] for k in range(3))
    return a + b + c


def blits(key: Key, p: ArrayLike, size: tuple[int, int]) -> jax.Array:
    """Inverse [3, 3] of x-flip, quarter turns and a translation by whole pixels, each drawn with probability p.

    The flip is drawn from {no, yes}, the turns from {0, 1, 2, 3}, the translation from U(-1/8, 1/8) of the size (H, W).
    """
    u = jax.random.uniform(key, (7,))
    on, flip, turn, share = u[:3] < p, u[3] < 0.5, jnp.int32(4 * u[4]), (u[5:] - 0.5) / 4
    flip = jnp.where(on[0] & flip, -1.0, 1.0)
    turn = jnp.where(on[1], turn, 0)
    cos, sin = jnp.array([1.0, 0, -1, 0])[turn], jnp.array([0.0, 1, 0, -1])[turn]  # exact, as cos(pi / 2) is not
    shift = jnp.where(on[2], jnp.floor(_pixels(share, size) + 0.5), 0)
    return reduce(after, (_scale(flip, 1.0), _rotation(cos, -sin), _translation(-shift)))


def geometry(key: Key, p: ArrayLike, size: tuple[int, int]) -> jax.Array:
    """Inverse [3, 3] of isotropic scaling, rotation, anisotropic scaling, rotation and a fractional translation.

    Scales are 2^N(0, 0.2^2), angles U(-pi, pi), translations N(0, 1/8^2) of the size (H, W). Each is drawn with
    probability p; each rotation with 1 - sqrt(1 - p), so that p of all images are rotated.
    """
    u, z = numbers(key, 7, 4)
    rotate = u[:2] < 1 - jnp.sqrt(1 - p)
    on = u[2:5] < p
    before, behind = jnp.where(rotate, 2 * jnp.pi * (u[5:] - 0.5), 0)
    zoom, stretch = jnp.exp2(jnp.where(on[:2], 0.2 * z[:2], 0))
    shift = jnp.where(on[2], _pixels(z[2:] / 8, size), 0)
    steps = (
        _scale(1 / zoom, 1 / zoom),
        _rotation(jnp.cos(before), -jnp.sin(before)),
        _scale(1 / stretch, stretch),
        _rotation(jnp.cos(behind), -jnp.sin(behind)),
        _translation(-shift),
    )
    return reduce(after, steps)


def _pixels(share, size):
    return share * jnp.array(size[::-1], share.dtype)


def _scale(x, y):
    return _matrix((x, 0.0, 0.0), (0.0, y, 0.0))


def _rotation(cos, sin):
    return _matrix((cos, -sin, 0.0), (sin, cos, 0.0))


def _translation(xy):
    return _matrix((1.0, 0.0, xy[0]), (0.0, 1.0, xy[1]))


def _matrix(*rows):
    return jnp.array([*rows, (0.0, 0.0, 1.0)])  # stacked: to set entries of another is a scatter each

"""Draws of pixel blitting and of general geometric transformations. Karras et al. 2020, arXiv:2006.06676, appendix B.

A transformation is the inverse matrix [3, 3] of the paper's G: it takes the place (x, y, 1) of an output pixel, counted
from the centre of the image in pixels, to the place in the input where that pixel is looked up. Inverses multiply in the
order in which the transformations happen.
"""

from functools import partial, reduce

import jax
import jax.numpy as jnp

from jaxgan.augment.draws import sometimes

after = partial(jnp.matmul, precision="highest")  # a matrix unit in bfloat16 would be pixels off


def blits(key, p, size):
    """Inverse [3, 3] of x-flip, quarter turns and a translation by whole pixels, each drawn with probability p.

    The flip is drawn from {no, yes}, the turns from {0, 1, 2, 3}, the translation from U(-1/8, 1/8) of the size (H, W).
    """
    flip, turn, shift = jax.random.split(key, 3)
    flip = sometimes(flip, p, lambda key: jax.random.randint(key, (), 0, 2), 0)
    turn = sometimes(turn, p, lambda key: jax.random.randint(key, (), 0, 4), 0)
    share = sometimes(shift, p, lambda key: jax.random.uniform(key, (2,), minval=-1 / 8, maxval=1 / 8), jnp.zeros(2))
    cos, sin = jnp.array([1.0, 0, -1, 0])[turn], jnp.array([0.0, 1, 0, -1])[turn]  # exact, as cos(pi / 2) is not
    return reduce(after, (_scale(1.0 - 2 * flip, 1), _rotation(cos, -sin), _translation(-_round(_pixels(share, size)))))


def geometry(key, p, size):
    """Inverse [3, 3] of isotropic scaling, rotation, anisotropic scaling, rotation and a fractional translation.

    Scales are 2^N(0, 0.2^2), angles U(-pi, pi), translations N(0, 1/8^2) of the size (H, W). Each is drawn with
    probability p; each rotation with 1 - sqrt(1 - p), so that p of all images are rotated.
    """
    zoom, before, stretch, behind, shift = jax.random.split(key, 5)
    p_rotation = 1 - jnp.sqrt(1 - p)

    def scale(key):
        return jnp.exp2(sometimes(key, p, lambda key: 0.2 * jax.random.normal(key), 0.0))

    def rotation(key):
        angle = lambda key: jax.random.uniform(key, minval=-jnp.pi, maxval=jnp.pi)
        angle = sometimes(key, p_rotation, angle, 0.0)
        return _rotation(jnp.cos(angle), -jnp.sin(angle))

    zoom, stretch = scale(zoom), scale(stretch)
    share = sometimes(shift, p, lambda key: jax.random.normal(key, (2,)) / 8, jnp.zeros(2))
    steps = (
        _scale(1 / zoom, 1 / zoom),
        rotation(before),
        _scale(1 / stretch, stretch),
        rotation(behind),
        _translation(-_pixels(share, size)),
    )
    return reduce(after, steps)


def _pixels(share, size):
    return share * jnp.array(size[::-1], share.dtype)


def _round(x):
    return jnp.floor(x + 0.5)


def _scale(x, y):
    return jnp.diag(jnp.stack([x, y, jnp.ones_like(x)]).astype(float))


def _rotation(cos, sin):
    return jnp.eye(3).at[:2, :2].set(jnp.array([[cos, -sin], [sin, cos]]))


def _translation(xy):
    return jnp.eye(3).at[:2, 2].set(xy)

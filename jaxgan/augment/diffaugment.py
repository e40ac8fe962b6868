"""Differentiable augmentation with fixed strengths. Zhao et al. 2020, arXiv:2006.10738, section 4."""

from collections.abc import Iterable
from functools import partial

import jax
import jax.numpy as jnp

from jaxgan.augment.draws import Augmentation, checked
from jaxgan.errors import unknown


def diff_augment(policy: str | Iterable[str] = ("color", "translation", "cutout")) -> Augmentation:
    """(images [B, H, W, C] in [-1, 1], keys [B]) -> images: the names of `policy` in their order, on every sample.

    color: brightness + U(-1/2, 1/2), then saturation times U(0, 2), then contrast times U(1/2, 3/2).
    translation: whole pixels, up to 1/8 of each side; zeros come in. cutout: a rectangle of half of each side, around a
    pixel drawn evenly and cut at the border, is 0. Not of that paper: flip, mirrored left to right, one in two, and shift, a
    translation into which the reflected image comes; of both together consistency is asked, Zhang et al. 2020,
    arXiv:1910.12027. A name may be given alone. Raises BadInput for others.
    """
    policy = (policy,) if isinstance(policy, str) else tuple(policy)
    for name in policy:
        if name not in _STEPS:
            raise unknown("policy", name, _STEPS)

    def one(image, key):
        keys = dict(zip(_STEPS, jax.random.split(key, len(_STEPS)), strict=True))
        for name in policy:
            image = _STEPS[name](image, keys[name])
        return image

    def augment(images, keys):
        return jax.vmap(one)(checked(images, keys), keys).astype(images.dtype)

    return augment


def _color(x, key):
    bright, saturated, contrast = jax.random.uniform(key, (3,))
    x = x + (bright - 0.5)
    grey = jnp.mean(x, axis=-1, keepdims=True)
    x = grey + 2 * saturated * (x - grey)
    mean = jnp.mean(x)
    return mean + (0.5 + contrast) * (x - mean)


def _translation(x, key, border="constant"):
    reach = [int(n / 8 + 0.5) for n in x.shape[:2]]
    start = jax.random.randint(key, (2,), 0, 2 * jnp.array(reach) + 1)
    wide = jnp.pad(x, [*((n, n) for n in reach), (0, 0)], mode=border)
    return jax.lax.dynamic_slice(wide, (*start, 0), x.shape)


def _cutout(x, key):
    def cut(key, n):
        size = (n + 1) // 2
        # as often cut at one border as at the other
        start = jax.random.randint(key, (), 0, n + 1 - size % 2) - size // 2
        inside = jnp.arange(n) - start
        return (inside >= 0) & (inside < size)

    rows, cols = map(cut, jax.random.split(key), x.shape[:2])
    return jnp.where(rows[:, None, None] & cols[None, :, None], 0, x)


def _flip(x, key):
    return jnp.where(jax.random.bernoulli(key), x[:, ::-1], x)


_STEPS = {
    "color": _color,
    "translation": _translation,
    "cutout": _cutout,
    "flip": _flip,
    "shift": partial(_translation, border="reflect"),
}

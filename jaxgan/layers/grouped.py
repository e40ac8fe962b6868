"""The three maps of a `conv` of groups by dense ones: groups taken together into blocks, with zeros between those of a block.

On a CPU what is multiplied by zeros costs less than what XLA loses on narrow groups, and its own gradient in w is tens of times
slower.
"""

import jax
import jax.numpy as jnp

from jaxgan.layers.geometry import Form, Geometry


def conv(geo: Geometry, form: Form, most: int, x: jax.Array, w: jax.Array) -> jax.Array:
    """x [B, H, W, C] with w [h, w, C / groups, O], a `form` of up to `most` channels in for each block."""
    count = _blocks(geo, most, w.shape[2])
    return _each(geo, form, jnp.split(x, count, -1), _dense(geo, count, w))


def transpose(geo: Geometry, form: Form, most: int, y: jax.Array, w: jax.Array) -> jax.Array:
    """The transpose of `conv` in x."""
    count = _blocks(geo, most, w.shape[2])
    return _each(geo, form, jnp.split(y, count, -1), _dense(geo, count, w))


def weight(geo: Geometry, form: Form, most: int, x: jax.Array, y: jax.Array) -> jax.Array:
    """The transpose of `conv` in w."""
    count = _blocks(geo, most, x.shape[3] // geo.groups)
    parts = [
        form(geo._replace(groups=1), *each) for each in zip(*(jnp.split(a, count, -1) for a in (x, y)), strict=True)
    ]
    joined = geo.groups // count
    w = jnp.stack(parts).reshape(count, *geo.kernel, joined, x.shape[3] // geo.groups, joined, y.shape[3] // geo.groups)
    w = jnp.einsum("bhwjcio,ij->hwcbio", w, jnp.eye(joined, dtype=w.dtype))
    return w.reshape(*w.shape[:3], y.shape[3])


def _blocks(geo, most, narrow):
    """How many, of groups of `narrow` channels each."""
    fits = lambda n: geo.groups % n == 0 and (n == 1 or n * narrow <= most)
    return geo.groups // max(filter(fits, range(1, geo.groups + 1)))


def _each(geo, form, parts, kernels):
    return jnp.concatenate([form(geo._replace(groups=1), *each) for each in zip(parts, kernels, strict=True)], -1)


def _dense(geo, count, w):
    """[count, h, w, C / count, O / count]: the kernels of the blocks."""
    (*kernel, narrow, o), joined = w.shape, geo.groups // count
    w = w.reshape(*kernel, narrow, count, joined, o // geo.groups)
    w = jnp.einsum("hwcbio,ij->bhwjcio", w, jnp.eye(joined, dtype=w.dtype))
    return w.reshape(count, *kernel, joined * narrow, o // count)

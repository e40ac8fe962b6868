"""Maps of `conv` as one matrix product, for a CPU: where there are few images or narrow results, convolutions lose by copies.

All for any padding. Where w is much larger than the image, its form in memory decides: a product takes it as it is.
"""

import jax
import jax.numpy as jnp

from jaxgan.layers.geometry import Geometry


def conv(geo: Geometry, x: jax.Array, w: jax.Array) -> jax.Array:
    """Where the result is one pixel and nothing is cropped: all of x with those taps of w that meet it."""
    (top, _), (left, _) = geo.pads
    rows, cols = (min(n, k - low) for n, k, (low, _) in zip(geo.size, geo.kernel, geo.pads, strict=True))
    x, w = x[:, :rows, :cols], w[top : top + rows, left : left + cols]
    return jnp.matmul(x.reshape(x.shape[0], -1), w.reshape(-1, w.shape[3]))[:, None, None]


def narrow_conv(x: jax.Array, w: jax.Array, pads: tuple[tuple[int, int], tuple[int, int]]) -> jax.Array:
    """Without strides, where the result is narrower than x: every tap of w with every pixel of x, added where it belongs."""
    (rows, cols, c, o), (batch, high, wide, _) = w.shape, x.shape
    z = jnp.matmul(w.transpose(0, 1, 3, 2).reshape(-1, c), x.reshape(-1, c).T).reshape(rows, cols, o, batch, high, wide)
    edges = lambda k, i, pad: (pad[0] - i, pad[1] - (k - 1 - i))
    moved = lambda i, j: _padded(z[i, j], {2: edges(rows, i, pads[0]), 3: edges(cols, j, pads[1])})
    return sum(moved(i, j) for i in range(rows) for j in range(cols)).transpose(1, 2, 3, 0)


def transpose(geo: Geometry, y: jax.Array, w: jax.Array) -> jax.Array:
    """The transpose in x, of strides that divide the kernel: every tap of w with every pixel of y, added where it belongs."""
    (high, wide), (down, right) = geo.out, geo.stride
    rows, cols = (k // s for k, s in zip(geo.kernel, geo.stride, strict=True))  # taps of a phase
    batch, c, o = y.shape[0], w.shape[2], w.shape[3]
    z = jnp.matmul(w.reshape(-1, o), y.reshape(-1, o).T).reshape(rows, down, cols, right, c, batch, high, wide)
    z = z.transpose(0, 2, 5, 6, 1, 7, 3, 4)  # [rows, cols, B, H', down, W', right, C]
    moved = lambda i, j: _padded(z[i, j], {1: (i, rows - 1 - i), 3: (j, cols - 1 - j)})
    x = sum(moved(i, j) for i in range(rows) for j in range(cols))
    x = x.reshape(batch, (high + rows - 1) * down, (wide + cols - 1) * right, c)
    edges = [(-low, low + n - have) for n, have, (low, _) in zip(geo.size, x.shape[1:3], geo.pads, strict=True)]
    return _padded(x, {1: edges[0], 2: edges[1]})


def weight(geo: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """The transpose in w: the pixels of x that each tap meets with those of y."""
    (high, wide), (down, right), c = geo.out, geo.stride, x.shape[3]
    met = [
        n + -(-k // s) - 1 for n, k, s in zip(geo.out, geo.kernel, geo.stride, strict=True)
    ]  # of a phase, by any tap
    edges = [(low, m * s - n - low) for m, s, n, (low, _) in zip(met, geo.stride, geo.size, geo.pads, strict=True)]
    x = _padded(x, {1: edges[0], 2: edges[1]}).reshape(x.shape[0], met[0], down, met[1], right, c)
    x = x.transpose(2, 4, 5, 0, 1, 3)  # [down, right, C, B, rows, cols]
    at = lambda i, j: x[i % down, j % right, :, :, i // down : i // down + high, j // right : j // right + wide]
    taps = jnp.stack([at(i, j) for i in range(geo.kernel[0]) for j in range(geo.kernel[1])])
    w = jnp.matmul(taps.reshape(-1, x.shape[3] * high * wide), y.reshape(-1, y.shape[3]))
    return w.reshape(*geo.kernel, c, -1)


def narrow_weight(geo: Geometry, x: jax.Array, y: jax.Array) -> jax.Array:
    """The transpose in w without strides, where y is narrower than x: the pixels of y that each tap meets with those of x."""
    (rows, cols), (high, wide) = geo.kernel, geo.size
    sizes = zip(geo.kernel, geo.size, geo.out, geo.pads, strict=True)
    edges = [(k - 1 - low, n + low - m) for k, n, m, (low, _) in sizes]
    y = _padded(y.transpose(3, 0, 1, 2), {2: edges[0], 3: edges[1]})
    at = lambda i, j: y[:, :, rows - 1 - i : rows - 1 - i + high, cols - 1 - j : cols - 1 - j + wide]
    taps = jnp.stack([at(i, j) for i in range(rows) for j in range(cols)])
    w = jnp.matmul(taps.reshape(rows * cols * len(y), -1), x.reshape(-1, x.shape[3]))
    return w.reshape(rows, cols, len(y), -1).swapaxes(2, 3)


def _padded(x, edges):
    """x with zeros around it along some axes, or less of it where an edge is negative."""
    return jax.lax.pad(x, jnp.zeros((), x.dtype), [(*edges.get(axis, (0, 0)), 0) for axis in range(x.ndim)])

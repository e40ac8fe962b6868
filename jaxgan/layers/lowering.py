"""The forms in which XLA is given the three maps of `conv`, by platform, shape and what was measured.

On a CPU XLA has two libraries for convolutions, and prefers the one (YNNPACK) that is two to four times slower than the
other (Eigen) at weight gradients, and somewhat slower at wide layers. It never takes the first where the image is dilated,
so a convolution is handed to the second by stretching image, kernel and stride alike along the rows: the same products.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

if TYPE_CHECKING:
    from jaxgan.layers.conv import Geometry

_NHWC = ("NHWC", "HWIO", "NHWC")
_NARROW = 16  # channels out up to which neither phases nor stretching pay
_WIDE = (64, 128)  # channels in and out from which a CPU's second library is faster at forward convolutions
_direct = False


@contextlib.contextmanager
def direct_form() -> Iterator[None]:
    """Within it every convolution is traced in the form with the fewest FLOPs, which is not always the fastest."""
    global _direct
    before, _direct = _direct, True
    try:
        yield
    finally:
        _direct = before


def for_cpu() -> bool:
    """Whether to trace the forms that are fast on a CPU."""
    return jax.default_backend() == "cpu" and not _direct


def plain(x: jax.Array, w: jax.Array, stride: tuple[int, int], pads: tuple[tuple[int, int], ...]) -> jax.Array:
    """Cross-correlation of x [B, H, W, C] with w [h, w, C, O]."""
    stretched = for_cpu() and all(n >= wide for n, wide in zip(w.shape[2:], _WIDE, strict=True))
    return _convolve(x, w, stride, pads, (1, 1), stretched)


def transpose(geo: "Geometry", y: jax.Array, w: jax.Array) -> jax.Array:
    """The linear transpose of `plain` in x: y [B, H', W', O] to [B, H, W, C]."""
    # an image smaller than the kernel is another matter: XLA would exchange the two, and loops would be slow
    narrow = w.shape[2] <= _NARROW and all(n >= k for n, k in zip(geo.out, geo.kernel, strict=True))
    empty = any(k < s for k, s in zip(geo.kernel, geo.stride, strict=True))  # phases that no row of w reaches
    simple = geo.stride == (1, 1) or narrow or empty or not for_cpu()
    return (dilated if simple else phases)(geo, y, w)


def weight(geo: "Geometry", x: jax.Array, y: jax.Array) -> jax.Array:
    """The linear transpose of `plain` in w: the batch is summed as channels are, the strides become dilation."""
    pads = tuple((low, high - rest) for (low, high), rest in zip(geo.pads, geo.rest, strict=True))
    if jax.default_backend() != "cpu":  # without copies, as a GPU's library wants to see it
        dims = ("CHWN", "IHWO", "NHWC")
        w = jax.lax.conv_general_dilated(x, y, (1, 1), pads, rhs_dilation=geo.stride, dimension_numbers=dims)
    else:  # x as [C, H, W, B] and y as [h, w, B, O]: inside loops only NHWC is fast
        x, y = x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3)
        w = _convolve(x, y, (1, 1), pads, geo.stride, stretched=for_cpu() and y.shape[3] > _NARROW)
    return w.transpose(1, 2, 0, 3)


def dilated(geo: "Geometry", y: jax.Array, w: jax.Array) -> jax.Array:
    """`transpose` with zeros between the rows and columns of y."""
    pads = tuple(
        (k - 1 - low, rest - high + k - 1) for k, (low, high), rest in zip(geo.kernel, geo.pads, geo.rest, strict=True)
    )
    w = jnp.flip(w, (0, 1)).swapaxes(2, 3)
    return jax.lax.conv_general_dilated(y, w, (1, 1), pads, lhs_dilation=geo.stride, dimension_numbers=_NHWC)


def phases(geo: "Geometry", y: jax.Array, w: jax.Array) -> jax.Array:
    """`transpose` without the zeros: the rows i, i + s, ... of x see every s-th row of w, a convolution of its own.

    Sub-pixel convolution, Shi et al. 2016, arXiv:1609.05158, for any kernel, stride and padding.
    """

    rows, cols = (-(-n // s) for n, s in zip(geo.size, geo.stride, strict=True))

    def taps(axis, i, count):
        # x[i + s j] is the sum over a of y[j + far - a] w[first + s a]
        kernel, stride, (low, _) = geo.kernel[axis], geo.stride[axis], geo.pads[axis]
        far, first = divmod(i + low, stride)
        return first, (-(-(kernel - first) // stride) - 1 - far, count + far - y.shape[1 + axis])

    def phase(i, j):
        (row, high), (col, wide) = taps(0, i, rows), taps(1, j, cols)
        part = jnp.flip(w[row :: geo.stride[0], col :: geo.stride[1]], (0, 1)).swapaxes(2, 3)
        return plain(y, part, (1, 1), (high, wide))

    x = jnp.stack([jnp.stack([phase(i, j) for j in range(geo.stride[1])], 3) for i in range(geo.stride[0])], 2)
    x = x.reshape(len(y), rows * geo.stride[0], cols * geo.stride[1], -1)
    return x[:, : geo.size[0], : geo.size[1]]


def _convolve(x, w, stride, pads, dilation, stretched):
    rows = 2 if stretched else 1

    def one(x, w):
        return jax.lax.conv_general_dilated(
            x,
            w,
            (stride[0] * rows, stride[1]),
            (tuple(n * rows for n in pads[0]), pads[1]),
            lhs_dilation=(rows, 1),
            rhs_dilation=(dilation[0] * rows, dilation[1]),
            dimension_numbers=_NHWC,
        )

    return _one_by_one(one)(x, w) if for_cpu() else one(x, w)


def _one_by_one(f):
    """f(x, w), which under vmap goes through several kernels in a loop: as one grouped convolution they are slow on a CPU."""
    f = jax.custom_batching.custom_vmap(f)

    @f.def_vmap
    def several(size, batched, x, w):
        if not batched[1]:  # one kernel for a larger batch
            y = f(x.reshape(-1, *x.shape[2:]), w)
            return y.reshape(size, -1, *y.shape[1:]), True
        if not batched[0]:
            return jax.lax.map(lambda w: f(x, w), w), True
        return jax.lax.map(lambda both: f(*both), (x, w)), True

    return f

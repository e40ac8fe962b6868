"""Convolution as a family of three bilinear maps that is closed under differentiation.

conv(x, w), its linear transpose in x (`conv_transpose`) and its linear transpose in w: the gradient of each is made of
the other two, so a derivative of any order stays on the forms that XLA runs fast. Autodiff of the plain operators leaves
them: on a CPU it is 20 to 40 times slower for upsampling generators and second-order penalties, and slower still inside
`lax.scan`, where only NHWC x HWIO -> NHWC is fast. Reverse mode only: for a jvp take the vjp of a vjp.
"""

import contextlib
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

_NHWC = ("NHWC", "HWIO", "NHWC")
_direct = False


class Geometry(NamedTuple):
    """All that is static about a convolution. Sizes are (height, width)."""

    size: tuple  # of x
    kernel: tuple
    stride: tuple
    pads: tuple  # ((low, high), (low, high))

    @property
    def out(self):
        """Size of conv(x, w)."""
        return tuple((n + sum(p) - k) // s + 1 for n, k, s, p in zip(*self, strict=True))

    @property
    def rest(self):
        """Rows and columns at the high end that the last window does not reach."""
        return tuple((n + sum(p) - k) % s for n, k, s, p in zip(*self, strict=True))


@contextlib.contextmanager
def direct_form():
    """Within it every convolution is traced in the form with the fewest FLOPs, which is not always the fastest."""
    global _direct
    before, _direct = _direct, True
    try:
        yield
    finally:
        _direct = before


def for_cpu():
    """Whether to trace the forms that are fast on a CPU."""
    return jax.default_backend() == "cpu" and not _direct


def conv(x, w, *, stride=1, padding="SAME"):
    """Cross-correlation of x [B, H, W, C] with w [h, w, C, O]: [B, H', W', O].

    padding: "SAME" (H' = ceil(H / stride)), "VALID" or ((low, high), (low, high)).
    """
    return _conv(_geometry(x.shape[1:3], w.shape[:2], stride, padding), x, w)


def conv_transpose(y, w, *, stride=1, padding="SAME", size=None):
    """The linear transpose of `conv` in x: y [B, H', W', O] with the same w [h, w, C, O] gives [B, H, W, C].

    size: (H, W); by default the stride times (H', W'), which for "SAME" is what a strided `conv` would halve.
    """
    stride = _two(stride)
    size = size or tuple(n * s for n, s in zip(y.shape[1:3], stride, strict=True))
    geometry = _geometry(size, w.shape[:2], stride, padding)
    if geometry.out != y.shape[1:3]:
        raise ValueError(
            f"a convolution of {size} with {geometry} gives {geometry.out}, not {y.shape[1:3]}: give `size`"
        )
    return _transpose(geometry, y, w)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _conv(geo, x, w):
    return jax.lax.conv_general_dilated(x, w, geo.stride, geo.pads, dimension_numbers=_NHWC)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _transpose(geo, y, w):
    cropped = min(map(min, geo.pads)) < 0
    if geo.stride == (1, 1) or cropped or not for_cpu():
        return _transpose_dilated(geo, y, w)
    return _transpose_phases(geo, y, w)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _weight(geo, x, y):
    # x as [C, H, W, B] and y as [h, w, B, O]: the batch is summed as channels are, the strides become dilation
    pads = tuple((low, high - rest) for (low, high), rest in zip(geo.pads, geo.rest, strict=True))
    if jax.default_backend() == "cpu":
        x, y, dims = x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3), _NHWC
    else:
        dims = ("CHWN", "IHWO", "NHWC")  # the same without copies, as a GPU's library wants to see it
    return jax.lax.conv_general_dilated(x, y, (1, 1), pads, rhs_dilation=geo.stride, dimension_numbers=dims).transpose(
        1, 2, 0, 3
    )


_conv.defvjp(
    lambda geo, x, w: (_conv(geo, x, w), (x, w)),
    lambda geo, xw, dy: (_transpose(geo, dy, xw[1]), _weight(geo, xw[0], dy)),
)
_transpose.defvjp(
    lambda geo, y, w: (_transpose(geo, y, w), (y, w)),
    lambda geo, yw, dx: (_conv(geo, dx, yw[1]), _weight(geo, dx, yw[0])),
)
_weight.defvjp(
    lambda geo, x, y: (_weight(geo, x, y), (x, y)),
    lambda geo, xy, dw: (_transpose(geo, xy[1], dw), _conv(geo, xy[0], dw)),
)


def _transpose_dilated(geo, y, w):
    pads = tuple(
        (k - 1 - low, rest - high + k - 1) for k, (low, high), rest in zip(geo.kernel, geo.pads, geo.rest, strict=True)
    )
    w = jnp.flip(w, (0, 1)).swapaxes(2, 3)
    return jax.lax.conv_general_dilated(y, w, (1, 1), pads, lhs_dilation=geo.stride, dimension_numbers=_NHWC)


def _transpose_phases(geo, y, w):
    """The sub-pixel form (Shi et al. 2016, arXiv:1609.05158): no multiplications by the zeros between the rows of y.

    Row s q + r of the padded x is the sum over j of y[q - j] w[r + s j]: every phase r has the same taps of y, so all
    phases are one convolution with s times s as many channels, followed by depth-to-space.
    """
    (sh, sw), (kh, kw) = geo.stride, geo.kernel
    mh, mw = -(-kh // sh), -(-kw // sw)
    b, h, v, o = y.shape
    c = w.shape[2]
    rows, cols = (-(-(n + sum(p)) // s) for n, p, s in zip(geo.size, geo.pads, geo.stride, strict=True))
    w = jnp.pad(w, ((0, mh * sh - kh), (0, mw * sw - kw), (0, 0), (0, 0))).reshape(mh, sh, mw, sw, c, o)
    w = jnp.flip(w, (0, 2)).transpose(0, 2, 5, 1, 3, 4).reshape(mh, mw, o, sh * sw * c)
    x = jax.lax.conv_general_dilated(y, w, (1, 1), ((mh - 1, rows - h), (mw - 1, cols - v)), dimension_numbers=_NHWC)
    x = x.reshape(b, rows, cols, sh, sw, c).transpose(0, 1, 3, 2, 4, 5).reshape(b, rows * sh, cols * sw, c)
    (top, _), (left, _) = geo.pads
    return x[:, top : top + geo.size[0], left : left + geo.size[1]]


def _geometry(size, kernel, stride, padding):
    stride = _two(stride)
    if padding == "VALID":
        padding = ((0, 0), (0, 0))
    elif padding == "SAME":
        missing = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True)]
        padding = tuple((m // 2, m - m // 2) for m in missing)
    elif isinstance(padding, str | int):
        raise ValueError(f"padding is {padding!r}: give 'SAME', 'VALID' or ((low, high), (low, high))")
    geometry = Geometry(tuple(size), tuple(kernel), stride, tuple(map(tuple, padding)))
    if min(geometry.out) < 1:
        raise ValueError(f"an image of {size} with padding {geometry.pads} is smaller than the kernel {kernel}: pad it")
    return geometry


def _two(stride):
    return (stride, stride) if isinstance(stride, int) else tuple(stride)

"""Convolution as a family of three bilinear maps that is closed under differentiation.

conv(x, w), its linear transpose in x (`conv_transpose`) and its linear transpose in w: the gradient of each is made of
the other two, so a derivative of any order stays on the forms that XLA runs fast. Autodiff of the plain operators leaves
them: on a CPU it is 20 to 40 times slower for upsampling generators and second-order penalties, and slower still inside
`lax.scan`, where only NHWC x HWIO -> NHWC is fast. Reverse mode only: for a jvp take the vjp of a vjp.
"""

from functools import partial
from typing import NamedTuple

import jax

from jaxgan.layers import lowering


class Geometry(NamedTuple):
    """All that is static about a convolution. Sizes are (height, width)."""

    size: tuple  # of x
    kernel: tuple
    stride: tuple
    pads: tuple  # ((low, high), (low, high))

    @property
    def out(self) -> tuple[int, ...]:
        """Size of conv(x, w)."""
        return tuple((n + sum(p) - k) // s + 1 for n, k, s, p in zip(*self, strict=True))

    @property
    def rest(self) -> tuple[int, ...]:
        """Rows and columns at the high end that the last window does not reach."""
        return tuple((n + sum(p) - k) % s for n, k, s, p in zip(*self, strict=True))


def conv(
    x: jax.Array,
    w: jax.Array,
    *,
    stride: int | tuple[int, int] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
) -> jax.Array:
    """Cross-correlation of x [B, H, W, C] with w [h, w, C, O]: [B, H', W', O].

    padding: "SAME" (H' = ceil(H / stride)), "VALID" or ((low, high), (low, high)).
    """
    return _conv(_geometry(x.shape[1:3], w.shape[:2], stride, padding), x, w)


def conv_transpose(
    y: jax.Array,
    w: jax.Array,
    *,
    stride: int | tuple[int, int] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    size: tuple[int, int] | None = None,
) -> jax.Array:
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
    return lowering.plain(x, w, geo.stride, geo.pads)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _transpose(geo, y, w):
    return lowering.transpose(geo, y, w)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _weight(geo, x, y):
    return lowering.weight(geo, x, y)


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

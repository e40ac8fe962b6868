"""Convolution as a family of three bilinear maps that is closed under differentiation.

conv(x, w), its linear transpose in x (`conv_transpose`) and its linear transpose in w: the derivative of each is made of
the three, so one of any order, forward or reverse, stays on the forms that XLA runs fast. Autodiff of the plain operators
leaves them: on a CPU it is 20 to 40 times slower for upsampling generators and second-order penalties, and slower still
inside `lax.scan`, where only NHWC x HWIO -> NHWC is fast. Each is a primitive of JAX, whose form is chosen by the platform
that a program is lowered for.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.layers import lowering
from jaxgan.layers.geometry import Geometry
from jaxgan.layers.primitive import Map, bilinear, primitive, varying


def conv(
    x: jax.Array,
    w: jax.Array,
    *,
    stride: int | tuple[int, int] = 1,
    padding: str | tuple[tuple[int, int], ...] = "SAME",
    groups: int = 1,
    block: int | None = None,
) -> jax.Array:
    """Cross-correlation of x [B, H, W, C] with w [h, w, C / groups, O]: [B, H', W', O].

    padding: "SAME" (H' = ceil(H / stride)), "VALID" or ((low, high), (low, high)). groups: the i-th O / groups channels of the
    result see the i-th C / groups of x alone (Krizhevsky et al. 2012; Xie et al. 2017, arXiv:1611.05431). block: groups of up
    to so many channels together are one dense convolution, with zeros between them; 0 for the platform's own grouped ones; None
    for 32 on a CPU, where what is multiplied by zeros costs less than what XLA loses on narrow groups, and 0 elsewhere, where
    neither was measured. Raises BadInput for groups that do not fit.
    """
    c, (narrow, o) = x.shape[-1], w.shape[2:]
    if c % groups or o % groups or narrow * groups != c:
        raise BadInput(
            f"x is {list(x.shape)} and w {list(w.shape)} with groups={groups}: give w [h, w, C / groups, O], "
            "and groups that divide C and O"
        )
    return _bind(_conv_p, x, w, _geometry(x.shape[1:3], w.shape[:2], stride, padding, groups, block))


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
    return _bind(_transpose_p, y, w, geometry)


def _geometry(size, kernel, stride, padding, groups=1, block=None):
    stride = _two(stride)
    if padding == "VALID":
        padding = ((0, 0), (0, 0))
    elif padding == "SAME":
        missing = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True)]
        padding = tuple((m // 2, m - m // 2) for m in missing)
    elif isinstance(padding, str | int):
        raise ValueError(f"padding is {padding!r}: give 'SAME', 'VALID' or ((low, high), (low, high))")
    geometry = Geometry(tuple(size), tuple(kernel), stride, tuple(map(tuple, padding)), groups, block)
    if min(geometry.out) < 1:
        raise ValueError(f"an image of {size} with padding {geometry.pads} is smaller than the kernel {kernel}: pad it")
    return geometry


def _two(stride):
    return (stride, stride) if isinstance(stride, int) else tuple(stride)


def _bind(p, x, y, geo, mapped=(), asked=None):
    """p of two arrays with one leading axis for each vmap that mapped them, outermost first. mapped: (0 or None, 0 or None) for
    each vmap, innermost first."""
    x, y = varying(x, y)
    asked = lowering.asked() if asked is None else asked
    return p.bind(x, y, geo=geo, mapped=mapped, asked=asked)


def _map(name: str, shape: Callable[..., tuple[int, ...]]) -> Map:
    """A primitive of two arrays, in the forms of `lowering` of that name. shape: (geo, x, y) -> that of the result of one."""

    def of_all(x, y, *, geo, mapped, asked):
        sizes, shapes = [], [list(x.shape), list(y.shape)]
        for axes in reversed(mapped):
            sizes.append([shape.pop(0) for shape, axis in zip(shapes, axes, strict=True) if axis is not None].pop())
        return (*sizes, *shape(geo, *shapes))

    def form(platform, x, y, *, geo, mapped, asked):
        f = partial(lowering.form(name, platform, geo, asked), geo)
        for axes in mapped:
            f = jax.vmap(f, axes)
        return f(x, y)

    def batched(args, dims, *, geo, mapped, asked):
        args = [x if d is None else jnp.moveaxis(x, d, 0) for x, d in zip(args, dims, strict=True)]
        axes = tuple(None if d is None else 0 for d in dims)
        return _bind(p, *args, geo, (*mapped, axes), asked), 0

    p = primitive(name, of_all, form, batched, ("geo", "mapped", "asked"))
    return p


def _transpose_of(place: int, q: Map, last: bool) -> Callable[..., jax.Array]:
    """The linear transpose in the argument at `place`: q of the cotangent and the other one, the cotangent last or first."""

    def transposed(ct, other, *, geo, mapped, asked):
        axes = tuple((axes[1 - place], 0) if last else (0, axes[1 - place]) for axes in mapped)
        found = _bind(q, *((other, ct) if last else (ct, other)), geo, axes, asked)
        shared = tuple(i for i, axes in enumerate(reversed(mapped)) if axes[place] is None)
        return found.sum(shared) if shared else found

    return transposed


_conv_p = _map("conv", lambda geo, x, w: (x[0], *geo.out, w[3]))
_transpose_p = _map("transpose", lambda geo, y, w: (y[0], *geo.size, w[2] * geo.groups))
_weight_p = _map("weight", lambda geo, x, y: (*geo.kernel, x[3] // geo.groups, y[3]))

# <c, conv(x, w)> is linear in each of the three
bilinear(_conv_p, _transpose_of(0, _transpose_p, False), _transpose_of(1, _weight_p, True))
bilinear(_transpose_p, _transpose_of(0, _conv_p, False), _transpose_of(1, _weight_p, False))
bilinear(_weight_p, _transpose_of(0, _transpose_p, True), _transpose_of(1, _conv_p, True))

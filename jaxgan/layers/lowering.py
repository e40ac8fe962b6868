"""The forms in which XLA is given the three maps of `conv`: on a CPU by shape and what was measured, elsewhere its own.

Elsewhere, and within `direct_form`, they are XLA's operator and its own gradients, which the libraries of GPUs and TPUs know
by their attributes. On a CPU XLA has two libraries for convolutions, and prefers the one (YNNPACK) that is two to four times
slower than the other (Eigen) at weight gradients of many images, and somewhat slower at wide layers. It never takes the first
where the image is dilated, so a convolution is handed to the second by stretching image, kernel and stride alike along the rows:
the same products. A program that was compiled for it (`onednn`) has oneDNN in place of the first, which is faster than
the second wherever images are larger than kernels, and takes what is not stretched.
"""

import contextlib
import math
from contextvars import ContextVar
from functools import partial

import jax
import jax.numpy as jnp

from jaxgan.layers import grouped, products
from jaxgan.layers.geometry import Form, Geometry
from jaxgan.sharing import within

_NHWC = ("NHWC", "HWIO", "NHWC")
_NARROW = 16  # channels out up to which neither phases nor stretching pay, and a weight gradient is one product
_FEW = 4  # images up to which a weight gradient goes past the second library, which packs along the batch
_MANY = 2**22  # numbers that all taps see from which copying them costs more
_WIDE = (64, 128)  # channels in and out from which a CPU's second library is faster at forward convolutions
_BLOCK = 32  # channels that a convolution of groups needs to be fast on a CPU
_THIN = 8  # channels out up to which a convolution without strides by oneDNN is slower than a product
_LARGE = 2**25  # numbers that a product which is there for its speed alone may take up
_KERNEL = 64  # pixels of a result up to which oneDNN is the faster at weight gradients: there they are its kernel
_asked: ContextVar[str] = ContextVar("asked", default="")


def direct_form() -> contextlib.AbstractContextManager[None]:
    """Within it every convolution is traced in the form with the fewest FLOPs, which is not always the fastest."""
    return within(_asked, "direct")


def onednn_form() -> contextlib.AbstractContextManager[None]:
    """Within it convolutions are traced for a program that has oneDNN's, should it be lowered for a CPU."""
    return within(_asked, "onednn")


def asked() -> str:
    """What is asked for here: "direct" or "onednn" within those two, "" elsewhere."""
    return _asked.get()


def form(name: str, platform: str, geo: Geometry, asked: str = "") -> Form:
    """One of the maps "conv", "transpose" and "weight", for a "cpu" or as XLA has it: (geo, x, y) -> the third.

    asked: as `asked` says, at the place where it was traced.
    """
    own, cpu, in_blocks = _FORMS[name]
    # where windows begin within x, or a kernel before it, XLA's own are wrong on a CPU: see `_cropped`
    shifted = platform == "cpu" and any(not 0 <= low < k for k, (low, _) in zip(geo.kernel, geo.pads, strict=True))
    if asked == "direct" and not shifted:
        return own
    if geo.groups == 1:
        return partial(cpu, asked == "onednn") if platform == "cpu" else own
    block = (_BLOCK if platform == "cpu" else 0) if geo.block is None else geo.block
    dense = lambda geo, x, y: form(name, platform, geo, asked)(geo, x, y)
    return (lambda geo, x, y: in_blocks(geo, dense, block, x, y)) if block or shifted else own


def _own_conv(geo, x, w):
    groups = geo.groups
    return jax.lax.conv_general_dilated(x, w, geo.stride, geo.pads, dimension_numbers=_NHWC, feature_group_count=groups)


def _own_transpose(geo, y, w):
    x = _like(y, y.shape[0], *geo.size, w.shape[2] * geo.groups)
    return jax.linear_transpose(lambda x: _own_conv(geo, x, w), x)(y)[0]


def _own_weight(geo, x, y):
    w = _like(x, *geo.kernel, x.shape[3] // geo.groups, y.shape[3])
    return jax.linear_transpose(lambda w: _own_conv(geo, x, w), w)(y)[0]


def _like(x, *shape):
    return jax.ShapeDtypeStruct(shape, x.dtype)


def _below(size, most):
    """Whether size < most; not where that depends on a size that is a symbol, as the batch of an exported program may be."""
    try:
        return size < most
    except jax.errors.InconclusiveDimensionOperation:
        return False


def _plain(onednn, x, w, stride, pads, out):
    """The convolution in XLA's form; stretched for the second library where that is the faster."""
    wide = all(n >= least for n, least in zip(w.shape[2:], _WIDE, strict=True))
    if not onednn:
        return _convolve(x, w, stride, pads, (1, 1), stretched=wide)
    (*kernel, c, o), pixels = w.shape, x.shape[0] * math.prod(out)
    if stride == (1, 1) and o <= _THIN and o < c and _below(math.prod(kernel) * o * pixels, _LARGE):
        return products.narrow_conv(x, w, pads)  # it computes narrow results as if they were of 16 channels
    return _convolve(x, w, stride, pads, (1, 1), stretched=wide and _below(pixels, 2 * o))  # it reorders w at each call


def _cpu_conv(onednn, geo, x, w):
    if geo.out == (1, 1) and all(0 <= low < k for k, (low, _) in zip(geo.kernel, geo.pads, strict=True)):
        return products.conv(geo, x, w)
    return _plain(onednn, x, w, geo.stride, geo.pads, geo.out)


def _cpu_transpose(onednn, geo, y, w):
    # an image smaller than the kernel is another matter: XLA would exchange the two, and loops would be slow
    narrow = w.shape[2] <= _NARROW and all(n >= k for n, k in zip(geo.out, geo.kernel, strict=True))
    empty = any(k < s for k, s in zip(geo.kernel, geo.stride, strict=True))  # phases that no row of w reaches
    if geo.stride == (1, 1) or narrow or empty:
        return _dilated(onednn, geo, y, w)
    whole = all(k % s == 0 for k, s in zip(geo.kernel, geo.stride, strict=True))
    # fewer pixels than channels: the kernel is the larger matrix, and copying it into phases is what costs
    small = _below(2 * y.shape[0] * geo.out[0] * geo.out[1], w.shape[3] + 1) and w.shape[2] > _NARROW
    return products.transpose(geo, y, w) if whole and small else _phases(onednn, geo, y, w)


def _cpu_weight(onednn, geo, x, y):
    if geo.stride == (1, 1) and y.shape[3] <= _NARROW < x.shape[3]:
        return products.narrow_weight(geo, x, y)
    few, pixels = _below(x.shape[0], _FEW + 1), x.shape[0] * math.prod(geo.out)
    taps = pixels * math.prod(geo.kernel) * x.shape[3]
    # the first library takes a convolution without strides as it is, and is level with a product unless there are few pixels
    quick = _below(pixels, y.shape[3]) if geo.stride == (1, 1) else _below(taps, _MANY)
    if few and (_below(taps, _LARGE) if onednn else quick):
        return products.weight(geo, x, y)
    # the batch is summed as channels are, the strides become dilation; inside loops only NHWC is fast
    pads = tuple((low, high - rest) for (low, high), rest in zip(geo.pads, geo.rest, strict=True))
    x, y = x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3)  # [C, H, W, B], [h, w, B, O]
    # few images are few channels here, which the first library does not mind
    past_first, past_onednn = y.shape[3] > _NARROW and not few, len(x) <= _NARROW or math.prod(geo.out) > _KERNEL
    w = _convolve(x, y, (1, 1), pads, geo.stride, stretched=past_onednn if onednn else past_first)
    return w.transpose(1, 2, 0, 3)


def _dilated(onednn, geo, y, w):
    """The transpose with zeros between the rows and columns of y."""
    pads = tuple(
        (k - 1 - low, rest - high + k - 1) for k, (low, high), rest in zip(geo.kernel, geo.pads, geo.rest, strict=True)
    )
    w = jnp.flip(w, (0, 1)).swapaxes(2, 3)
    if onednn and geo.stride == (1, 1):
        return _plain(onednn, y, w, (1, 1), pads, geo.size)
    y, pads = _cropped(y, pads) if geo.stride == (1, 1) else (y, pads)
    return jax.lax.conv_general_dilated(y, w, (1, 1), pads, lhs_dilation=geo.stride, dimension_numbers=_NHWC)


def _phases(onednn, geo, y, w):
    """The transpose without the zeros: the rows i, i + s, ... of x see every s-th row of w, a convolution of its own.

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
        return _plain(onednn, y, part, (1, 1), (high, wide), (rows, cols))

    x = jnp.stack([jnp.stack([phase(i, j) for j in range(geo.stride[1])], 3) for i in range(geo.stride[0])], 2)
    x = x.reshape(y.shape[0], rows * geo.stride[0], cols * geo.stride[1], -1)
    return x[:, : geo.size[0], : geo.size[1]]


def _cropped(x, pads):
    """(x, pads) of the same convolution without pads below 0 at the low end: where the high one is above 0, a CPU's first library
    reads past x. It takes no dilated image, so that those need not be cropped."""
    cut = [min(max(-low, 0), n) for n, (low, _) in zip(x.shape[1:3], pads, strict=True)]
    return x[:, cut[0] :, cut[1] :], tuple((low + n, high) for n, (low, high) in zip(cut, pads, strict=True))


def _convolve(x, w, stride, pads, dilation, stretched):
    rows = 2 if stretched else 1
    x, pads = _cropped(x, pads)

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

    return _one_by_one(one)(x, w)


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


_FORMS = {
    "conv": (_own_conv, _cpu_conv, grouped.conv),
    "transpose": (_own_transpose, _cpu_transpose, grouped.transpose),
    "weight": (_own_weight, _cpu_weight, grouped.weight),
}

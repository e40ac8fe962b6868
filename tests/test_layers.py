"""Layers against lax, NumPy and SciPy, and the law that keeps convolutions fast."""

import re

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P
from skimage.measure import block_reduce
from skimage.transform import resize

from jaxgan.errors import BadInput
from jaxgan.layers import (
    NORMS,
    Conv,
    ConvTranspose,
    Dense,
    Norm,
    SpectralNorm,
    append_label,
    conv,
    conv_transpose,
    direct_form,
    downsample,
    label_vector,
    upsample,
)
from jaxgan.layers.conv import _geometry, _weight

NHWC = ("NHWC", "HWIO", "NHWC")


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def lax_conv(x, w, stride, padding):
    stride = (stride, stride) if isinstance(stride, int) else stride
    return jax.lax.conv_general_dilated(x, w, stride, padding, dimension_numbers=NHWC)


def close(ours, theirs, tol=1e-5):
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=tol * (1 + np.abs(b).max()))


def derivatives(f, x, w):
    """f, and its first, second and third derivatives along fixed directions, all of them in x and in w."""

    def along(g, seed):
        grad = jax.grad(g, (0, 1))

        def directed(*args):
            return sum(jnp.vdot(normal(seed + i, *d.shape), d) for i, d in enumerate(grad(*args)))

        return grad, directed

    out = f(x, w)
    first, g1 = along(lambda x, w: jnp.sum(jnp.sin(f(x, w))), 10)
    second, g2 = along(g1, 20)
    third, _ = along(g2, 30)
    return out, first(x, w), second(x, w), third(x, w)


# every kernel with every stride and padding is too many to compile at every order: `Latin` squares of them
FORMS = [
    (kernel, stride, padding)
    for i, kernel in enumerate((1, 3, 4, 5))
    for j, stride in enumerate((1, 2, 3))
    for k, padding in enumerate(("SAME", "VALID", ((2, 1), (0, 3))))
    if (i + j + k) % 3 != 2
]
UNEVEN = [
    ((3, 4), (2, 3), ((0, 1), (2, 0))),
    ((4, 1), (1, 2), "SAME"),
    ((2, 5), (3, 2), "VALID"),
    ((3, 3), (2, 2), ((4, 5), (3, 6))),
]


def kernel_of(kernel, c=2, o=3):
    h, w = (kernel, kernel) if isinstance(kernel, int) else kernel
    return normal(2, h, w, c, o) / np.sqrt(h * w * c)


@pytest.mark.parametrize("size", [(7, 6), (9, 8)])
@pytest.mark.parametrize(("kernel", "stride", "padding"), FORMS + UNEVEN, ids=str)
def test_conv_equals_lax(kernel, stride, padding, size):
    x, w = normal(1, 2, *size, 2), kernel_of(kernel)
    assert False

"""Dropout, convolutions with mirrored edges and with taps that lie apart, against NumPy."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, Dropout, conv, conv_dilated


@pytest.mark.parametrize(("dilation", "size"), [(1, (6, 7)), (2, (9, 8)), (3, (7, 11)), (4, (5, 6))])
def test_taps_that_lie_apart_are_a_kernel_with_zeros_between(dilation, size):
    x, w = normal(0, 2, *size, 3), normal(1, 3, 3, 3, 4)
    wide = np.zeros((2 * dilation + 1, 2 * dilation + 1, 3, 4), np.float32)
    wide[::dilation, ::dilation] = w
    pads = ((dilation, dilation),) * 2
    ours = lambda x, w: conv_dilated(x, w, dilation)
    assert_close(quick(ours)(x, w), quick(lambda x, w: conv(x, w, padding=pads))(x, wide))
    of = lambda f, w: quick(jax.grad(lambda x: (f(x, w) ** 2).sum()))(x)
    assert_close(of(ours, w), of(lambda x, w: conv(x, w, padding=pads), wide))


def test_mirrored_edges_are_those_of_numpy():
    x = normal(0, 2, 6, 5, 3)
    for kernel, pads in ((3, (1, 1)), (7, (3, 3)), (4, (1, 2))):
        module = Conv(4, kernel=kernel, padding="REFLECT")
        variables = module.init(jax.random.key(0), x, True)
        padded = np.pad(x, ((0, 0), pads, pads, (0, 0)), mode="reflect")
        expected = conv(padded, variables["params"]["kernel"], padding="VALID")
        assert_close(module.apply(variables, x, True), expected)
    with pytest.raises(BadInput, match="a picture of 6x5 cannot be mirrored by 5"):
        Conv(4, kernel=11, padding="REFLECT").init(jax.random.key(0), x, True)
    with pytest.raises(BadInput, match="dilation 2 with stride 2"):
        Conv(4, stride=2, dilation=2).init(jax.random.key(0), x, True)


class Dropped(nn.Module):
    @nn.compact
    def __call__(self, x, index):
        return Dropout(0.25)(x, index)


def test_dropout_is_drawn_for_each_sample_and_keeps_the_mean():
    x, key = jnp.ones((4, 50, 50, 2)), jax.random.key(0)
    drop = lambda x, index: Dropped().apply({}, x, jnp.asarray(index), rngs={"draw": key})
    out = np.asarray(drop(x, [0, 1, 2, 3]))
    np.testing.assert_array_equal(drop(x[:2], [3, 1]), out[[3, 1]])
    assert set(np.unique(out)) == {np.float32(0), np.float32(4 / 3)}
    assert abs(out.mean() - 1) < 0.02 and (out[0] != out[1]).any()
    with pytest.raises(BadInput, match="give `key` and `index`"):
        Dropped().apply({}, x, jnp.arange(4))

"""Padding and resampling of sequences are those of images one column wide; convolutions are fast, and those of lax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.layers import Conv1D, ConvTranspose1D, downsample_1d, reflected_1d, upsample_1d

X = normal(0, 2, 7, 3)


def of_lax(x, w):
    return jax.lax.conv_general_dilated(x, w, (4,), "SAME", dimension_numbers=("NWC", "WIO", "NWC"))


@pytest.mark.parametrize("length", [96, 101])
@pytest.mark.parametrize("channels", [1, 20])
def test_kernel_25_stride_4_is_that_of_lax_with_gradients_of_two_orders(length, channels):
    x, layer = normal(1, 2, length, channels), Conv1D(18, bias=False, kernel=25, stride=4)
    w = normal(2, 25, channels, 18) / 10

    def penalty(conv):
        norm = lambda x, w: jnp.sum(jax.grad(lambda x: jnp.sum(jnp.tanh(conv(x, w)) ** 2))(x) ** 2)
        return lambda x, w: (conv(x, w), jax.grad(norm, (0, 1))(x, w))

    ours = quick(penalty(lambda x, w: layer.apply({"params": {"kernel": w}}, x, True)))(x, w)
    theirs = quick(penalty(of_lax))(x, w)
    jax.tree.map(lambda a, b: assert_close(a, b, 2e-5), ours, theirs)


def test_the_transposed_layer_is_the_transpose_of_the_layer():
    y, w = normal(3, 2, 24, 5), normal(4, 25, 2, 5) / 10
    made = ConvTranspose1D(2, bias=False, kernel=25, stride=4).apply({"params": {"kernel": w}}, y, True)
    (theirs,) = quick(lambda y: jax.vjp(lambda x: of_lax(x, w), jnp.zeros((2, 96, 2)))[1](y))(y)
    assert_close(made, theirs)


def test_mirrored_ends_stay_single():
    np.testing.assert_array_equal(reflected_1d(X, 2, 3), np.pad(X, ((0, 0), (2, 3), (0, 0)), mode="reflect"))
    with pytest.raises(BadInput, match="a sequence of 7 cannot be mirrored by 7"):
        reflected_1d(X, 7, 0)
    one, w = Conv1D(4, kernel=4, padding="REFLECT"), {"params": {"kernel": normal(5, 4, 3, 4), "bias": np.zeros(4)}}
    padded = Conv1D(4, kernel=4, padding="VALID").apply(w, np.pad(X, ((0, 0), (1, 2), (0, 0)), mode="reflect"), True)
    assert_close(one.apply(w, X, True), padded)


def test_means_of_blocks_undo_repeats_and_lines_go_on_between():
    np.testing.assert_allclose(downsample_1d(upsample_1d(X, 3), 3), X, rtol=1e-6)
    line = jnp.arange(5.0)[None, :, None]
    np.testing.assert_allclose(
        upsample_1d(line, 2, "linear")[0, :, 0], [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]
    )
    np.testing.assert_allclose(downsample_1d(jnp.arange(6.0)[None, :, None], 2)[0, :, 0], [0.5, 2.5, 4.5])
    with pytest.raises(BadInput, match="a sequence of 7 has no blocks of 2"):
        downsample_1d(X)
    with pytest.raises(BadInput, match="unknown method"):
        upsample_1d(X, 2, "cubic")

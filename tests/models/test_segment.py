"""The segmentation networks against their papers' tables, on pictures of any shape."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.models import segment


def shapes(net, *inputs):
    """Variables and output as shapes: nothing is computed."""

    def both(*inputs):
        variables = net.init(jax.random.key(0), *inputs)
        return variables, net.apply(variables, *inputs)[0]

    return jax.eval_shape(both, *(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in inputs))


def count(net, *inputs):
    return sum(leaf.size for leaf in jax.tree.leaves(shapes(net, *inputs)[0]["params"]))


def three(c, o):
    return 9 * c * o + o


def test_the_parameters_of_g_are_those_of_the_u_net():
    widths = (64, 128, 256, 512, 1024)
    down = sum(three(c, o) + three(o, o) for c, o in zip((1, *widths), widths, strict=False))
    up = sum(4 * 2 * o * o + o + three(2 * o, o) + three(o, o) for o in widths[:-1])
    expected = down + up + 2 * (64 + 1)
    assert count(segment.generator(2, width=64, halvings=4, norm="none"), (1, 64, 64, 1)) == expected == 31_030_658


def test_the_parameters_of_d_are_those_of_the_paper():
    widths = (21, 64, 128, 256, 512, 1)
    expected = sum(16 * c * o + o for c, o in pairwise(widths))
    assert count(segment.discriminator(), (1, 321, 321, 21)) == expected


@pytest.mark.parametrize(
    ("size", "norm"), [((48, 64), "batch"), ((64, 48), "instance"), ((8, 40), "none"), ((32, 32), "batch")], ids=str
)
def test_masks_are_as_large_as_pictures(size, norm):
    assert shapes(segment.generator(5, width=2, norm=norm), (2, *size, 3))[1].shape == (2, *size, 5)
    layers = 3 if min(size) < 32 else 5
    assert shapes(segment.discriminator(2, layers=layers), (2, *size, 5), (2, *size, 3))[1].shape == (2, *size)


def test_pixels_keep_their_places():
    net = segment.generator(2, width=4, halvings=2, norm="none")
    x = np.zeros((1, 16, 24, 1), np.float32)
    x[0, 4, 16] = 1
    variables = quick(net.init)(jax.random.key(0), x)
    drawn = {**variables["params"], "Conv_10": {**variables["params"]["Conv_10"], "bias": np.ones(2, np.float32)}}
    shown = np.asarray(quick(lambda x: net.apply({"params": drawn}, x, train=False)[0])(x))
    change = np.abs(shown - 1).sum((0, 3))  # all biases are 0 elsewhere
    rows, columns = np.nonzero(change)
    assert rows.max() - rows.min() < 16 and columns.min() >= 0 and change[4, 16] > 0
    assert abs((change.sum(1) @ np.arange(16)) / change.sum() - 4) < 3
    assert abs((change.sum(0) @ np.arange(24)) / change.sum() - 16) < 3


def test_logits_are_stretched_corner_to_corner():
    x = np.array([[[0.0, 2.0], [4.0, 6.0], [1.0, 3.0]]], np.float32)
    out = segment.stretched(jnp.asarray(x), (5, 3))
    assert_close(out[0], np.array([[0, 1, 2], [2, 3, 4], [4, 5, 6], [2.5, 3.5, 4.5], [1, 2, 3]], np.float32))
    np.testing.assert_array_equal(segment.stretched(jnp.full((1, 1, 1), 7.0), (3, 4)), np.full((1, 3, 4), 7.0))
    assert segment.stretched(jnp.asarray(x), (1, 1)).shape == (1, 1, 1)


def test_gradients_are_those_of_small_steps():
    net, x = segment.generator(3, width=2, halvings=1), normal(0, 2, 4, 6, 2)
    variables = quick(net.init)(jax.random.key(0), x)
    way, towards = normal(1, 2, 4, 6, 3), normal(2, 2, 4, 6, 2)
    plain = lambda x: (net.apply(variables, x, train=False)[0] * way).sum()
    value, gradient = quick(plain), quick(jax.grad(plain))
    slope = gradient(x)
    step = 1e-3
    found = (value(x + step * towards) - value(x - step * towards)) / (2 * step)
    assert abs(found - (slope * towards).sum()) < 2e-2 * np.abs(slope * towards).sum()
    flat = gradient(jnp.zeros_like(x))  # where all of a 2x2 are equal
    assert np.isfinite(flat).all()


def test_bfloat16_is_for_computing_alone():
    nets = (
        (segment.generator(3, width=2, dtype="bfloat16"), (1, 8, 16, 3)),
        (
            segment.discriminator(2, layers=2, dtype="bfloat16"),
            (1, 8, 16, 3),
        ),
    )
    for net, shape in nets:
        variables, out = shapes(net, shape)
        assert out.dtype == jnp.float32
        assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: segment.generator(1), "1 classes"),
        (lambda: segment.discriminator(layers=1), "layers is 1"),
        (lambda: shapes(segment.generator(3), (1, 12, 16, 3)), "multiples of 8, not 12x16"),
        (lambda: shapes(segment.discriminator(2), (1, 31, 64, 3)), "31x64 cannot be halved 5 times: .* layers=4"),
        (lambda: segment.check_shape((8,)), r"samples of shape \(8,\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(BadInput, match=words):
        call()

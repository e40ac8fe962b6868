"""The inpainting networks against the sizes of their authors' program, and what holes do."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.models import inpaint


def shapes(net, *inputs):
    """Variables and output as shapes: nothing is computed."""

    def both(*inputs):
        variables = net.init(jax.random.key(0), *inputs)
        return variables, net.apply(variables, *inputs)[0]

    return jax.eval_shape(both, *(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in inputs))


def count(net, *inputs):
    return sum(leaf.size for leaf in jax.tree.leaves(shapes(net, *inputs)[0]["params"]))


def gated(kernel, c, o):
    """Parameters of a convolution to o channels, half of them gates."""
    return kernel * kernel * c * o + o


def test_the_parameters_of_g_are_those_of_the_first_stage():
    # of 48, 96, 192 channels half are gates; the second stage of the code has 2,421,327 more, and the paper says 4.1 million
    down = gated(5, 4, 48) + gated(3, 24, 96) + gated(3, 48, 96) + gated(3, 48, 192) + 2 * gated(3, 96, 192)
    middle = 4 * gated(3, 96, 192) + 2 * gated(3, 96, 192)
    up = gated(3, 96, 96) + gated(3, 48, 96) + gated(3, 48, 48) + gated(3, 24, 24) + (9 * 12 * 3 + 3)
    expected = down + middle + up
    assert count(inpaint.generator(), (1, 256, 256, 4)) == expected == 1_629_951
    # the code has one channel more before the first convolution, of ones
    assert count(inpaint.generator(2), (1, 256, 256, 3)) == expected - 25 * 48 - (9 * 12 + 1)
    assert shapes(inpaint.generator(), (2, 96, 128, 4))[1].shape == (2, 96, 128, 3)


def test_the_parameters_of_d_are_those_of_the_sn_patchgan():
    widths = (4, 64, 128, 256, 256, 256, 256)
    expected = sum(25 * c * o + o for c, o in pairwise(widths))
    given = ((1, 256, 256, 3), (1, 256, 256, 1))
    assert count(inpaint.discriminator(), *given) == expected
    variables, logits = shapes(inpaint.discriminator(), *given)
    assert logits.shape == (1, 4, 4, 256) and len(variables["spectral"]) == 6
    assert "spectral" not in shapes(inpaint.discriminator(spectral=False), *given)[0]
    assert shapes(inpaint.discriminator(8, layers=3), (2, 48, 64, 3), (2, 48, 64, 1))[1].shape == (2, 6, 8, 32)


def test_a_hole_is_grey_and_marked_and_alone_is_filled():
    x, out = normal(0, 2, 4, 8, 3), normal(1, 2, 4, 8, 3)
    hole = np.random.default_rng(0).integers(0, 2, (2, 4, 8), dtype=np.uint8)
    given = inpaint.holed(x, 2 * hole)  # whatever is not 0 is one
    assert given.shape == (2, 4, 8, 4) and given.dtype == jnp.float32
    np.testing.assert_array_equal(given[..., 3], 1 - 2.0 * hole)
    np.testing.assert_array_equal(given[..., :3], np.where(hole[..., None], 0, x))
    np.testing.assert_array_equal(inpaint.composed(out, given), np.where(hole[..., None], out, x))
    slope = jax.grad(lambda out: inpaint.composed(out, given).sum())(out)
    np.testing.assert_array_equal(slope, np.broadcast_to(hole[..., None], slope.shape))


def test_g_knows_what_is_around_a_hole_and_not_what_was_in_it():
    net, hole = inpaint.generator(1, width=4, dilations=(2,)), np.zeros((1, 16, 16), np.uint8)
    hole[:, 4:12, 4:12] = 1
    x = normal(0, 1, 16, 16, 1)
    variables = quick(net.init)(jax.random.key(0), inpaint.holed(x, hole))
    made = quick(lambda x, hole: net.apply(variables, inpaint.holed(x, hole), train=False)[0])
    out = made(x, hole)
    assert np.abs(out).max() <= 1 and out.dtype == jnp.float32
    np.testing.assert_array_equal(out, made(x + hole[..., None], hole))
    assert np.abs(out - made(x + 1 - hole[..., None], hole)).max() > 1e-3
    grey = 0 * x  # where only the marks differ
    assert np.abs(made(grey, hole) - made(grey, 1 - hole)).max() > 1e-3


def test_dilations_are_those_asked_for():
    count_of = lambda dilations: count(inpaint.generator(1, width=8, dilations=dilations), (1, 16, 16, 2))
    assert count_of((2, 4)) - count_of(()) == 2 * gated(3, 16, 32)
    x = normal(0, 1, 32, 32, 2)
    near, far = (inpaint.generator(1, width=4, dilations=(d,)) for d in (1, 4))
    variables = quick(near.init)(jax.random.key(0), x)
    out = [quick(lambda x, net=net: net.apply(variables, x)[0])(x) for net in (near, far)]
    assert np.abs(out[0] - out[1]).max() > 1e-4


def test_d_sees_pictures_and_what_lies_beside_them_alike():
    net, x = inpaint.discriminator(2, layers=2), normal(0, 2, 8, 12, 4)
    variables = quick(net.init)(jax.random.key(0), x)
    judged = quick(lambda *given: net.apply(variables, *given, train=False)[0])
    assert_close(judged(x[..., :3], x[..., 3:]), judged(x))


def test_bfloat16_is_for_computing_alone():
    for net in (inpaint.generator(3, width=4, dtype="bfloat16"), inpaint.discriminator(2, layers=2, dtype="bfloat16")):
        variables, out = shapes(net, (1, 8, 8, 4))
        assert out.dtype == jnp.float32
        assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: inpaint.generator(width=6), "width is 6: give a multiple of 4"),
        (lambda: inpaint.discriminator(layers=0), "layers is 0"),
        (lambda: shapes(inpaint.generator(3, width=4), (1, 10, 12, 4)), "multiples of 4, not 10x12"),
        (lambda: shapes(inpaint.generator(3, width=4), (1, 8, 12, 3)), "given 3 channels, and makes pictures of 3"),
        (lambda: inpaint.check_shape((8,)), r"samples of shape \(8,\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(BadInput, match=words):
        call()

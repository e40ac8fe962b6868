"""RRDBNet: sizes and parameters of the papers, what goes in and out, how it begins."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal, quick
from PIL import Image

from jaxgan.errors import BadInput
from jaxgan.layers.shuffle import pixel_shuffle, pixel_unshuffle
from jaxgan.models import rrdb

TINY = {"blocks": 2, "width": 4, "growth": 2}


def shapes(net, *shape):
    """Variables and output as shapes: nothing is computed."""

    def both(x):
        variables = net.init(jax.random.key(0), x)
        return variables, net.apply(variables, x)[0]

    return jax.eval_shape(both, jax.ShapeDtypeStruct(shape, jnp.float32))


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


@pytest.mark.parametrize(("factor", "parameters"), [(4, 16_697_987), (2, 16_703_171), (1, 16_723_907)])
def test_parameters_are_those_of_the_papers(factor, parameters):
    variables, image = shapes(rrdb.generator(factor), 2, 8, 12, 3)
    three = lambda c, o: 9 * c * o + o
    dense = sum(three(64 + 32 * i, 32) for i in range(4)) + three(64 + 32 * 4, 64)
    first = three(3 * {4: 1, 2: 2, 1: 4}[factor] ** 2, 64)
    assert count(variables) == first + 23 * 3 * dense + 4 * three(64, 64) + three(64, 3) == parameters
    assert image.shape == (2, 8 * factor, 12 * factor, 3) and set(variables) == {"params"}


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize(("factor", "found", "channels"), [(4, 3, 3), (2, 1, 1), (1, 1, 3), (1, 4, 3)])
def test_images_are_float32_of_their_own_channels(factor, found, channels, dtype):
    variables, image = shapes(rrdb.generator(factor, channels, dtype=dtype, **TINY), 2, 8, 4, found)
    assert image.shape == (2, 8 * factor, 4 * factor, channels) and image.dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


def test_blocks_begin_small_and_each_with_weights_of_its_own():
    net, x = rrdb.generator(1, 3, blocks=3, width=16, growth=8), normal(0, 1, 8, 8, 3)
    params = quick(net.init)(jax.random.key(0), x)["params"]
    one = np.asarray(params["blocks"]["DenseBlock_1"]["Conv_2"]["kernel"])  # of 16 + 2 * 8 channels
    assert one.shape == (3, 3, 3, 32, 8) and np.abs(one[0] - one[1]).max() > 0.01
    np.testing.assert_allclose(one.std(), 0.1 * (2 / (9 * 32)) ** 0.5, rtol=0.05)
    last = np.asarray(params["last"]["kernel"])
    np.testing.assert_allclose([last.std(), last.max()], (np.array([1 / 3, 1]) / (9 * 16)) ** 0.5, rtol=0.05)


def test_pixels_leave_and_come_back():
    x = normal(0, 2, 6, 4, 3)
    y = pixel_unshuffle(x, 2)
    assert y.shape == (2, 3, 2, 12)
    np.testing.assert_array_equal(y[0, 1, 1, 4:8], x[0, 2:4, 2:4, 1].ravel())
    np.testing.assert_array_equal(pixel_shuffle(y, 2), x)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: rrdb.generator(3), "factor is 3: give 1, 2 or 4"),
        (lambda: rrdb.generator(blocks=0), "blocks is 0: give 1 or more, 23 for the paper's"),
        (lambda: shapes(rrdb.generator(1, **TINY), 2, 8, 6, 3), "images of 8x6 do not divide by 4: crop or pad them"),
        (lambda: pixel_shuffle(normal(0, 1, 2, 2, 6), 2), r"6 channels do not divide by 2\^2: give a multiple of 4"),
    ],
)
def test_what_the_network_cannot_do_is_bad_input(build, said):
    with pytest.raises(BadInput, match=said):
        build()


@pytest.mark.parametrize(("factor", "given"), [(1, 1), (1, 4), (2, 3), (4, 3)])
def test_a_residual_network_adds_to_its_input(factor, given):
    x = normal(0, 2, 8, 8, given)
    nets = [rrdb.generator(factor, blocks=1, width=4, growth=2, residual=residual) for residual in (False, True)]
    variables = quick(nets[0].init)(jax.random.key(0), x)
    plain, added = (quick(lambda v, x, net=net: net.apply(v, x)[0])(variables, x) for net in nets)
    shown = np.repeat(x, 3, -1) if given == 1 else x[..., :3]
    for i in range(2):
        for c in range(3):
            large = Image.fromarray(shown[i, ..., c]).resize((8 * factor, 8 * factor), Image.Resampling.BICUBIC)
            np.testing.assert_allclose(added[i, ..., c] - plain[i, ..., c], np.asarray(large), atol=2e-5)
    assert nets[1].multiple == {1: 4, 2: 2, 4: 1}[factor]

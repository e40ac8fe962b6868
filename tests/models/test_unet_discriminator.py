"""The U-Net discriminator: parameters of its code, a logit for each pixel, spectral norms, and how far a pixel is seen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal, quick

from jaxgan.errors import BadInput
from jaxgan.models import unet_discriminator


def shapes(net, *shape):
    """Variables and output as shapes: nothing is computed."""

    def both(x):
        variables = net.init(jax.random.key(0), x)
        return variables, net.apply(variables, x)[0]

    return jax.eval_shape(both, jax.ShapeDtypeStruct(shape, jnp.float32))


def test_parameters_are_those_of_the_authors_and_logits_as_many_as_pixels():
    variables, logits = shapes(unet_discriminator.discriminator(), 2, 64, 128, 3)
    four, three = lambda c, o: 16 * c * o, lambda c, o: 9 * c * o
    down = four(64, 128) + four(128, 256) + four(256, 512)
    up = three(512, 256) + three(256, 128) + three(128, 64)
    expected = three(3, 64) + 64 + down + up + 2 * three(64, 64) + three(64, 1) + 1
    assert sum(leaf.size for leaf in jax.tree.leaves(variables["params"])) == expected == 4_376_897
    assert logits.shape == (2, 64, 128) and logits.dtype == jnp.float32
    assert sorted(variables["spectral"]) == [f"Conv_{i}" for i in range(8)]
    assert sorted(name for name, layer in variables["params"].items() if "bias" in layer) == ["first", "logits"]


def test_logits_are_float32_whatever_is_computed_in():
    variables, logits = shapes(unet_discriminator.discriminator(width=4, dtype=jnp.bfloat16), 2, 8, 16, 1)
    assert logits.shape == (2, 8, 16) and logits.dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


def test_a_pixel_reaches_far_through_the_halvings_and_samples_keep_to_themselves():
    net, x = unet_discriminator.discriminator(width=8), normal(0, 2, 64, 64, 3)
    variables = quick(net.init)(jax.random.key(0), x)
    slope = quick(jax.grad(lambda x: net.apply(variables, x, train=False)[0][0, 32, 32]))(x)
    rows, cols = np.nonzero(np.abs(slope[0]).max(-1))
    # 3x3 at an eighth, and what halvings and doublings add: 58 pixels, where a network without halvings would see 9
    assert 40 < rows.max() - rows.min() < 64 and 40 < cols.max() - cols.min() < 64
    assert np.abs(slope[1]).max() == 0


def test_a_training_step_moves_the_singular_vectors():
    net, x = unet_discriminator.discriminator(width=4), normal(0, 2, 8, 8, 3)
    variables = quick(net.init)(jax.random.key(0), x)
    shaken = {**variables, "params": jax.tree.map(lambda w: w + normal(1, *w.shape), variables["params"])}
    moved = quick(lambda v: net.apply(v, x)[1])(shaken)
    assert set(moved) == {"spectral"}
    apart = jax.tree.map(lambda new, old: np.abs(new - old).max(), moved["spectral"], variables["spectral"])
    assert min(jax.tree.leaves(apart)) > 1e-3


def test_sizes_that_cannot_be_halved_three_times_are_bad_input():
    with pytest.raises(BadInput, match="images are 8x12, and are halved 3 times: crop or pad them to multiples of 8"):
        shapes(unet_discriminator.discriminator(width=4), 2, 8, 12, 3)

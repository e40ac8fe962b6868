"""The networks for text at the authors' sizes, and what a G gives: shares of symbols."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import quick

from jaxgan.errors import BadInput
from jaxgan.models import text

WIDTH, LENGTH, SYMBOLS, LATENT = 512, 32, 96, 128  # of gan_language.py, but for the alphabet, which is its data's


def count(net, *shape):
    shapes = jax.eval_shape(lambda: net.init(jax.random.key(0), jnp.zeros(shape)))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes["params"]))


def test_the_networks_have_the_authors_weights():
    blocks = 5 * 2 * (5 * WIDTH * WIDTH + WIDTH)
    g = (LATENT + 1) * LENGTH * WIDTH + blocks + (WIDTH + 1) * SYMBOLS
    assert count(text.generator(), 2, LATENT) == g == 15_275_104
    d = (SYMBOLS + 1) * WIDTH + blocks + LENGTH * WIDTH + 1
    assert count(text.discriminator(), 2, LENGTH, SYMBOLS) == d == 13_178_369


def test_shares_add_up_to_one_and_no_text_looks_at_another():
    net, z = text.generator(6, 4, width=8, blocks=1), np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    variables = net.init(jax.random.key(0), z)
    run = quick(lambda z: net.apply(variables, z, train=True)[0])
    shares = run(z)
    assert shares.shape == (3, 6, 4) and shares.dtype == jnp.float32
    np.testing.assert_allclose(shares.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(run(z[[0, 0, 0]])[2], shares[0], rtol=1e-5)


def test_a_symbol_is_seen_as_far_as_the_kernels_reach():
    """Five places a convolution: two of them reach four places to each side, and the logits see all."""
    net = text.discriminator(width=8, blocks=1)
    x = jax.nn.one_hot(jnp.zeros((1, 16), jnp.int32), 3)
    variables = net.init(jax.random.key(0), x)
    variables["params"]["Dense_1"]["kernel"] *= (jnp.arange(128) // 8 == 8)[:, None]  # of the middle place alone
    slope = jax.grad(lambda x: net.apply(variables, x, train=True)[0].sum())(x)
    seen = np.abs(slope[0]).max(-1) > 0
    assert seen.tolist() == [abs(place - 8) <= 4 for place in range(16)]


@pytest.mark.parametrize(("length", "symbols"), [(0, 4), (4, 1)])
def test_texts_that_are_none_are_refused(length, symbols):
    with pytest.raises(BadInput, match=f"{length} places and {symbols} symbols: give"):
        text.generator(length, symbols)

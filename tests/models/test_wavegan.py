"""WaveGAN's networks at the paper's sizes, and phase shuffle."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal, quick

from jaxgan.errors import BadInput
from jaxgan.layers import PhaseShuffle
from jaxgan.models import wavegan


def sizes(net, *inputs):
    return jax.eval_shape(lambda: net.init(jax.random.key(0), *inputs))["params"]


def count(net, *inputs):
    return sum(leaf.size for leaf in jax.tree.leaves(sizes(net, *inputs)))


def test_the_networks_have_the_papers_weights():
    d, z, x = 64, jnp.zeros((1, 100)), jnp.zeros((1, 16_384, 1))
    g = wavegan.generator()
    kernels = {name: layer["kernel"].shape for name, layer in sizes(g, z).items()}  # table 3
    assert kernels["Dense_0"] == (100, 256 * d)
    steps = [(16 * d, 8 * d), (8 * d, 4 * d), (4 * d, 2 * d), (2 * d, d), (d, 1)]
    assert [kernels[f"ConvTranspose1D_{i}"] for i in range(5)] == [(25, o, c) for c, o in steps]
    assert count(g, z) == 101 * 256 * d + sum(25 * c * o + o for c, o in steps)
    judge = wavegan.discriminator()
    steps = [(1, d), (d, 2 * d), (2 * d, 4 * d), (4 * d, 8 * d), (8 * d, 16 * d)]  # table 4
    assert count(judge, x) == sum(25 * c * o + o for c, o in steps) + 256 * d + 1
    assert jax.eval_shape(lambda: g.apply(g.init(jax.random.key(0), z), z)[0]).shape == x.shape


@pytest.mark.parametrize(
    ("length", "plan"),
    [(32, (8, 1)), (124, (31, 1)), (128, (8, 2)), (4096, (16, 4)), (16_384, (16, 5)), (65_536, (16, 6))],
)
def test_sounds_have_the_length_that_is_asked_for(length, plan):
    assert wavegan.plan(length) == plan
    g, z = wavegan.generator(length, 2, width=1, classes=3), jnp.zeros((2, 5))
    label = jnp.zeros(2, jnp.int32)
    out = jax.eval_shape(lambda: g.apply(g.init(jax.random.key(0), z, label), z, label)[0])
    assert out.shape == (2, length, 2) and out.dtype == jnp.float32
    d = wavegan.discriminator(length, width=1, classes=3)
    x = jnp.zeros((2, length, 2))
    logits = jax.eval_shape(lambda: d.apply(d.init(jax.random.key(0), x, label), x, label, train=False)[0])
    assert logits.shape == (2,) and logits.dtype == jnp.float32


def shuffled(x, index, most=2, key=0, train=True):
    draw = {"draw": jax.random.key(key)}
    return np.asarray(quick(lambda x, index: PhaseShuffle(most).apply({}, x, train, index, rngs=draw))(x, index))


def authors(x, phase):
    """apply_phaseshuffle of the authors' program, of one sample [T, C]."""
    left, right = max(phase, 0), max(-phase, 0)
    padded = np.pad(x, ((left, right), (0, 0)), mode="reflect")
    return padded[right : right + len(x)]


def test_each_sample_is_moved_as_the_authors_move_it_and_all_moves_are_drawn_alike():
    x = normal(0, 600, 9, 2)
    moved = shuffled(x, np.arange(600))
    ways = np.stack(
        [
            [np.array_equal(authors(one, phase), out) for phase in range(-2, 3)]
            for one, out in zip(x, moved, strict=True)
        ]
    )
    assert (ways.sum(1) == 1).all() and ways.mean(0).min() > 0.15 and ways.mean(0).max() < 0.25


def test_a_move_belongs_to_the_place_in_the_batch_and_to_the_layer():
    x = np.repeat(normal(1, 1, 9, 2), 40, 0)
    whole, part = shuffled(x, np.arange(40)), shuffled(x[:10], np.arange(20, 30))
    np.testing.assert_array_equal(whole[20:30], part)
    assert len(np.unique(whole, axis=0)) == 5
    assert not np.array_equal(whole, shuffled(x, np.arange(40), key=1))


def test_out_of_training_and_without_a_reach_nothing_moves():
    x = normal(2, 4, 9, 1)
    np.testing.assert_array_equal(shuffled(x, np.arange(4), train=False), x)
    np.testing.assert_array_equal(shuffled(x, np.arange(4), most=0), x)
    with pytest.raises(BadInput, match="give `key` and `index`"):
        PhaseShuffle(2).apply({}, x, True, None)
    with pytest.raises(BadInput, match="a sequence of 2 cannot be moved by 2"):
        shuffled(x[:, :2], np.arange(4))


def test_d_shuffles_between_all_layers_but_the_last_in_training_alone():
    x, index = normal(3, 8, 512, 1), np.arange(8)
    with_it, without = (wavegan.discriminator(512, width=2, shuffle=n) for n in (2, 0))
    variables = quick(with_it.init)(jax.random.key(0), x)
    at = quick(lambda key: with_it.apply(variables, x, key=key, index=index)[0])
    still = quick(lambda: without.apply(variables, x)[0])()
    assert (np.asarray(at(jax.random.key(1))) != np.asarray(still)).any()
    assert (np.asarray(at(jax.random.key(1))) != np.asarray(at(jax.random.key(2)))).any()
    np.testing.assert_array_equal(quick(lambda: with_it.apply(variables, x, train=False)[0])(), still)


@pytest.mark.parametrize("length", [16, 102, 130, 8000])
def test_lengths_that_cannot_be_made_are_refused_with_one_that_can(length):
    with pytest.raises(BadInput, match=f"not {length}: set --length") as refused:
        wavegan.plan(length)
    wavegan.plan(int(str(refused.value).split()[-1]))


def test_what_cannot_be_made_is_refused():
    for call, said in (
        (lambda: wavegan.generator(width=0), "width is 0"),
        (lambda: wavegan.discriminator(128, shuffle=32), "shuffle is 32: give 0 .. 31"),
        (lambda: wavegan.check_shape((64, 64, 3)), r"sounds, not samples of shape \(64, 64, 3\)"),
    ):
        with pytest.raises(BadInput, match=said):
            call()

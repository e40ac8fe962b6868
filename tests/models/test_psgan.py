"""PSGAN's networks at the authors' sizes, and fields of noise: draws of cells, windows, waves."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import quick

from jaxgan.errors import BadInput
from jaxgan.models import psgan
from jaxgan.noise import FieldNoise

NOISE = FieldNoise(cell=4, margin=2, local=3, shared=2, waves=4)


def count(net, *inputs):
    shapes = jax.eval_shape(lambda: net.init(jax.random.key(0), *inputs))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes["params"]))


def test_the_networks_have_the_authors_weights():
    widths = (30 + 60 + 6, 512, 256, 128, 64)
    kernels = sum(25 * c * o + 2 * o for c, o in pairwise(widths)) + 25 * 64 * 3 + 3
    waves = 61 * 50 + 51 * 12 + 12
    g = psgan.generator()
    field = g.field(jax.random.key(0), jnp.arange(1), (160, 96))
    assert field.local.shape == (1, 9, 7, 30)
    assert count(g, field) == kernels + waves
    d = psgan.discriminator()
    widths = (3, 64, 128, 256, 512)
    convs = sum(25 * c * o for c, o in pairwise(widths)) + 64 + 2 * (128 + 256 + 512) + 25 * 512 + 1
    assert count(d, jnp.zeros((1, 160, 160, 3))) == convs


@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_pictures_are_cells_times_two_to_the_layers(layers):
    g = psgan.generator(1, 2, layers, local=1, shared=0, waves=1)
    field = g.field(jax.random.key(0), jnp.arange(2), (2 << layers, 3 << layers))
    out = jax.eval_shape(lambda: g.apply(g.init(jax.random.key(0), field), field)[0])
    assert out.shape == (2, 2 << layers, 3 << layers, 1)


@pytest.mark.parametrize("layers", [1, 3])
def test_g_looks_as_far_as_its_margin(layers):
    g = psgan.generator(1, 8, layers, local=1, shared=1, waves=1)
    field = g.field(jax.random.key(0), jnp.arange(1), (g.field.cell, g.field.cell))
    variables = quick(g.init)(jax.random.key(1), field)
    of = lambda local: jnp.abs(g.apply(variables, field._replace(local=local), train=False)[0][0]).sum()
    slope = np.abs(np.asarray(quick(jax.grad(of))(field.local)))[0, :, :, 0]
    assert slope.shape == (2 * g.field.margin + 1,) * 2 and slope[0].any() and slope[:, 0].any()


def test_a_patch_is_what_a_logit_looks_at():
    for layers in (1, 2, 3):
        d, side = psgan.discriminator(2, layers), psgan.patch(layers) + 16
        x = np.random.default_rng(0).normal(size=(1, side, side, 1)).astype(np.float32)
        variables = quick(d.init)(jax.random.key(0), x)
        at = side >> (layers + 1)
        slope = quick(jax.grad(lambda x, d=d, v=variables, at=at: d.apply(v, x, train=False)[0][0, at, at]))(x)
        rows = np.flatnonzero(np.abs(np.asarray(slope))[0, :, :, 0].sum(1))
        assert rows[-1] - rows[0] + 1 == psgan.patch(layers)


def test_what_is_drawn_depends_on_the_index_alone():
    whole = NOISE(jax.random.key(0), jnp.arange(4), (8, 12))
    part = NOISE(jax.random.key(0), jnp.arange(2, 4), (8, 12))
    for name in ("local", "textures", "phase"):
        np.testing.assert_array_equal(getattr(whole, name)[2:], getattr(part, name))
        assert np.ptp(np.asarray(getattr(whole, name)), axis=0).min() > 0
    assert np.abs(whole.local).max() <= 1 and whole.phase.min() >= 0 and whole.phase.max() < 2 * np.pi
    np.testing.assert_array_equal(whole.place[0, :, 0, 0], np.arange(6))


def window(rows, columns, period=(0, 0)):
    textures, share = jnp.zeros((1, 2)), jnp.ones((len(rows), len(columns), 1))
    return NOISE.window(jax.random.key(0), jnp.asarray(rows), jnp.asarray(columns), textures, share, period)


def test_windows_agree_where_they_lie_over_each_other_and_begin_again():
    one, other = window(range(-2, 6), range(7)), window(range(1, 9), range(3, 10))
    np.testing.assert_array_equal(one.local[0, 3:, 3:], other.local[0, :5, :4])
    np.testing.assert_array_equal(one.place[0, 3:, 3:], other.place[0, :5, :4])
    assert len(np.unique(np.asarray(one.local))) == one.local.size
    again = window(range(-3, 8), range(-2, 6), (5, 4))
    for name in ("local", "place"):
        x = np.asarray(getattr(again, name))[0]
        np.testing.assert_array_equal(x[5:], x[:-5])
        np.testing.assert_array_equal(x[:, 4:], x[:, :-4])


def test_waves_fit_their_period_and_are_else_as_learned():
    waves = psgan.Waves(4)
    textures = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (1, 3, 2)), jnp.float32)
    variables = waves.init(jax.random.key(0), textures, jnp.zeros((1, 2)), train=True)
    free = waves.apply(variables, textures, jnp.zeros((1, 2)), train=False)
    held = waves.apply(variables, textures, jnp.array([[7.0, 0.0]]), train=False)
    turns = np.asarray(held[..., 0]) * 7 / (2 * np.pi)
    np.testing.assert_allclose(turns, np.rint(turns), atol=1e-5)
    assert np.abs(held[..., 0] - free[..., 0]).max() <= np.pi / 7 + 1e-5
    np.testing.assert_array_equal(held[..., 1], free[..., 1])
    np.testing.assert_allclose(
        psgan.first_waves(4), np.pi * np.array([[0.25, 0], [0.75, 0], [0, 0.25], [0, 0.75]]), rtol=1e-6
    )


def test_what_cannot_be_made_is_refused():
    for call, said in (
        (lambda: psgan.generator(layers=0), "layers is 0"),
        (lambda: psgan.generator(local=0, waves=0), "local is 0, shared 60, waves 0"),
        (lambda: psgan.discriminator(0), "width is 0"),
        (lambda: psgan.check_shape((100, 100, 3), 4), "multiples of 16 pixels, not 100x100: set --resolution 96"),
        (lambda: psgan.check_shape((2,), 4), r"samples of shape \(2,\)"),
    ):
        with pytest.raises(BadInput, match=said):
            call()

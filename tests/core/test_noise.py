"""Latent distributions: what is drawn, and that it depends on the key and the index in the batch alone."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jaxgan import noise

FAMILY = {
    "normal": noise.normal,
    "uniform": noise.uniform,
    "truncated_normal": noise.truncated_normal,
    "spherical": noise.spherical,
    "one_hot": noise.one_hot,
}
SIZE, ROWS = 8, 2500


@cache
def sampler(name, size=SIZE, **options):
    return jax.jit(FAMILY[name](size, **options))


@cache
def draw(name, size=SIZE, rows=ROWS, seed=0, **options):
    return np.asarray(sampler(name, size, **options)(jax.random.key(seed), jnp.arange(rows)))


@pytest.mark.parametrize("name", FAMILY)
def test_noise_has_a_float32_row_for_each_place(name):
    shape = lambda sample: jax.eval_shape(sample, jax.random.key(0), jnp.arange(3))
    for size in (1, 7):
        z = shape(FAMILY[name](size))
        assert z.shape == (3, size) and z.dtype == jnp.float32
    assert shape(FAMILY[name]()).shape == (3, {"one_hot": 10}.get(name, 100))


MARGINALS = {
    "normal": stats.norm(),
    "uniform": stats.uniform(-1, 2),
    "truncated_normal": stats.truncnorm(-2, 2),
    # z_0 / sqrt(size) on the unit sphere: (1 + z_0 / sqrt(size)) / 2 is Beta((size - 1) / 2, (size - 1) / 2)
    "spherical": stats.beta((SIZE - 1) / 2, (SIZE - 1) / 2, loc=-np.sqrt(SIZE), scale=2 * np.sqrt(SIZE)),
}


@pytest.mark.parametrize("name", MARGINALS)
def test_marginal_of_every_coordinate_is_the_named_distribution(name):
    z = draw(name)
    for i in range(SIZE):
        assert stats.kstest(z[:, i], MARGINALS[name].cdf).pvalue > 1e-4
    if name != "spherical":  # whose coordinates are uncorrelated, not independent
        assert stats.kstest(z.ravel(), MARGINALS[name].cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", MARGINALS)
def test_coordinates_are_centred_uncorrelated_and_of_the_right_variance(name):
    z = draw(name)
    variance = MARGINALS[name].var()
    np.testing.assert_allclose(z.mean(0), 0, atol=5 * np.sqrt(variance / ROWS))
    np.testing.assert_allclose(np.cov(z.T), variance * np.eye(SIZE), atol=0.1)
    assert np.abs(np.corrcoef(z[:-1, 0], z[1:, 0])[0, 1]) < 5 / np.sqrt(ROWS), "neighbouring rows are independent"


def test_uniform_stays_within_its_range():
    z = draw("uniform")
    assert z.min() >= -1 and z.max() < 1
    assert z.min() < -0.99 and z.max() > 0.99


@pytest.mark.parametrize("limit", [0.5, 2.0])
def test_truncated_normal_reaches_its_limit_and_does_not_pass_it(limit):
    z = draw("truncated_normal", limit=limit)
    assert 0.98 * limit < np.abs(z).max() <= limit
    assert stats.kstest(z.ravel(), stats.truncnorm(-limit, limit).cdf).pvalue > 1e-3


@pytest.mark.parametrize("size", [1, 3, SIZE])
def test_spherical_lies_on_the_sphere_of_radius_sqrt_size(size):
    z = draw("spherical", size)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), np.sqrt(size), rtol=1e-6)


@pytest.mark.parametrize("size", [2, 10])
def test_one_hot_rows_are_unit_vectors_all_equally_likely(size):
    z = draw("one_hot", size, 20_000)
    assert set(np.unique(z)) == {0.0, 1.0}
    np.testing.assert_array_equal(z.sum(1), 1)
    assert stats.chisquare(z.sum(0)).pvalue > 1e-3


@pytest.mark.parametrize("name", FAMILY)
def test_a_row_depends_on_the_key_and_its_own_index_alone(name):
    sample = sampler(name, 64)
    key = jax.random.key(7)
    index = np.array([5, 0, 131_072, 3, 2**31 - 1, 17], np.int32)
    whole = np.asarray(sample(key, index))
    assert len({row.tobytes() for row in whole}) == 6
    for order in ([4, 2, 0, 5, 1, 3], [1, 1, 5, 0, 5, 5]):
        np.testing.assert_allclose(sample(key, index[order]), whole[order], rtol=1e-6)
    split = [sample(key, part) for part in np.split(index, 3)]
    np.testing.assert_allclose(np.concatenate(split), whole, rtol=1e-6)


@pytest.mark.parametrize("name", FAMILY)
def test_another_key_draws_other_noise(name):
    one, other = draw(name), draw(name, seed=1)
    same = (one == other).all(1).mean()
    assert same < 0.2  # a discrete code may agree here and there

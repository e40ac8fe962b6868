"""PatchNCE against its equation, written out."""

import jax
import numpy as np
import pytest
from arrays import assert_close, normal

from jaxgan.losses.patch_nce import patch_nce


def unit(seed, *shape):
    x = normal(seed, *shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def written_out(query, positive, temperature):
    """Eq. 3 for each place, with the other places of the same picture as negatives, in float64."""
    out = np.zeros(query.shape[:2])
    for b, s in np.ndindex(*out.shape):
        v = np.float64(query[b, s])
        right = np.exp(v @ positive[b, s] / temperature)
        wrong = sum(np.exp(v @ other / temperature) for n, other in enumerate(np.float64(positive[b])) if n != s)
        out[b, s] = -np.log(right / (right + wrong))
    return out


@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_it_is_the_equation(temperature):
    query, positive = unit(0, 3, 6, 4), unit(1, 3, 6, 4)
    assert_close(np.asarray(patch_nce(query, positive, temperature)), written_out(query, positive, temperature))


def test_the_default_temperature_is_the_paper_s():
    query, positive = unit(0, 2, 3, 4), unit(1, 2, 3, 4)
    assert_close(np.asarray(patch_nce(query, positive)), written_out(query, positive, 0.07))


def test_places_that_are_all_different_or_all_alike_are_known():
    apart = np.eye(8, dtype=np.float32)[None]
    np.testing.assert_allclose(patch_nce(apart, apart, 0.5), np.log1p(7 * np.exp(-2.0)), rtol=1e-5)
    alike = np.tile(unit(0, 1, 1, 4), (1, 8, 1))
    np.testing.assert_allclose(patch_nce(alike, alike), np.log(8), rtol=1e-5)


def test_positives_are_constants_and_other_pictures_no_negatives():
    query, positive = unit(0, 2, 5, 4), unit(1, 2, 5, 4)
    slope = jax.grad(lambda positive: patch_nce(query, positive).sum())(positive)
    np.testing.assert_array_equal(slope, 0)
    other = np.concatenate([positive[:1], unit(2, 1, 5, 4)])
    ours, theirs = patch_nce(query, positive), patch_nce(query, other)
    np.testing.assert_array_equal(ours[0], theirs[0])
    assert np.abs(ours[1] - theirs[1]).max() > 0.1


def test_it_is_float32_and_finite_at_any_temperature():
    query = unit(0, 1, 3, 4).astype(np.float16)
    out = patch_nce(query, -query, 1e-4)
    assert out.dtype == np.float32 and np.isfinite(out).all() and (out > 0).all()

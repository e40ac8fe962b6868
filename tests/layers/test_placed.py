"""Feature maps that are read at places: against SciPy's shifts, whole pixels, small steps; parts over one another."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick
from scipy import ndimage

from jaxgan.layers import over, placed

X = normal(0, 2, 5, 7, 6)  # of three parts, or of one
PLACES = 3 * normal(1, 2, 4, 3, 2)
EDGE = pytest.mark.parametrize("edge", [False, True])


@EDGE
def test_each_part_is_where_scipy_shifts_it(edge):
    y = quick(lambda x, places: placed(x, places, edge=edge))(X, PLACES)
    assert y.shape == (2, 4, 5, 7, 6)
    for b, t, k in np.ndindex(2, 4, 3):
        part = slice(2 * k, 2 * k + 2)
        there = ndimage.shift(
            X[b, ..., part], (*PLACES[b, t, k], 0), order=1, mode="nearest" if edge else "grid-constant"
        )
        assert_close(y[b, t, ..., part], there)


@EDGE
def test_whole_pixels_are_a_roll_with_what_comes_in_from_outside(edge):
    shifts = [(0, 0), (2, 0), (-1, 3), (5, 0), (0, -9)]
    places = np.broadcast_to(np.float32(shifts)[None, :, None], (2, 5, 1, 2))
    y = quick(lambda x, places: placed(x, places, edge=edge))(X, places)
    around = np.pad(X, ((0, 0), (9, 9), (9, 9), (0, 0)), mode="edge" if edge else "constant")
    for t, shift in enumerate(shifts):
        np.testing.assert_array_equal(y[:, t], np.roll(around, shift, (1, 2))[:, 9:-9, 9:-9])


@EDGE
def test_the_slope_in_a_place_is_that_of_small_steps(edge):
    way, step = normal(2, 2, 4, 5, 7, 6), 1 / 64
    total = quick(lambda places: (placed(X, places, edge=edge) * way).sum((0, 2, 3, 4)))
    slope = quick(jax.grad(lambda places: (placed(X, places, edge=edge) * way).sum()))(PLACES)
    for at in ((0, 0, 0, 0), (1, 2, 1, 1), (1, 3, 2, 0)):
        near = np.zeros_like(PLACES)
        near[at] = step
        assert np.floor(PLACES[at] - step) == np.floor(PLACES[at] + step)  # between two pixels it is a line
        found = (total(PLACES + near) - total(PLACES - near))[at[1]] / (2 * step)
        np.testing.assert_allclose(slope[at], found, atol=2e-3)


def test_at_whole_pixels_the_slope_is_the_mean_of_both_sides():
    x = normal(3, 1, 1, 5, 1)
    slope = quick(jax.jacobian(lambda right: placed(x, jnp.stack([0 * right, right])[None, None, None])[0, 0, 0, :, 0]))
    around = np.pad(x[0, 0, :, 0], 1)
    assert_close(slope(jnp.float32(0)), (around[:-2] - around[2:]) / 2)


def test_what_is_computed_in_bfloat16_is_where_it_was_asked_for():
    places = np.full((2, 1, 1, 2), 2.125, np.float32)
    near, exact = placed(X, places, jnp.bfloat16), placed(X, places)
    assert near.dtype == jnp.bfloat16 and exact.dtype == jnp.float32
    np.testing.assert_allclose(near.astype(np.float32), exact, atol=0.02 * np.abs(X).max())


def test_a_part_hides_what_is_behind_it_as_far_as_it_covers():
    ground, colour = np.float32([[8.0, 4.0]]), np.float32([[1.0, 2.0], [6.0, 0.0]])
    parts = lambda *covers: np.stack([[*(cover * c), cover] for cover, c in zip(covers, colour, strict=True)])[None]
    assert_close(over(ground, parts(0.0, 0.0)), ground)
    assert_close(over(ground, parts(1.0, 0.0)), colour[:1])
    assert_close(over(ground, parts(1.0, 1.0)), colour[1:])  # the last one is in front
    assert_close(over(ground, parts(0.5, 0.25)), 0.75 * (0.5 * ground + 0.5 * colour[:1]) + 0.25 * colour[1:])

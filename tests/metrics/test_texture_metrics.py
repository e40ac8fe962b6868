"""Gram matrices and periods against NumPy's own sums, and what they say of textures that are known."""

import numpy as np
import pytest
from skimage import data as pictures

from jaxgan import metrics
from jaxgan.errors import BadInput
from jaxgan.metrics import gram_distance


def taps(x):
    """Two layers that a reader can see: the pixels, and their differences across."""
    return {"pixels": x, "edges": x[:, :, 1:] - x[:, :, :-1]}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_gram_matrices_are_sums_of_products_over_places():
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    flat = x.reshape(2, 15, 4).astype(np.float64)
    np.testing.assert_allclose(metrics.gram(x), np.stack([one.T @ one / 15 for one in flat]), rtol=1e-5)


def test_they_are_means_over_pictures_behind_the_relu():
    images = noise(3, 6, 7, 3)
    found = metrics.gram_matrices(images, taps)
    edges = np.maximum(np.diff(images / 127.5 - 1, axis=2), 0).reshape(3, -1, 3)
    np.testing.assert_allclose(found["edges"], np.mean([one.T @ one / len(one) for one in edges], 0), rtol=1e-4)


def test_the_distance_does_not_see_where_things_are_and_sees_what_they_are():
    x = noise(4, 16, 16, 3)
    same = gram_distance(np.roll(x, 3, axis=1), x, taps)
    smooth = ((x.astype(int) + np.roll(x, 1, 2)) // 2).astype(np.uint8)
    assert same < 1e-6 < 0.1 < gram_distance(smooth, x, taps)
    flat = np.zeros((1, 16, 16, 3), np.uint8)  # at -1 all over: nothing is behind the ReLU
    assert gram_distance(flat, x, taps) == pytest.approx(1)
    for wrong in (x[0], x / 255):
        with pytest.raises(BadInput, match="give uint8"):
            gram_distance(wrong, x, taps)


@pytest.mark.parametrize("direction", ["down", "across"])
def test_autocorrelation_is_numpys(direction):
    images = noise(2, 12, 9, 1)
    grey = images[..., 0].astype(np.float64)
    grey -= grey.mean()
    lines = grey.reshape(-1, 9) if direction == "across" else grey.swapaxes(1, 2).reshape(-1, 12)
    n = lines.shape[1]
    found = np.mean([np.correlate(line, line, "full")[n - 1 :] for line in lines], 0) / (n - np.arange(n))
    np.testing.assert_allclose(metrics.autocorrelation(images, direction), found / found[0], atol=1e-12)


@pytest.mark.parametrize("period", [7.3, 12.0, 19.5])
@pytest.mark.parametrize("direction", ["down", "across"])
def test_the_period_of_a_wave_is_found(period, direction):
    line = 128 + 100 * np.cos(2 * np.pi * np.arange(96) / period + np.arange(8)[:, None])
    images = np.rint(np.broadcast_to(line[:, None], (8, 64, 96))).astype(np.uint8)
    images = images if direction == "across" else images.swapaxes(1, 2)
    found = metrics.dominant_period(images[..., None])
    assert found.direction == direction and found.height > 0.95
    assert found.pixels == pytest.approx(period, rel=0.02)


@pytest.mark.parametrize("period", [4.5, 5.5, 6.5])
def test_a_period_between_pixels_is_not_told_twice_as_long(period):
    phase = np.random.default_rng(0).uniform(0, 6, (8, 1))
    line = 128 + 100 * np.cos(2 * np.pi * np.arange(64) / period + phase)
    images = np.rint(np.broadcast_to(line[:, None], (8, 64, 64))).astype(np.uint8)[..., None]
    assert metrics.dominant_period(images).pixels == pytest.approx(period, rel=0.05)


def test_bricks_have_one_and_what_does_not_repeat_has_none():
    brick = pictures.brick()[None, ..., None]
    small = np.concatenate([brick[:, y : y + 96, x : x + 96] for y in range(0, 400, 50) for x in range(0, 400, 50)])
    assert metrics.dominant_period(brick).pixels == pytest.approx(37.5, abs=0.1)
    assert metrics.dominant_period(small).pixels == pytest.approx(37, abs=2)
    assert metrics.dominant_period(noise(64, 64, 64, 1)).height < 0.02
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[:, None, None], (1, 64, 64, 1))
    assert metrics.dominant_period(ramp) is None
    for images, said in ((np.zeros((1, 16, 16, 1), np.uint8), "one grey value"), (brick[0], "give uint8")):
        with pytest.raises(BadInput, match=said):
            metrics.dominant_period(images)
    with pytest.raises(BadInput, match="give down or across"):
        metrics.autocorrelation(brick, "up")

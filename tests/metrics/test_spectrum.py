"""Power by frequency, and whether outputs belong to their inputs: closed forms."""

import numpy as np
import pytest

from jaxgan import metrics
from jaxgan.errors import BadInput
from jaxgan.evaluation.extract import Features
from jaxgan.metrics.protocol import Protocol
from jaxgan.metrics.records import EvalContext, matched, spectrum

CONTEXT = EvalContext(Protocol("", 0, "", ""))


def wave(k, size=(32, 64), amplitude=100, across=True):
    """uint8 [1, H, W, 1] of k waves across the shorter side."""
    place = np.arange(size[1] if across else size[0]) / min(size)
    line = 128 + amplitude * np.cos(2 * np.pi * k * place)
    line = line[None, :] if across else line[:, None]
    return np.rint(np.broadcast_to(line, size)).astype(np.uint8)[None, ..., None]


@pytest.mark.parametrize("k", [1, 4, 16])
@pytest.mark.parametrize("across", [True, False])
def test_a_wave_has_its_power_at_its_own_frequency(k, across):
    power = metrics.radial_power(wave(k, across=across))
    assert power.shape == (16,) and power.argmax() == k - 1
    assert power[k - 1] > 0.999 * power.sum()


def test_the_mean_square_is_that_of_the_picture():
    x = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    transform = np.abs(np.fft.fft2(x / 255, axes=(1, 2), norm="ortho")) ** 2
    waves = np.rint(np.hypot(*np.meshgrid(np.fft.fftfreq(16) * 16, np.fft.fftfreq(16) * 16, indexing="ij"))).astype(int)
    expected = [transform.mean(axis=(0, 3))[waves == k].mean() for k in range(1, 9)]
    np.testing.assert_allclose(metrics.radial_power(x), expected, rtol=1e-10)


def test_half_the_contrast_is_six_decibels_and_equal_sets_are_none():
    x = np.random.default_rng(0).integers(64, 192, (4, 32, 32, 1))
    half = (np.rint((x - 128) / 2) + 128).astype(np.uint8)
    assert abs(metrics.spectrum_distance(half, x.astype(np.uint8)) - 6.02) < 0.1
    assert metrics.spectrum_distance(half, half[::-1]) < 1e-9
    blank = np.full((1, 32, 32, 1), 7, np.uint8)
    assert 50 < metrics.spectrum_distance(blank, half) < 200


def test_other_arrays_are_refused():
    with pytest.raises(BadInput, match="give uint8"):
        metrics.radial_power(np.zeros((2, 8, 8, 1), np.float32))
    with pytest.raises(BadInput, match="4 frequencies and real ones 8"):
        metrics.spectrum_distance(np.zeros((1, 8, 8, 1), np.uint8), np.zeros((1, 16, 16, 1), np.uint8))


def test_outputs_are_matched_that_are_nearer_to_their_own_targets():
    real = np.arange(0, 200, 20, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    value = lambda fake: matched.measure(CONTEXT, real, fake)["matched"].value
    assert value(real + 3) == 1.0
    assert value(np.full_like(real, 90)) == 0.0  # the same for all: none is nearer
    assert value(np.roll(real, 1, axis=0)) == 0.0


def test_halves_of_real_samples_are_not_compared_with_themselves():
    kept = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 1), dtype=np.uint8)
    half = Features(np.zeros((100, 2), np.float32), None, kept)
    found = spectrum.measure(None, half, half)["spectrum"]
    assert found.value == pytest.approx(metrics.spectrum_distance(kept[1::2], kept[::2])) and found.value > 0
    assert (found.samples, found.real) == (20, 20)

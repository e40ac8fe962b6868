"""Mel spectrograms are those of librosa."""

import jax.numpy as jnp
import numpy as np
import pytest
from published import agree, draw, recorded

from jaxgan.modalities import spectrogram

SOUND = draw("mel/sound", 4096, std=0.2)[None]


@pytest.mark.parametrize(("rate", "size", "bands"), [(8000, 512, 64), (16_000, 1024, 32)])
def test_filters_and_decibels_are_those_of_the_referee(rate, size, bands):
    assert spectrogram.window(rate) == size
    weights = spectrogram.filters(rate, size, bands)
    probed = np.vdot(np.float64(weights), draw("probe/filters", *weights.shape))
    found = {f"filters_{rate}": np.array([probed, *weights[::9].sum(1)])}
    found[f"db_{rate}"] = spectrogram.log_mel(SOUND, rate, bands)[0, ::5, ::7]
    expected = recorded("mel")
    agree(found, {name: expected[name] for name in found}, 1e-5)
    ours = spectrogram.log_mel(jnp.asarray(SOUND), rate, bands)
    np.testing.assert_allclose(ours, spectrogram.log_mel(SOUND, rate, bands), atol=2e-3)


def test_mels_are_those_of_the_referee_and_go_back():
    hertz = np.array([20.0, 440.0, 999.0, 1001.0, 3000.0, 8000.0])
    agree({"mels": spectrogram.mel(hertz)}, {"mels": recorded("mel")["mels"]}, 1e-6)
    np.testing.assert_allclose(spectrogram.hertz(spectrogram.mel(hertz)), hertz, rtol=1e-12)

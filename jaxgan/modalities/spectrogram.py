"""Mel spectrograms: what is in a sound at each time, at pitches as people hear them apart. In NumPy or JAX, as the sound is."""

from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgan.sharing import Array

BANDS = 64
FLOOR = 1e-10  # of the power: -100 dB
_SECONDS = 0.064  # of a window, at least


def window(rate: float) -> int:
    """Values of a window: a power of two, 64 ms or more. Windows lie a quarter of it apart."""
    return 1 << max(4, int(np.ceil(np.log2(rate * _SECONDS))))


def log_mel(samples: Array, rate: float, bands: int = BANDS, floor: float = FLOOR) -> Array:
    """dB [N, 1 + T // (window / 4), bands] of the power of sounds [N, T] in [-1, 1], where it is above the floor."""
    xp: Any = np if isinstance(samples, np.ndarray) else jnp
    size = window(rate)
    power = xp.abs(xp.fft.rfft(windows(samples, size) * _hann(size)[None, None], axis=-1)) ** 2
    return 10 * xp.log10(xp.maximum(power @ xp.asarray(filters(rate, size, bands)).T, floor))


def windows(samples: Array, size: int) -> Array:
    """[N, 1 + T // (size / 4), size] of sounds [N, T]: windows around every place, with silence before and behind."""
    xp: Any = np if isinstance(samples, np.ndarray) else jnp
    hop, padded = size // 4, xp.pad(samples, ((0, 0), (size // 2, size // 2)))
    start = np.arange(1 + samples.shape[1] // hop) * hop
    return padded[:, start[:, None] + np.arange(size)]


@cache
def filters(rate: float, size: int, bands: int) -> np.ndarray:
    """float32 [bands, size / 2 + 1] of weights of the frequencies: triangles of one area, evenly spread in mel.

    Slaney 1998, Auditory Toolbox: linear up to 1 kHz, then logarithmic. As librosa's `filters.mel`.
    """
    edges = hertz(np.linspace(0, mel(rate / 2), bands + 2))
    away = edges[:, None] - np.fft.rfftfreq(size, 1 / rate)
    width = np.diff(edges)[:, None]
    triangles = np.maximum(0, np.minimum(-away[:-2] / width[:-1], away[2:] / width[1:]))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def mel(hertz: Any) -> np.ndarray:
    """Mels of a frequency in hertz."""
    hertz = np.asarray(hertz, np.float64)
    return np.where(
        hertz < _CORNER, hertz / _LINEAR, _CORNER / _LINEAR + np.log(np.maximum(hertz, 1) / _CORNER) / _STEP
    )


def hertz(mel: Any) -> np.ndarray:
    """The frequency in hertz of mels."""
    mel = np.asarray(mel, np.float64)
    return np.where(mel < _CORNER / _LINEAR, mel * _LINEAR, _CORNER * np.exp(_STEP * (mel - _CORNER / _LINEAR)))


_LINEAR, _CORNER, _STEP = 200 / 3, 1000.0, np.log(6.4) / 27  # hertz a mel below the corner; logarithm a mel above


@cache
def _hann(size):
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)

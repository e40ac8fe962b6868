"""Sounds: int16 [N, T, C] in files, float in [-1, 1] in a step; mono or stereo. Their rate, values a second, is their Spec's."""

import io
import struct
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities import image, spectrogram
from jaxgan.modalities.resize import Resize
from jaxgan.modalities.scale import WAVE
from jaxgan.modalities.scale import to_step as to_step
from jaxgan.sharing import Array

ONE, SUFFIX, FEATURES, EACH, FORMS = "sound", ".wav", "log-mel", None, ()
AXES = (2,)
TIMED = ("describe", "write", "sample_grid", "draw", "features", "play")
PLAYED = ".wav"
RATE = 16_000  # where nobody says
PLAYING = 4  # samples in a file that is played beside a sheet
_WIDTH, _WAVE, _SHADES = 128, 32, 80.0  # pixels of a picture, of its waveform; dB from the darkest to the lightest
_BINS, _BANDS, _FAINT = 4, 32, 1e-3  # times and pitches of a sound's features, and the power that they know as silence
_PAUSE = 0.15  # seconds


def to_file(x: Array) -> Array:
    """int16 of sounds in [-1, 1], what is louder cut off; those of int16 as they are."""
    if x.dtype == jnp.int16:
        return x
    xp: Any = np if isinstance(x, np.ndarray) else jnp
    return xp.rint(to_scale(x) * WAVE).astype(xp.int16)


def to_scale(x: Array) -> Array:
    """float32 in [-1, 1 - 2^-15], which int16 reaches, of sounds in [-1, 1]; not rounded."""
    xp: Any = np if isinstance(x, np.ndarray) else jnp
    return xp.clip(x.astype(xp.float32), -1.0, (WAVE - 1) / WAVE)


def check(name: str, samples: np.ndarray) -> np.ndarray:
    """int16 [N, T, C], C of 1 or 2, of such or of floats in [-1, 1], or mono [N, T]."""
    samples = samples[..., None] if samples.ndim == 2 else samples
    if samples.ndim != 3 or samples.shape[2] not in (1, 2) or samples.size == 0:
        raise BadInput(
            f"{name} is {samples.dtype}{list(samples.shape)}, and sounds are [N, T, 1 or 2] or [N, T], N > 0"
        )
    if samples.dtype == np.int16:
        return samples
    if not np.issubdtype(samples.dtype, np.floating):
        raise BadInput(f"{name} is {samples.dtype}: give int16, or floats in [-1, 1]")
    if not np.isfinite(samples).all():
        raise BadInput(f"{name} has values that are not finite: remove those samples")
    if np.abs(samples).max() > 1:
        raise BadInput(f"{name} spans {samples.min():g} .. {samples.max():g} and [-1, 1] is expected: divide it")
    return np.asarray(to_file(samples))


def resize(samples: np.ndarray, how: Resize) -> np.ndarray:
    """Sounds [N, T, C] with as many values and channels as are asked for: the first ones, the mean of both channels.

    Raises BadInput where they are shorter, and for a resolution.
    """
    if how.size is not None:
        raise BadInput("the data are sounds, not images: remove --resolution, or say --length")
    if how.length > samples.shape[1]:
        raise BadInput(
            f"the sounds have {samples.shape[1]} values and --length is {how.length}: set it to that or less"
        )
    samples = samples[:, : how.length or samples.shape[1]]
    return as_channels(samples, how.channels)


def as_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """Sounds [..., C] in one channel or two (0: as they are). Raises BadInput for other numbers of channels."""
    if channels in (0, samples.shape[-1]):
        return samples
    if channels == 1:
        mean = samples.mean(axis=-1, keepdims=True, dtype=np.float32)
        return np.rint(mean).astype(np.int16) if samples.dtype == np.int16 else mean
    if channels == 2 and samples.shape[-1] == 1:
        return np.repeat(samples, 2, axis=-1)
    raise BadInput(f"sounds of {samples.shape[-1]} channels cannot become --channels {channels}: set --channels 1")


def describe(shape: Sequence[int], rate: float = 0) -> str:
    """4096 values, 0.512 s at 8000 Hz, 1 channel(s)."""
    time = f"{shape[0] / rate:.3g} s at {rate:g} Hz" if rate else "at a rate that nobody says"
    return f"{shape[0]} values, {time}, {shape[1]} channel(s)"


def write(path: str | Path, sample: np.ndarray, rate: float = 0) -> None:
    """Writes one sound int16 [T, C] as a wav file, with what it is in its metadata."""
    Path(path).write_bytes(wav(sample, rate))


def wav(sample: np.ndarray, rate: float = 0) -> bytes:
    """A wav file of a sound int16 [T, C]."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setparams((sample.shape[1], 2, round(rate or RATE), 0, "NONE", ""))
        file.writeframes(np.ascontiguousarray(sample, "<i2").tobytes())
    text = image.GENERATED.encode() + b"\0"
    text += b"\0" * (len(text) % 2)
    held.write(struct.pack("<4sI4s4sI", b"LIST", len(text) + 12, b"INFO", b"ICMT", len(text)) + text)
    whole = held.getvalue()
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def play(path: str | Path, samples: np.ndarray, rate: float = 0) -> None:
    """Writes the sounds one after the other in one file."""
    pause = np.zeros((len(samples), round((rate or RATE) * _PAUSE), samples.shape[2]), np.int16)
    write(path, np.concatenate([samples, pause], axis=1).reshape(-1, samples.shape[2]), rate)


def features(samples: Any, rate: float = 0) -> Any:
    """float32 [N, 128] of sounds, int16 or floats in [-1, 1]: dB of 32 bands of the mel spectrogram, means over 4 parts of the
    time and the channels.

    Nothing below -30 dB, some 50 below what is loud: else the rounding of a file to whole numbers would be most of a distance.
    Where there are fewer than 4 windows, each part is the window that its middle lies in.
    """
    found = spectrogram.log_mel(to_step(jnp.asarray(samples)).mean(-1), rate or RATE, _BANDS, _FAINT)
    if (windows := found.shape[1]) < _BINS:
        found = found[:, (2 * np.arange(_BINS) + 1) * windows // (2 * _BINS)]
    parts = jnp.array_split(found, _BINS, axis=1)
    return jnp.concatenate([part.mean(1) for part in parts], axis=-1).astype(jnp.float32)


def sample_grid(
    path: str | Path,
    samples: np.ndarray,
    columns: int,
    titles: Sequence[str] = (),
    real: np.ndarray | None = None,
    rate: float = 0,
) -> None:
    """Writes a grid of sounds, each a waveform over its mel spectrogram, row by row, with titles over the columns."""
    image.sample_grid(path, pictures(samples, rate), columns, titles, real)


def draw(ax: Any, samples: np.ndarray, columns: int, real: np.ndarray | None = None, rate: float = 0) -> None:
    """The grid on axes."""
    image.draw(ax, pictures(samples, rate), columns, real)


def blank(shape: Sequence[int]) -> np.ndarray:
    """Silence."""
    return np.zeros(shape, np.int16)


def pictures(samples: np.ndarray, rate: float = 0) -> np.ndarray:
    """uint8 [N, 96, 128, 3] of sounds: the waveform, and below it what is in it, low pitches at the bottom."""
    import matplotlib

    mono = np.asarray(to_step(samples), np.float32).mean(-1)
    edges = np.linspace(0, mono.shape[1], _WIDTH + 1).astype(int)
    low = np.stack([part.min(1, initial=0) for part in np.split(mono, edges[1:-1], axis=1)], axis=1)
    high = np.stack([part.max(1, initial=0) for part in np.split(mono, edges[1:-1], axis=1)], axis=1)
    level = np.linspace(1, -1, _WAVE)[None, :, None]
    inside = (level <= high[:, None] + 1 / _WAVE) & (level >= low[:, None] - 1 / _WAVE)
    waves = np.where(inside[..., None], np.array((40, 90, 160)), 255)
    found = spectrogram.log_mel(mono, rate or RATE)
    at = np.linspace(0, found.shape[1] - 1, _WIDTH).round().astype(int)
    top = found.max(axis=(1, 2), keepdims=True)
    shade = np.clip((found - top) / _SHADES + 1, 0, 1)[:, at].swapaxes(1, 2)[:, ::-1]
    colours = matplotlib.colormaps["magma"](shade, bytes=True)[..., :3]
    return np.concatenate([waves, colours], axis=1).astype(np.uint8)

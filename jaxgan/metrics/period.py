"""After how many pixels a texture comes again: the first hill of its autocorrelation."""

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput

_FARTHEST = 0.75  # of the side: beyond, too few pixels lie over each other
_LEAST = 1e-3  # that a hill rises: below, it is the rounding to grey values
_AS_HIGH = 0.9  # of the highest hill, are those of its multiples too: the first of them counts
_AXES = {"down": 1, "across": 2}


class Period(NamedTuple):
    """A period in pixels, "down" or "across", and how much of the variance comes again after it, up to 1."""

    pixels: float
    direction: str
    height: float


def autocorrelation(images: ArrayLike, direction: str) -> np.ndarray:
    """Correlation [n] of pictures uint8 [N, H, W, C] with themselves 0, 1, ... pixels "down" or "across": 1 at first.

    Of brightness around the mean of all pictures, over the pixels that lie over each other, by the Wiener-Khinchin theorem.
    Raises BadInput for other arrays, for another direction, and where all pixels are the same.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) == 0 or min(images.shape[1:3]) < 8:
        raise BadInput(
            f"images are {images.dtype}{list(images.shape)}: give uint8 [N, H, W, C] of 8 pixels a side or more"
        )
    if direction not in _AXES:
        raise BadInput(f"direction is {direction!r}: give {' or '.join(_AXES)}")
    grey = images.astype(np.float64).mean(-1)
    grey -= grey.mean()
    if not grey.any():
        raise BadInput("the images have one grey value all over: give some with a texture")
    axis = _AXES[direction]
    length = grey.shape[axis]
    power = np.abs(np.fft.rfft(grey, 2 * length, axis=axis)) ** 2
    found = np.fft.irfft(power, axis=axis).mean(axis=(0, 3 - axis))[:length]
    found /= length - np.arange(length)
    return found / found[0]


def dominant_period(images: ArrayLike) -> Period | None:
    """Period of pictures uint8 [N, H, W, C], in the direction where they repeat more; None where they do in neither.

    The highest hill of the autocorrelation behind its first valley, or the first that is 0.9 as high, up to three quarters of
    the side, each hill's top between pixels by a parabola; of both directions the one where it rises more over the valleys
    before it. Raises BadInput as `autocorrelation` does.
    """
    hills = [_hill(autocorrelation(images, direction), direction) for direction in _AXES]
    rise, best = max(hills, key=lambda hill: hill[0])
    return best if rise > _LEAST else None


def _hill(profile, direction):
    """(how far the highest hill rises, its Period)."""
    profile = profile[: int(len(profile) * _FARTHEST)]
    inner, before, behind = profile[1:-1], profile[:-2], profile[2:]
    valleys = np.flatnonzero((inner < before) & (inner <= behind)) + 1
    tops = np.flatnonzero((inner > before) & (inner >= behind)) + 1
    tops = tops[tops > valleys[0]] if len(valleys) else tops[:0]
    if not len(tops):
        return 0.0, None
    low, top, high = profile[tops - 1], profile[tops], profile[tops + 1]
    shift = 0.5 * (low - high) / (low - 2 * top + high)
    between = top - 0.25 * (low - high) * shift
    first = np.flatnonzero(between >= between.max() - (1 - _AS_HIGH) * abs(between.max()))[0]
    at, height = tops[first], float(top[first])
    return height - profile[:at].min(), Period(float(at + shift[first]), direction, height)

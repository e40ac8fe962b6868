"""What pitch sounds have, and how clear it is; how the pitches of two sets of sounds lie apart."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput

CLEAR = 0.8  # clarity from which a sound has a pitch: 1 of what comes again exactly, below 0.3 of noise
IN_TUNE = 20.0  # cents
_SHORTEST, _LONGEST = 8, 1024  # values of a period
_AS_HIGH = 0.9  # of the highest hill: the first one that is as high counts, those behind it are its multiples
_AT_ONCE = 256
_ROUNDING = 0.3  # of whole numbers, root mean square: that of a ramp comes again with every step
_BETWEEN = np.arange(1, _SHORTEST - 0.25, 1 / 8)  # lags of a pitch that is too high, whose values are too few to see it
_CONCERT = 440.0  # hertz: in the middle of a semitone


class Pitch(NamedTuple):
    """Of each sound: hertz [N], and how much of it comes again after a period, clarity [N] up to 1; NaN and 0 of none."""

    hertz: np.ndarray
    clarity: np.ndarray

    @property
    def clear(self) -> np.ndarray:
        """bool [N]: which have a pitch."""
        return self.clarity >= CLEAR


def pitch(sounds: ArrayLike, rate: float) -> Pitch:
    """Pitch of sounds [N, T, C], of the mean of the channels, from rate / 1024 (or 4 rate / T) to rate / 8; else there is none.

    The first high hill of the normalised square difference, McLeod & Wyvill 2005 (A smarter way to find pitch), eq. 9 and section
    5, each as high as a parabola through it; then the hills near 2, 4, 8, ... times its place, as far as they are within half of
    the sound, each of which halves the error that the place of a hill between two values has. Raises BadInput for other arrays,
    and for sounds too short.
    """
    x = np.asarray(sounds)
    if x.ndim != 3 or len(x) == 0 or x.shape[1] < 4 * _SHORTEST or not rate > 0:
        raise BadInput(
            f"sounds are {x.dtype}{list(x.shape)} at {rate:g} Hz: give [N, T, C], T of {4 * _SHORTEST} or more"
        )
    parts = [_pitch(part, rate) for part in np.array_split(x, -(-len(x) // _AT_ONCE))]
    return Pitch(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def cents(hertz: ArrayLike, reference: ArrayLike) -> np.ndarray:
    """Cents, hundredths of a semitone, from a reference up to a frequency."""
    return 1200 * np.log2(np.asarray(hertz) / np.asarray(reference))


def cents_to_nearest(hertz: ArrayLike, known: ArrayLike) -> np.ndarray:
    """Cents [N], 0 or more, from each frequency to the nearest of the known ones; infinite where none are known."""
    place, known = cents(hertz, _CONCERT), np.sort(cents(known, _CONCERT))
    if not len(known):
        return np.full(place.shape, np.inf)
    at = np.searchsorted(known, place).clip(1, max(1, len(known) - 1))
    near = np.stack([np.abs(place - known[at - 1]), np.abs(place - known[at.clip(0, len(known) - 1)])])
    return near.min(0)


def histogram_distance(a: Pitch, b: Pitch) -> float:
    """Total variation, 0 .. 1, of two histograms of semitones; sounds without a clear pitch are one more bin."""
    first, second = (_semitones(x) for x in (a, b))
    bins = np.union1d(first, second)
    share = lambda x: np.array([(x == one).mean() for one in bins])
    return float(np.abs(share(first) - share(second)).sum() / 2)


def _semitones(found):
    return np.where(found.clear, np.rint(cents(found.hertz, _CONCERT) / 100), -np.inf)


def _pitch(x, rate):
    alike, between = _normalised(_level(x))
    longest = min(_LONGEST, x.shape[1] // 4)
    place = [_first_hill(one[: longest + 2], near) for one, near in zip(alike, between, strict=True)]
    clarity = np.array([_parabola(one, at)[1] if at else 0.0 for one, at in zip(alike, place, strict=True)])
    period = np.array([_refined(one, at) if at else np.nan for one, at in zip(alike, place, strict=True)])
    return rate / period, clarity


def _level(x):
    """Channels' mean [N, T] of sounds [N, T, C], without its mean and the line through it; 0 where rounding is left."""
    if x.dtype.kind in "biu":
        least = np.full(len(x), _ROUNDING)
    else:
        least = 16 * float(jnp.finfo(x.dtype).eps) * np.abs(x).max((1, 2)).astype(np.float64)
    x = x.astype(np.float64).mean(-1)
    line = np.linspace(-1, 1, x.shape[1])
    x = x - x.mean(1, keepdims=True)
    x -= np.outer(x @ line, line) / (line @ line)
    return np.where(np.sqrt(np.mean(x**2, axis=1)) > least, x.T, 0).T


def _normalised(x):
    """2 sum x_j x_(j + lag) / sum (x_j^2 + x_(j + lag)^2), within -1 .. 1, of sounds [N, T]: ([N, T / 2 + 1], [N, L]).

    Of whole lags, and of the _BETWEEN: there the products are those of the sound with all that lies between its values.
    """
    length = x.shape[1]
    power = np.abs(np.fft.rfft(x, 2 * length, axis=1)) ** 2
    products = np.fft.irfft(power, axis=1)[:, : length // 2 + 1]
    total = np.cumsum(np.pad(x**2, ((0, 0), (1, 0))), axis=1)
    lag = np.arange(length // 2 + 1)
    squares = total[:, length - lag] + total[:, -1:] - total[:, lag]
    least = 1e-12 * np.maximum(total[:, -1:], 1e-300)
    waves = np.cos(np.pi / length * np.outer(np.arange(length + 1), _BETWEEN)) / length
    waves[[0, -1]] /= 2  # which a spectrum has once, and all others at the negative frequency too
    at, share = _BETWEEN.astype(int), _BETWEEN % 1
    near = squares[:, at] * (1 - share) + squares[:, at + 1] * share
    return 2 * products / np.maximum(squares, least), 2 * (power @ waves) / np.maximum(near, least)


def _first_hill(alike, between):
    """The lag of the first hill that is nearly as high as the highest: behind the first place where nothing is alike.

    0 where there is none, or where it is at a lag that is too short to tell.
    """
    tops = _tops(alike, _SHORTEST)
    if not len(tops):
        return 0
    heights = _parabola(alike, tops)[1]
    high = _AS_HIGH * heights.max()
    shorter = between[_tops(between)]
    if len(shorter) and shorter.max() >= max(CLEAR, high):
        return 0
    return tops[heights >= high][0]


def _tops(alike, start=1):
    """The places of hills above 0, behind the first value below it."""
    below = np.flatnonzero(alike < 0)
    if not len(below):
        return below
    start = max(start, below[0])
    inner = alike[start:-1]
    return start + np.flatnonzero((inner > alike[start - 1 : -2]) & (inner >= alike[start + 1 :]) & (inner > 0))


def _refined(alike, place):
    """The period, from the hills at its multiples."""
    times, period = 1, _top(alike, place)
    while 2 * times * period < len(alike) - 2:
        times *= 2
        around = round(times * period)
        reach = max(1, int(period / 8))  # a harmonic's own hill is further away than the error so far
        low = around - reach
        at = low + int(np.argmax(alike[low : around + reach + 1]))
        if at + 1 >= len(alike) or alike[at] < max(CLEAR, alike[at - 1], alike[at + 1]):  # no hill, or its foot
            break
        period = _top(alike, at) / times
    return period


def _top(alike, at):
    """The place of a hill between values, by a parabola: within half of one."""
    return at + float(_parabola(alike, at)[0])


def _parabola(alike, at):
    """(from there to the top, within half a value; how high that is, up to 1) of the hills at these places."""
    low, top, high = alike[at - 1], alike[at], alike[at + 1]
    bend = low - 2 * top + high
    aside = np.clip(0.5 * (low - high) / np.where(bend < 0, bend, -np.inf), -0.5, 0.5)
    return aside, np.minimum(top - 0.25 * (low - high) * aside, 1.0)

"""Sound files: plain wav by the standard library, all else by soundfile; read in pieces, brought to a rate and int16."""

import os
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import PurePosixPath
from typing import IO, Any, NamedTuple

import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities.audio import as_channels, to_file

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
MOST = 2**28  # values of one sound, all channels together, before and after its rate is changed
_RATES = (100, 2**20)  # values a second that can be meant
_PIECE = 2**20  # values of each channel that are read at once
_UNTOLD = 2**30  # bytes that no file has which is read: who wrote them into a pipe did not know how many would come
_LOUDEST = 4.0  # of floats: 12 dB above full scale, beyond which they are whole numbers of another range
_FINEST = 2**16  # of the numbers whose ratio two rates have


class SoundHead(NamedTuple):
    """What a sound file says of itself."""

    length: int
    channels: int
    rate: int


def head(file: IO[bytes], name: str) -> SoundHead:
    """SoundHead of an open file. Raises OSError where it is damaged, BadInput where soundfile is needed and not there."""
    return _read(file, name, lambda sound: sound.head)


def read(file: IO[bytes], name: str, rate: float = 0, channels: int = 0) -> np.ndarray:
    """int16 [T, C] of an open sound file, at a rate and in as many channels, or as they are with 0.

    Floats beyond -1 and 1 are clipped there. Raises OSError where it is damaged, BadInput where soundfile is needed and not
    there, for more than MOST values, and for floats so far beyond that they are no sound on that scale.
    """
    found, own = _read(file, name, lambda sound: (sound.values(channels), sound.head.rate))
    if rate in (0, own):
        return np.asarray(to_file(found))
    from scipy.signal import resample_poly

    ratio = (Fraction(rate) / own).limit_denominator(_FINEST)
    if len(found) * ratio * found.shape[1] > MOST:
        raise BadInput(f"it becomes more than {MOST:,} values at --rate {rate:g}: cut it in pieces")
    made = resample_poly(found, ratio.numerator, ratio.denominator, axis=0)
    return np.asarray(to_file(made.astype(np.float32)))


class _Sound(NamedTuple):
    """An open sound."""

    head: SoundHead
    pieces: Callable[[], Iterator[np.ndarray]]  # () -> float32 [t, C] each

    def values(self, channels: int) -> np.ndarray:
        """All of them, float32 [T, C]."""
        kept, count = [], 0
        for piece in self.pieces():
            count += piece.size
            if count > MOST:
                raise BadInput(f"it has more than {MOST:,} values: cut it in pieces")
            kept.append(as_channels(piece, channels))
        if not count:
            raise OSError("it has no values")
        return np.concatenate(kept)


def _read(file, name, call):
    if PurePosixPath(name).suffix.lower() == ".wav":
        try:
            with wave.open(file) as opened:
                return call(_plain(opened, file))
        except EOFError as error:
            raise OSError("it ends too soon") from error
        except wave.Error as error:
            if not any(
                word in str(error) for word in ("unknown", "RIFF id")
            ):  # else of floats, compressed, of another kind
                raise OSError(str(error)) from error
            file.seek(0)
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: without the library that it needs
        raise BadInput("it is read by soundfile, which is not there: pip install 'jaxgan[audio]'") from error
    with _told(), soundfile.SoundFile(file) as opened:
        return call(_any(opened))


def _plain(opened, file):
    """_Sound of the standard library's, whose values are what comes next in the file."""
    width, channels, length = opened.getsampwidth(), opened.getnchannels(), opened.getnframes()
    if length * width * channels >= _UNTOLD:
        begin = file.tell()
        length = (file.seek(0, os.SEEK_END) - begin) // (width * channels)
        file.seek(begin)

    def pieces():
        left = length
        while left:
            raw = opened.readframes(min(_PIECE, left))
            if len(raw) != min(_PIECE, left) * width * channels:
                raise OSError(f"it says {length:,} values and has {length - left + len(raw) // (width * channels):,}")
            left -= min(_PIECE, left)
            yield _floats(raw, width).reshape(-1, channels)

    return _Sound(_checked(length, channels, opened.getframerate()), pieces)


def _any(opened):
    """_Sound of soundfile's."""

    def pieces():
        while len(piece := opened.read(_PIECE, dtype="float32", always_2d=True)):
            if not np.isfinite(piece).all():
                raise OSError("it has values that are not finite")
            if (peak := float(np.abs(piece).max())) > _LOUDEST:
                raise BadInput(f"its values reach {peak:g}, and floats of a sound are of [-1, 1]: scale them")
            yield piece

    if opened.frames >= _UNTOLD:  # which soundfile cannot read
        raise BadInput("it does not say how many values it has: write it anew, with ffmpeg -i IN OUT")
    return _Sound(_checked(opened.frames, opened.channels, opened.samplerate), pieces)


def _checked(length, channels, rate):
    if not (0 < channels <= 64 and _RATES[0] <= rate <= _RATES[1]):
        raise OSError(f"it says {channels} channels at {rate} Hz")
    return SoundHead(length, channels, rate)


def _floats(raw, width):
    """float32 in [-1, 1) of whole numbers of so many bytes."""
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / 128
    if width == 3:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0].astype(np.float32) / 2**31
    return np.frombuffer(raw, f"<i{width}").astype(np.float32) / 2 ** (8 * width - 1)


@contextmanager
def _told() -> Iterator[Any]:
    """Context in which whatever soundfile raises over a damaged file is an OSError."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError) as error:
        raise OSError(getattr(error, "error_string", str(error))) from error  # without where the file is in memory

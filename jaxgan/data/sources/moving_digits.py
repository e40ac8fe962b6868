"""Clips of a handwritten digit that moves and bounces off the edges: something that moves, and nothing to download."""

import numpy as np

from jaxgan.data.dataset import Dataset, labelled, resized
from jaxgan.data.sources.digits import digits
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize

NAMES = ("moving_digits",)
WORDS = "moving_digits: clips of scikit-learn's digits that move and bounce"
COUNT, HELD_OUT = 4000, 500  # clips
SIZE, FRAMES = 32, 16  # pixels a side, frames where nobody says how many
SLOW, FAST = 1.0, 2.5  # pixels a frame
_LAST = 1400  # digits up to here are trained on, the others held out
_MOST = 2**10  # frames of a clip
_DIGIT = 16  # pixels a side of a digit, twice those it has


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return word in NAMES


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of `image` [4000, T, 32, 32, 1], T frames of how.length or 16, and the digits' labels; always the same.

    Raises BadInput for fewer than 2 frames and more than 1,024.
    """
    del memory
    return _clips(word, how, COUNT, 0)


def held_out(word: str, how: Resize) -> Dataset:
    """Dataset of 500 clips of other digits."""
    return _clips(word, how, HELD_OUT, 1)


def _clips(name, how, count, part):
    frames = how.length or FRAMES
    if not 2 <= frames <= _MOST:
        raise BadInput(f"clips of {frames} frames: give --length 2 .. {_MOST}")
    table = digits()
    rows = np.arange(_LAST) if part == 0 else np.arange(_LAST, table.size)
    draw = np.random.RandomState(part)
    chosen = rows[draw.randint(len(rows), size=count)]
    start = draw.uniform(0, SIZE - _DIGIT, (count, 1, 2))
    angle, speed = draw.uniform(0, 2 * np.pi, (count, 1)), draw.uniform(SLOW, FAST, (count, 1, 1))
    way = speed * np.stack([np.sin(angle), np.cos(angle)], -1)
    place = bounced(start + way * np.arange(frames)[None, :, None], SIZE - _DIGIT)
    doubled = np.stack([_doubled(one) for one in np.asarray(table["image"])[chosen, ..., 0].astype(np.float32)])
    down, right = _at(place[..., 0]), _at(place[..., 1])
    clips = np.empty((count, frames, SIZE, SIZE, 1), np.uint8)
    for i in range(count):
        clips[i, ..., 0] = np.rint(down[i] @ doubled[i] @ right[i].swapaxes(1, 2))
    label = np.asarray(table["label"])[chosen]
    return resized(labelled(name, clips, label, table.classes, kind="video"), how)


def bounced(place: np.ndarray, room: float) -> np.ndarray:
    """Places in [0, room] of what would be at `place` if no edge threw it back."""
    return room - np.abs(place % (2 * room) - room)


def _at(place):
    """float32 [..., SIZE, _DIGIT]: what a digit's rows add to a frame's where its first is at a place, between two rows too."""
    apart = np.arange(SIZE)[:, None] - np.arange(_DIGIT) - place[..., None, None]
    return np.maximum(0, 1 - np.abs(apart)).astype(np.float32)


def _doubled(digit):
    from PIL import Image

    return np.asarray(Image.fromarray(digit).resize((_DIGIT, _DIGIT), Image.Resampling.BILINEAR))

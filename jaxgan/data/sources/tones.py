"""Sounds that are synthesised, so that all is known of them: notes of one octave, and drums; nothing to download."""

import dataclasses

import numpy as np

from jaxgan.data.dataset import Dataset, from_arrays, resized
from jaxgan.errors import BadInput
from jaxgan.modalities.audio import to_file
from jaxgan.modalities.resize import Resize

NAMES = ("tones", "drums")
WORDS = "tones, drums: notes of one octave, and four kinds of drums, half a second each, synthesised"
LENGTH, RATE, EACH = 4096, 8000, 200  # values of a sound and values a second where nobody says; sounds of a class
NOTES = ("C4", "C#4", "D4", "D#4", "E4", "F4", "F#4", "G4", "G#4", "A4", "A#4", "B4")
PITCHES = 440.0 * 2 ** ((np.arange(len(NOTES)) - 9) / 12)  # hertz, equal temperament
DRUMS = ("kick", "snare", "hat", "tom")
_HARMONICS, _ATTACK = 6, 0.004  # seconds


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return word in NAMES


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of `audio` [N, 4096, 1] at 8,000 Hz, or of the length and rate of the Resize, always the same; a label each.

    Raises BadInput for rates that its pitches do not fit into.
    """
    del memory
    length, rate = how.length or LENGTH, how.rate or RATE
    if rate < 2 * PITCHES[-1]:
        raise BadInput(
            f"--rate is {rate:g}, and {word} has pitches up to {PITCHES[-1]:.0f} Hz: give twice that or more"
        )
    make, classes = {"tones": (tone, NOTES), "drums": (drum, DRUMS)}[word]
    draw = np.random.RandomState(0)
    label = np.repeat(np.arange(len(classes), dtype=np.int32), EACH)
    sounds = to_file(np.stack([make(kind, length, rate, draw) for kind in label.tolist()]).astype(np.float32))[
        ..., None
    ]
    made = resized(from_arrays(word, {"audio": sounds, "label": label}, classes), how._replace(length=0, rate=0))
    return dataclasses.replace(made, specs={**made.specs, "audio": made.specs["audio"]._replace(rate=float(rate))})


def tone(note: int, length: int, rate: float, draw: np.random.RandomState) -> np.ndarray:
    """A note [length], plucked at once: six harmonics, the higher the weaker and the sooner gone, as loud and bright as drawn."""
    time, order = np.arange(length) / rate, np.arange(1, _HARMONICS + 1)[:, None]
    order = order[order[:, 0] * PITCHES[note] < rate / 2]
    brightness, decay, loudness = draw.uniform(1, 2), draw.uniform(0.15, 0.5), draw.uniform(0.5, 0.9)
    parts = (
        order**-brightness * np.exp(-time * np.sqrt(order) / decay) * np.sin(2 * np.pi * order * PITCHES[note] * time)
    )
    found = parts.sum(0) * np.minimum(time / _ATTACK, 1)
    return loudness * found / np.abs(found).max()


def drum(kind: int, length: int, rate: float, draw: np.random.RandomState) -> np.ndarray:
    """A stroke [length] of a kind of DRUMS: a falling tone, or noise, or both."""
    time, noise = np.arange(length) / rate, draw.uniform(-1, 1, length)
    start, end, share = ((120, 45, 0.05), (200, 180, 0.7), (0, 0, 1.0), (220, 110, 0.03))[kind]
    decay, loudness = draw.uniform(0.8, 1.2) * (0.12, 0.07, 0.03, 0.15)[kind], draw.uniform(0.5, 0.9)
    pitch = (end + (start - end) * np.exp(-time / 0.04)) * draw.uniform(0.9, 1.1)
    body = np.sin(2 * np.pi * np.cumsum(pitch) / rate)
    hiss = np.diff(noise, prepend=0) / 2 if DRUMS[kind] == "hat" else noise
    return loudness * np.exp(-time / decay) * ((1 - share) * body + share * hiss)

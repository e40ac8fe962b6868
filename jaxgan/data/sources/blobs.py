"""Pictures of discs and rings in two colours over noise, with their masks: something to segment, and nothing to download."""

import numpy as np

from jaxgan.data.dataset import Dataset, from_arrays, resized
from jaxgan.modalities.resize import Resize

NAMES = ("blobs",)
WORDS = "blobs: 256 pictures of discs and rings over noise, with masks"
SIZE, COUNT = 16, 256


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return word in NAMES


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of `image` [256, 16, 16, 3] and `mask`: 0 the ground, 1 a disc, 2 a ring, always the same."""
    del memory
    draw = np.random.RandomState(0)
    image = draw.randint(0, 96, (COUNT, SIZE, SIZE, 3)).astype(np.uint8)
    mask = np.zeros((COUNT, SIZE, SIZE), np.uint8)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for i in range(COUNT):
        for kind in (1, 2):
            y, x, radius = *draw.uniform(3, SIZE - 3, 2), draw.uniform(2, 4)
            away = np.hypot(rows - y, columns - x)
            where = away < radius if kind == 1 else np.abs(away - radius) < 1
            mask[i][where] = kind
            image[i][where] = (200, 150, 40) if kind == 1 else (60, 140, 220)
    return resized(from_arrays(word, {"image": image, "mask": mask}), how)

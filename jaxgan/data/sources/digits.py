"""Scikit-learn's handwritten digits, which come with its wheel: 1,797 pictures of 8x8, ten classes."""

import numpy as np

from jaxgan.data.dataset import Dataset, labelled, resized
from jaxgan.modalities.resize import Resize

NAMES = ("digits",)
WORDS = "digits: scikit-learn's handwritten digits of 8x8, with the wheel"


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return word in NAMES


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of the digits, brought to a Resize."""
    del word, memory
    return resized(digits(), how)


def digits() -> Dataset:
    """Dataset [1797, 8, 8, 1]: the test part of Alpaydin & Kaynak 1998, UCI."""
    from sklearn.datasets import load_digits

    table = load_digits()
    image = np.rint(table.images * (255 / 16)).astype(np.uint8)[..., None]
    return labelled("digits", image, table.target.astype(np.int32), tuple("0123456789"))

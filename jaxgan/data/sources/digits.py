"""Scikit-learn's handwritten digits, which come with its wheel: 1,797 pictures of 8x8, ten classes."""

import importlib.util
from pathlib import Path

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
    table = np.loadtxt(_file(), np.uint8, delimiter=",")
    image = np.rint(table[:, :-1].reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    return labelled("digits", image, table[:, -1].astype(np.int32), tuple("0123456789"))


def _file():
    # found and not imported: scikit-learn takes as long to import as JAX
    return Path(importlib.util.find_spec("sklearn").origin).parent / "datasets" / "data" / "digits.csv.gz"

"""A chessboard of random greys: the source that a test adds."""

import numpy as np

from jaxgan.data.dataset import labelled, resized

NAMES = ("checkers",)
WORDS = "checkers: chessboards of 8x8, dark first or light first"


def takes(word):
    """Whether the word is this source's."""
    return word in NAMES


def load(word, how, memory=0):
    """Dataset [256, 8, 8, 1]."""
    del word, memory
    label = np.arange(256) % 2
    board = (np.indices((8, 8)).sum(0) + label[:, None, None]) % 2
    return resized(labelled("checkers", (board * 255).astype(np.uint8)[..., None], label, ("dark", "light")), how)

"""Scikit-learn's handwritten digits, which come with its wheel: 1,797 pictures of 8x8, ten classes."""

import numpy as np

from jaxgan.data.dataset import Dataset


def digits():
    """Dataset [1797, 8, 8, 1]."""
    from sklearn.datasets import load_digits

    table = load_digits()
    image = np.rint(table.images * (255 / 16)).astype(np.uint8)[..., None]
    return Dataset("digits", image, table.target.astype(np.int32), tuple("0123456789"))

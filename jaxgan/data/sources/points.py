"""Points in the plane, where every failure of a GAN can be seen and counted. The label is the mode."""

import numpy as np
from numpy.typing import ArrayLike

from jaxgan.data.dataset import Dataset, labelled, resized
from jaxgan.modalities.resize import Resize

NAMES = ("ring", "grid", "swissroll")
WORDS = "ring, grid, swissroll: points in the plane"
SIZE = 20_000


class Mixture:
    """A mixture of equal round normal distributions: its centres [M, 2] and standard deviation."""

    def __init__(self, centres: ArrayLike, std: float) -> None:
        self.centres, self.std = np.asarray(centres, np.float32), std

    def dataset(self, name: str) -> Dataset:
        """Dataset of SIZE points, the same every time."""
        draw = np.random.default_rng(0)
        label = np.arange(SIZE, dtype=np.int32) % len(self.centres)
        image = self.centres[label] + self.std * draw.standard_normal((SIZE, 2), np.float32)
        return labelled(name, image.astype(np.float32), label, tuple(map(str, range(len(self.centres)))), "points")


_angles = 2 * np.pi * np.arange(8) / 8
_ticks = np.arange(-2, 3)

RING = Mixture(np.stack([np.cos(_angles), np.sin(_angles)], axis=1), 0.01)
"""Eight on the unit circle. Srivastava et al. 2017, arXiv:1705.07761, section 4.1 (radius 1, variance 0.0001)."""

GRID = Mixture(np.stack(np.meshgrid(_ticks, _ticks), axis=-1).reshape(-1, 2) / 2, 0.0125)
"""Twenty-five on a grid: the same source, whose spacing of 2 and deviation of 0.05 are a quarter here."""

MIXTURES = {"ring": RING, "grid": GRID}


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return word in NAMES


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of the points of this name. Raises BadInput where they are to be resized."""
    del memory
    return resized({"ring": ring, "grid": grid, "swissroll": swissroll}[word](), how)


def ring() -> Dataset:
    """Dataset [20000, 2]: the mixture RING."""
    return RING.dataset("ring")


def grid() -> Dataset:
    """Dataset [20000, 2]: the mixture GRID."""
    return GRID.dataset("grid")


def swissroll() -> Dataset:
    """Dataset [20000, 2]: a spiral with noise, scikit-learn's, scaled to about [-1, 1]; no labels."""
    from sklearn.datasets import make_swiss_roll

    points, _ = make_swiss_roll(SIZE, noise=0.25, random_state=0)
    return labelled("swissroll", (points[:, [0, 2]] / 15).astype(np.float32), kind="points")

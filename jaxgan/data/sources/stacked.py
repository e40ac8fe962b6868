"""Stacked MNIST: three digits in the three channels of an image, 1,000 modes. Metz et al. 2017, arXiv:1611.02163, 3.3.1."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgan.data.dataset import Dataset, labelled
from jaxgan.data.lazy import Resident
from jaxgan.data.loader import rows as shuffled
from jaxgan.data.sources import idx
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize

NAMES = ()
WORDS = "stacked_mnist:FOLDER: three digits in three channels, 1,000 modes, of MNIST's idx files"
SIZE = 128_000  # Lin et al. 2018, arXiv:1712.04086, section 4.2


class Stacked(Resident):
    """The view [N, H, W, 3] of a Dataset of grey `digits`: `triples` int32 [N, 3] names the digit in each channel."""

    def __init__(self, digits: Dataset, triples: np.ndarray) -> None:
        self.digits = digits
        self.arrays = {"digits": digits["image"][..., 0], "triples": triples}
        self.shape = (len(triples), *digits["image"].shape[1:3], 3)

    def gather(self, arrays: Mapping[str, Any], rows: Any) -> Any:
        """Images [..., H, W, 3] of rows of any shape."""
        xp = np if isinstance(rows, np.ndarray) else jnp
        return xp.moveaxis(arrays["digits"][arrays["triples"][rows]], -3, -1)


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return word.partition(":")[0] == "stacked_mnist"


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of 128,000 stacks, each channel in an order of its own; the label is the number of three figures.

    The folder is of idx files with labels 0 .. 9. Raises BadInput where it has none.
    """
    del memory
    folder = word.partition(":")[2]
    if not folder:
        raise BadInput("stacked_mnist is made of MNIST's idx files: give their folder, as stacked_mnist:FOLDER")
    if not Path(folder).is_dir() or not idx.find(folder):
        raise BadInput(f"stacked_mnist:{folder} has no idx files: give the folder of MNIST's, as stacked_mnist:FOLDER")
    digits = idx.load(folder, how._replace(channels=1))
    if "label" not in digits or len(digits.classes) != 10:
        found = "no labels" if "label" not in digits else f"{len(digits.classes)} classes"
        raise BadInput(f"stacked_mnist:{folder} has {found}, and ten digits are expected: give MNIST's idx files")
    triples = np.stack([shuffled(channel, 0, SIZE, len(digits["image"])) for channel in range(3)], axis=1)
    figures = digits["label"][triples]
    label = (figures @ np.array([100, 10, 1])).astype(np.int32)
    view = Stacked(digits, triples)
    return labelled(f"stacked_mnist:{folder}", view, label, tuple(f"{number:03}" for number in range(1000)))

"""Few pictures whose class is told, beside all the others: columns of their own, over and over."""

import dataclasses
from typing import Any

import numpy as np

from jaxgan.data.dataset import LABEL, Column, Dataset
from jaxgan.data.lazy import Resident
from jaxgan.errors import BadInput
from jaxgan.sharing import Array

LABELLED, CLASS = "labelled", "class"  # the columns: pictures, and the class of each


class Repeated(Resident):
    """N rows of fewer samples: row r is samples[order[r]]."""

    def __init__(self, samples: np.ndarray, order: np.ndarray) -> None:
        self.arrays = {"samples": samples, "order": order.astype(np.int32)}
        self.shape, self.dtype = (len(order), *samples.shape[1:]), samples.dtype

    @staticmethod
    def gather(arrays: dict[str, Any], rows: Array) -> Array:
        """Samples of these rows."""
        return arrays["samples"][arrays["order"][rows]]


def few_labels(data: Dataset, count: int, seed: int = 0, rest: bool = False, asked: str = "") -> Dataset:
    """The Dataset with `count` of its pictures as a column "labelled", and the class of each as "class".

    Classes have equal shares, the first ones one more where it does not go. Which pictures they are is drawn by the seed for
    each row by its number, whatever the order of the classes. Both columns have as many rows as the others: each of the
    pictures comes up as often, and a row has nothing to do with what stands beside it. rest: of what is held out as many as
    there are. asked: the words that asked for them, by default --labelled. Raises BadInput without classes, for fewer pictures
    than classes, and for more than there are.
    """
    spec = data.specs.get(LABEL)
    if spec is None or spec.examples:
        raise BadInput(f"--labelled {count} is of pictures with a class, and {data.name} has none: use sub-folders")
    classes, label = spec.classes, np.asarray(data[LABEL])
    if count < len(classes):
        raise BadInput(f"--labelled {count}, and {data.name} has {len(classes)} classes: give as many or more")
    rank = np.random.default_rng(seed).random(len(label))
    chosen = []
    for number, name in enumerate(classes):
        own, wanted = np.flatnonzero(label == number), count // len(classes) + (number < count % len(classes))
        if len(own) < wanted and not rest:
            raise BadInput(
                f"{asked or f'--labelled {count}'} takes {wanted} of each class, and {data.name} has {len(own)} of {name}"
            )
        chosen.append(own[np.argsort(rank[own])][:wanted])
    rows = np.concatenate(chosen)
    rows = rows[np.argsort(rank[rows])]
    order = np.arange(len(label)) % len(rows)
    first = next(iter(data.columns))
    columns: dict[str, Column] = {LABELLED: Repeated(np.asarray(data[first][rows]), order), CLASS: label[rows][order]}
    specs = {LABELLED: data.specs[first], CLASS: spec}
    return dataclasses.replace(data, columns={**data.columns, **columns}, specs={**data.specs, **specs})

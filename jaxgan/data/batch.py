"""The one maker of batches: their shapes, their rows for training, and what G is given where people look.

A game says of its columns, by its Config: `real`, the one that G makes; `given`, those that G is given; `beside`, those that D
alone is told; `unpaired`, those whose rows belong to no other's. Training takes all of them, whatever looks what is given.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.data.dataset import LABEL, Dataset, Spec
from jaxgan.errors import BadInput
from jaxgan.modalities.scale import SCALED

Config = Any  # a jaxgan.config.Config: options are made of what is here, and not the other way round


def columns(config: Config) -> tuple[str, ...]:
    """Names of the columns that a training takes: the real one first."""
    return (config.real, *(name for name in (*config.given, *config.beside) if name != config.real))


def fed(config: Config) -> tuple[str, ...]:
    """Names of the columns that a step takes from the data: it makes the others itself."""
    return tuple(name for name in columns(config) if name not in config.drawn)


def check(config: Config, dataset: Dataset) -> None:
    """Raises BadInput where the data set has not the columns, or not the pairs, that the game takes."""
    for name in columns(config):
        if name not in dataset and name != LABEL:  # of labels `build` speaks
            have = ", ".join(dataset.columns)
            alone = name == config.real and not {*config.given} - {LABEL}
            way = "give data that have it" if alone else "give it too"
            first = next(iter(dataset.columns))
            if name == "image" and dataset.specs[first].modality in ("image", "points"):
                way = f"rename {first} to {name}"
            raise BadInput(f"the recipe takes a column {name!r}, and {dataset.name} has {have}: {way}")
    for name in columns(config):
        if name in dataset and name not in config.unpaired and len(dataset[name]) != len(dataset[config.real]):
            raise BadInput(
                f"{dataset.name} has {len(dataset[config.real])} rows of {config.real} and {len(dataset[name])} of {name}: "
                "give pairs, as many of each"
            )


def unused_labels(config: Config, dataset: Dataset) -> str:
    """The labels of a data set that a training takes nothing of, in words; "" where there are none."""
    if not dataset.classes or LABEL in columns(config) or config.beside:
        return ""
    count = len(dataset.classes)
    return f"labels of {count} numbers a sample" if dataset.specs[LABEL].examples else f"{count} classes"


def like(
    config: Config, specs: Mapping[str, Spec], rows: int | None = None, names: Iterable[str] | None = None
) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes of a batch of one turn: of the config's batch size or so many rows, of all columns or these.

    What a step brings to [-1, 1] is float32.
    """
    rows = config.batch_size if rows is None else rows
    shapes = {}
    for name in columns(config) if names is None else names:
        spec = specs[name]
        scaled = spec.modality not in ("", "mask") and spec.dtype in SCALED
        dtype = np.float32 if scaled else np.dtype(spec.dtype)
        shapes[name] = jax.ShapeDtypeStruct((rows, *spec.shape), dtype)
    return shapes


def like_step(config: Config, specs: Mapping[str, Spec]) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes of the batch that a config's step is given: of all turns of D."""
    lead = (config.d_steps,) if config.d_steps > 1 else ()
    batch = like(config, specs, names=fed(config))
    return {k: jax.ShapeDtypeStruct((*lead, *x.shape), x.dtype) for k, x in batch.items()}


def zeros(config: Config, specs: Mapping[str, Spec]) -> dict[str, jax.Array]:
    """A batch of zeros: what an initialisation takes its shapes from."""
    return {name: jnp.zeros(x.shape, x.dtype) for name, x in like(config, specs).items()}


def indexed(first: int, count: int) -> dict[str, np.ndarray]:
    """A batch of places alone: {"index": int32 [count]}."""
    return {"index": np.arange(first, first + count, dtype=np.int32)}


def shares(spec: Spec, count: int, row: int = 1, only: ArrayLike | None = None) -> np.ndarray:
    """Labels in equal shares and in order: int32 [count] or float32 [count, K]; the same within rows of this length.

    only: this class number or label vector alone. Of label vectors the examples of the source are taken.
    """
    place = np.arange(count, dtype=np.int32) // row * row
    if spec.examples:
        chosen = np.asarray(spec.examples if only is None else [only], np.float32)
        return chosen[place * len(chosen) // count]
    if only is None:
        return place * len(spec.classes) // count
    return np.full(count, only, np.int32)


def cycled(spec: Spec, count: int) -> np.ndarray:
    """Labels one after the other, from the first on: int32 [count] or float32 [count, K].

    A class a column where a sample grid has as many columns. Of label vectors the examples of the source are taken.
    """
    if spec.examples:
        return np.resize(np.asarray(spec.examples, np.float32), (count, len(spec.classes)))
    return np.arange(count, dtype=np.int32) % len(spec.classes)


def conditions(
    config: Config,
    specs: Mapping[str, Spec],
    count: int,
    label: ArrayLike | None = None,
    dataset: Dataset | None = None,
    rows: ArrayLike | None = None,
) -> dict[str, Any]:
    """{name: [count]} of all that G is given, to draw `count` samples by.

    label: the labels to ask for; by default one after the other. Other columns are rows of a data set, `rows` or the first
    ones, over and over. Raises BadInput where there is none to take them from.
    """
    found = {}
    for name in config.given:
        if name == LABEL:
            found[name] = cycled(specs[LABEL], count) if label is None else label
        elif dataset is None:
            raise BadInput(f"G is given a column {name!r}: give the data that it is to come from")
        else:
            found[name] = taken(dataset, name, np.arange(count) if rows is None else rows)
    return found


def taken(dataset: Dataset, name: str, rows: ArrayLike) -> np.ndarray:
    """Rows of a column, counted over and over where it has fewer."""
    return dataset[name][np.asarray(rows) % len(dataset[name])]

"""Texts one by one: those that a grammar accepts, different ones, and those that are no real one's copy."""

from typing import Any

import numpy as np

from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value

_AT_ONCE = 2**18  # texts


def novel(samples: np.ndarray, column: Any) -> Value:
    """Share of texts [N, T] that are no row of a column, an array or a view of any length: a part of it at a time."""
    keys = _keys(samples)
    left = set(keys)
    for first in range(0, len(column), _AT_ONCE):
        left.difference_update(_keys(column[first : first + _AT_ONCE].astype(samples.dtype)))
    return Value(float(np.mean([key in left for key in keys])), len(keys), len(column))


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Shares of the samples. Where no grammar is known none is accepted or not."""
    keys = _keys(fake.samples)
    found = {
        "distinct": Value(len(set(keys)) / len(keys), len(keys)),
        "novel": novel(fake.samples, real.samples),
    }
    if context.accepts is not None:
        right = context.accepts(fake.samples)
        found["accepted"] = Value(float(right.mean()), len(keys))
        # the share of all samples that nothing is wrong with: those that count once, and are sentences
        kept = len({key for key, ok in zip(keys, right, strict=True) if ok})
        found["accepted_distinct"] = Value(kept / len(keys), len(keys))
    return found


def _keys(samples):
    return [row.tobytes() for row in np.ascontiguousarray(samples)]


RECORD = Record(
    {
        "accepted": Info("higher", "shares", poor_below=0.5, shown=True),
        "accepted_distinct": Info("higher", "shares"),
        "distinct": Info("near 1", "shares", collapse_below=0.5, shown=True),
        "novel": Info("higher", "shares"),
    },
    measure,
    needs=lambda context, real, fake: context.modality == "text",
    place=66,
)

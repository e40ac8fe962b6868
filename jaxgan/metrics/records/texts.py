"""Texts one by one: those that a grammar accepts, different ones, and those that are no real one's copy."""

import numpy as np

from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Shares of the samples. Where no grammar is known none is accepted or not."""
    keys = [row.tobytes() for row in np.ascontiguousarray(fake.samples)]
    there = {row.tobytes() for row in np.ascontiguousarray(real.samples).astype(fake.samples.dtype)}
    found = {
        "distinct": Value(len(set(keys)) / len(keys), len(keys)),
        "novel": Value(float(np.mean([key not in there for key in keys])), len(keys), len(there)),
    }
    if context.accepts is not None:
        right = context.accepts(fake.samples)
        found["accepted"] = Value(float(right.mean()), len(keys))
        # the share of all samples that nothing is wrong with: those that count once, and are sentences
        kept = len({key for key, ok in zip(keys, right, strict=True) if ok})
        found["accepted_distinct"] = Value(kept / len(keys), len(keys))
    return found


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

"""Labels that were asked for and are seen by the network that tells the classes apart."""

import numpy as np

from jaxgan.metrics.records import cs
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """The share of the samples."""
    del context, real
    return {"accuracy": Value(float(np.mean(fake.logits.argmax(axis=1) == fake.label)), len(fake.features))}


RECORD = Record(
    {"accuracy": Info("higher", "shares")},
    measure,
    needs=lambda context, real, fake: context.conditional and cs.needs(context, real, fake),
    place=81,
)

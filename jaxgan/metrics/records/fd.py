"""The Fréchet distance."""

import warnings

from jaxgan.metrics.frechet import frechet_distance
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of all features."""
    del context
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few samples for the dimension: the protocol names their number
        value = frechet_distance(real.features, fake.features)
    return {"fd": Value(value, len(fake.features), len(real.features))}


RECORD = Record({"fd": Info("lower", "Fréchet distance", shown=True)}, measure, cheap=True, place=0)

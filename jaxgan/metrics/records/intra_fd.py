"""The Fréchet distance within each class."""

import warnings

import numpy as np

from jaxgan.metrics.frechet import intra_class_frechet
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value

_MOST = 100  # classes


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """The mean over the classes."""
    del context
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few samples for the dimension: the protocol names their number
        value, _ = intra_class_frechet(real.features, real.label, fake.features, fake.label)
    return {"intra_fd": Value(value, len(fake.features), len(real.features))}


def needs(context: EvalContext, real: Features, fake: Features) -> bool:
    """Two samples of each class on both sides."""
    if not (context.conditional and 1 < len(context.classes) <= _MOST):
        return False
    counts = [np.bincount(seen.label, minlength=len(context.classes)) for seen in (real, fake)]
    return min(map(np.min, counts)) >= 2


RECORD = Record({"intra_fd": Info("lower")}, measure, needs, place=82)

"""Each picture's class as D names it, against the true one."""

import numpy as np

from jaxgan.metrics.records.record import CLASSES, EvalContext, Info, Record, Value


def measure(context: EvalContext, real: np.ndarray, fake: np.ndarray) -> dict[str, Value]:
    """The share of class numbers int [N] that are right."""
    del context
    return {"class_accuracy": Value(float(np.mean(fake == real)), len(fake), len(real))}


RECORD = Record({"class_accuracy": Info("higher", "shares")}, measure, kind=CLASSES, cheap=True, place=96)

"""The classifier score: the Inception score's formula, through any classifier; of Inception's own weights over 10 parts."""

import numpy as np

from jaxgan.metrics.protocol import title
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, class_shares
from jaxgan.metrics.scores import inception_scores


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of the network's logits; with the deviation over the parts where there are several."""
    del real
    parts = inception_scores(fake.logits, splits(context, len(fake.logits)))
    std = float(np.std(parts)) if len(parts) > 1 else None
    return {"cs": Value(float(np.mean(parts)), len(fake.features), std=std)}


def splits(context: EvalContext, count: int) -> int:
    """10, as published, where it is called IS; else 1."""
    return min(10, count) if title("cs", context.protocol.net) == "IS" else 1


def needs(context: EvalContext, real: Features, fake: Features) -> bool:
    """A network that tells the classes apart."""
    del real
    return fake.logits is not None and class_shares(context, fake) is not None


RECORD = Record({"cs": Info("higher")}, measure, needs, place=80)

"""The classifier score: the Inception score's formula, through any classifier."""

from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, class_shares
from jaxgan.metrics.scores import inception_score


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of the network's logits."""
    del context, real
    return {"cs": Value(inception_score(fake.logits), len(fake.features))}


def needs(context: EvalContext, real: Features, fake: Features) -> bool:
    """A network that tells the classes apart."""
    del real
    return fake.logits is not None and class_shares(context, fake) is not None


RECORD = Record({"cs": Info("higher")}, measure, needs, place=80)

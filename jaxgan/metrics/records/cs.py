"""The classifier score: the Inception score's formula, through any classifier."""

from jaxgan.metrics.records.record import Info, Record, Value, class_shares
from jaxgan.metrics.scores import inception_score


def measure(context, real, fake):
    """Of the network's logits."""
    del context, real
    return {"cs": Value(inception_score(fake.logits), len(fake.features))}


def needs(context, real, fake):
    """A network that tells the classes apart."""
    del real
    return fake.logits is not None and class_shares(context, fake) is not None


RECORD = Record({"cs": Info("higher")}, measure, needs, place=80)

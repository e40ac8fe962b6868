"""Precision and recall."""

from jaxgan.metrics.manifold import precision_recall
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, few


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Both at once."""
    del context
    a, b = few(real, fake)
    return {k: Value(v, len(b), len(a)) for k, v in zip(("precision", "recall"), precision_recall(a, b), strict=True)}


RECORD = Record(
    {
        "precision": Info("higher", "shares", poor_below=0.5, shown=True),
        "recall": Info("higher", "shares", collapse_below=0.2, shown=True),
    },
    measure,
    needs=lambda context, real, fake: min(len(real.features), len(fake.features)) > 3,
    place=20,
)

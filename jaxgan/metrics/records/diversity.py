"""Mean distance of two samples, in units of that of two real ones."""

from jaxgan.metrics.diversity import pairwise_distance
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, few

_MOST = 2000  # samples of each side


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of as many samples of both."""
    del context
    a, b = few(real, fake)
    some = min(_MOST, len(a), len(b))
    spread = pairwise_distance(b[:some]) / max(pairwise_distance(a[:some]), 1e-12)
    return {"diversity": Value(spread, some, some)}


RECORD = Record({"diversity": Info("near 1", collapse_below=0.5, shown=True)}, measure, place=50)

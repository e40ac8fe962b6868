"""Maximum mean discrepancy of points."""

from jaxgan.metrics.kernel import mmd
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, few


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """With the bandwidth of the real points."""
    a, b = few(real, fake)
    return {"mmd": Value(mmd(a, b, seed=context.protocol.seed), len(b), len(a))}


RECORD = Record({"mmd": Info("lower")}, measure, lambda context, real, fake: context.modality == "points", place=60)

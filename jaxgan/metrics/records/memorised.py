"""Samples that are nearer to a real one than real ones are to each other."""

from jaxgan.metrics.manifold import memorised
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, few


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """The share of the samples."""
    del context
    a, b = few(real, fake)
    return {"memorised": Value(memorised(a, b), len(b), len(a))}


RECORD = Record({"memorised": Info("lower", "shares", shown=True)}, measure, place=40)

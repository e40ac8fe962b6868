"""Samples that are nearer to a real one than real ones are to each other."""

from jaxgan.metrics.manifold import memorised
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, few


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """The share of the samples, of few of them and of all real ones that are looked at: a copy is known by nothing else.

    For samples that are none it hardly depends on how many real ones there are.
    """
    del context
    _, some = few(real, fake)
    return {"memorised": Value(memorised(real.features, some), len(some), len(real.features))}


RECORD = Record({"memorised": Info("lower", "shares", shown=True)}, measure, place=40)

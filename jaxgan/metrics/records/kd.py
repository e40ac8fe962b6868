"""The kernel distance."""

from jaxgan.metrics.kernel import kernel_distance
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, few


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of subsets drawn by the seed."""
    a, b = few(real, fake)
    mean, std = kernel_distance(a, b, seed=context.protocol.seed)
    return {"kd": Value(mean, len(b), len(a), std)}


RECORD = Record({"kd": Info("lower", "kernel distance")}, measure, place=10)

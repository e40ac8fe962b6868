"""How alike samples are among themselves."""

from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value
from jaxgan.metrics.similarity import pairwise_ms_ssim

_LEAST = 11  # pixels a side that its window takes


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of pairs drawn by the seed."""
    del real
    return {"ms_ssim": Value(pairwise_ms_ssim(fake.samples, seed=context.protocol.seed), len(fake.samples))}


def needs(context: EvalContext, real: Features, fake: Features) -> bool:
    """Images that the window fits in."""
    del real
    return context.modality == "image" and min(fake.samples.shape[1:3]) >= _LEAST


RECORD = Record({"ms_ssim": Info("lower")}, measure, needs, place=61)

"""Each image against its own target: L1, PSNR, SSIM."""

import numpy as np

from jaxgan.metrics.images import decibels, l1
from jaxgan.metrics.records.record import PAIRS, EvalContext, Info, Record, Value
from jaxgan.metrics.similarity import ssim

MOST_DB = 100.0  # what the PSNR of a pair above it counts as: of equal images it is infinite
_LEAST = 11  # pixels a side that SSIM's window takes


def measure(context: EvalContext, real: np.ndarray, fake: np.ndarray) -> dict[str, Value]:
    """Of uint8 images [N, H, W, C]; SSIM where its window fits in."""
    del context
    values = {"l1": l1(fake, real), "psnr": np.mean(np.minimum(decibels(fake, real), MOST_DB))}
    if min(real.shape[1:3]) >= _LEAST:
        values["ssim"] = ssim(fake, real)
    return {name: Value(float(value), len(fake), len(real)) for name, value in values.items()}


RECORD = Record(
    {"l1": Info("lower", "L1"), "psnr": Info("higher", "PSNR, dB"), "ssim": Info("higher", "SSIM")},
    measure,
    kind=PAIRS,
    cheap=True,
    place=90,
)

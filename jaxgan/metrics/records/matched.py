"""Whether what G makes depends on what it is given: outputs that are nearer to their own target than another's output is."""

import numpy as np

from jaxgan.metrics.records.record import PAIRS, EvalContext, Info, Record, Value


def measure(context: EvalContext, real: np.ndarray, fake: np.ndarray) -> dict[str, Value]:
    """Of uint8 images [N, H, W, C]: share of targets that are nearer (L1) to their own output than to the next."""
    del context
    apart = lambda order: np.abs(fake[order].astype(np.int16) - real).mean(axis=(1, 2, 3))
    rows = np.arange(len(real))
    return {"matched": Value(float(np.mean(apart(rows) < apart(np.roll(rows, -1)))), len(fake), len(real))}


def needs(context: EvalContext, real: np.ndarray, fake: np.ndarray) -> bool:
    """Two samples at least."""
    del context, fake
    return len(real) > 1


RECORD = Record({"matched": Info("higher")}, measure, needs, kind=PAIRS, cheap=True, place=91)

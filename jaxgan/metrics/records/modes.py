"""Modes of a known mixture, by their centres; else classes, by the network that tells them apart."""

import numpy as np

from jaxgan.metrics.mixtures import label_modes, modes
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, class_shares


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """How many are found, and how evenly; of points also how good and how wide."""
    count = len(fake.features)
    if context.mixture is not None:
        found = modes(fake.samples, context.mixture.centres, context.mixture.std)
        spread = np.nanmedian(found.spread) if found.found else 0.0
        values = {"modes": found.found, "good": found.good, "mode_kl": found.reverse_kl, "spread": spread}
        return {name: Value(float(value), count) for name, value in values.items()}
    shares = class_shares(context, real) + 1e-12
    found, kl = label_modes(fake.logits.argmax(axis=1), len(context.classes), shares)
    return {"modes": Value(float(found), count), "mode_kl": Value(kl, count, len(real.features))}


RECORD = Record(
    {
        "modes": Info("higher", "modes", shown=True),
        "good": Info("higher", "shares", poor_below=0.5, shown=True),
        "mode_kl": Info("lower"),
        "spread": Info("near 1"),
    },
    measure,
    needs=lambda context, real, fake: class_shares(context, fake) is not None,
    cheap=True,
    place=70,
)

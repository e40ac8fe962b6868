"""What pitches sounds have, beside those of real ones."""

import numpy as np

from jaxgan.metrics.pitch import CLEAR, IN_TUNE, Pitch, cents, cents_to_nearest, histogram_distance, pitch
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, apart

_RATE = 16_000  # where nobody says: pitches are compared with each other, and only the bins of the histogram move


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of the samples that are kept themselves.

    pitched: share with a clear pitch. in_tune: share with one that is within 20 cents of a real sample's. pitch_error: median
    cents of those with a clear pitch to the nearest of the real ones. pitch_histogram: see `histogram_distance`. asked_pitch:
    share within 20 cents of the pitch, in the median, of real samples of the class that was asked for.
    """
    rate = context.rate or _RATE
    a, b = apart(real, fake)
    there, made = pitch(a, rate), pitch(b, rate)
    away = np.where(made.clear, cents_to_nearest(made.hertz, there.hertz[there.clear]), np.inf)
    values = {"pitched": made.clear.mean(), "in_tune": (away <= IN_TUNE).mean()}
    if made.clear.any() and there.clear.any():
        values["pitch_error"] = np.median(away[made.clear])
    values["pitch_histogram"] = histogram_distance(there, made)
    if context.conditional and fake.samples is not real.samples:  # of halves of the real ones the labels are of others
        own = _of_classes(there, real.label[: len(a)], len(context.classes))[fake.label[: len(b)]]
        values["asked_pitch"] = np.mean(made.clear & (np.abs(cents(made.hertz, own)) <= IN_TUNE))
    return {name: Value(float(value), len(b), len(a)) for name, value in values.items()}


def needs(context: EvalContext, real: Features, fake: Features) -> bool:
    """Sounds, some of which have a pitch."""
    del fake
    return context.modality == "audio" and bool(pitch(real.samples[:200], context.rate or _RATE).clear.mean() > 0.1)


def _of_classes(found: Pitch, label, classes):
    """Hertz [classes]: the median of those with a clear pitch, NaN of a class that has none."""
    parts = [found.hertz[found.clear & (label == one)] for one in range(classes)]
    return np.array([np.median(part) if len(part) else np.nan for part in parts])


RECORD = Record(
    {
        "pitched": Info("higher", f"clarity {CLEAR:g}, {IN_TUNE:g} cents", poor_below=0.5, shown=True),
        "in_tune": Info("higher", f"clarity {CLEAR:g}, {IN_TUNE:g} cents", shown=True),
        "asked_pitch": Info("higher", f"clarity {CLEAR:g}, {IN_TUNE:g} cents"),
        "pitch_error": Info("lower"),
        "pitch_histogram": Info("lower"),
    },
    measure,
    needs=needs,
    place=64,
)

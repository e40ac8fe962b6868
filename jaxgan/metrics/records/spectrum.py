"""How far the power spectra lie apart."""

from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, apart
from jaxgan.metrics.spectrum import spectrum_distance

_LEAST = 8  # pixels a side


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of the samples that are kept themselves."""
    del context
    real, fake = apart(real, fake)
    return {"spectrum": Value(spectrum_distance(fake, real), len(fake), len(real))}


def needs(context: EvalContext, real: Features, fake: Features) -> bool:
    """Images that have more than a few frequencies."""
    del fake
    return context.modality == "image" and min(real.samples.shape[1:3]) >= _LEAST


RECORD = Record({"spectrum": Info("lower", "spectrum, dB")}, measure, needs, place=62)

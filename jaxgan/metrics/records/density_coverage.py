"""Density and coverage."""

from jaxgan.metrics.manifold import density_coverage
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, few


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Both at once."""
    del context
    a, b = few(real, fake)
    return {k: Value(v, len(b), len(a)) for k, v in zip(("density", "coverage"), density_coverage(a, b), strict=True)}


RECORD = Record(
    {
        "density": Info("higher"),
        "coverage": Info("higher", "shares", collapse_below=0.3, poor_below=0.5, shown=True),
    },
    measure,
    needs=lambda context, real, fake: min(len(real.features), len(fake.features)) > 5,
    place=30,
)

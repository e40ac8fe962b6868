"""Runs of symbols in texts: how far their shares are from those of real ones."""

from jaxgan.metrics.ngrams import ngram_divergence
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, apart

_LONGEST = 4


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Jensen-Shannon divergences of runs of one to four symbols, where texts are as long."""
    del context
    a, b = apart(real, fake)
    divergence = lambda n: Value(ngram_divergence(a, b, n), len(b), len(a))
    return {f"js{n}": divergence(n) for n in range(1, min(_LONGEST, a.shape[1]) + 1)}


RECORD = Record(
    {f"js{n}": Info("lower", "n-gram divergence", shown=n == _LONGEST) for n in range(1, _LONGEST + 1)},
    measure,
    needs=lambda context, real, fake: context.modality == "text",
    place=65,
)

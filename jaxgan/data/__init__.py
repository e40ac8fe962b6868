"""Sources of real samples as named columns, and the index-based feed: the batch of step n is a function of (seed, n)."""

from jaxgan.data import batch
from jaxgan.data.dataset import Dataset, DatasetInfo, Spec, from_arrays
from jaxgan.data.inspect import check
from jaxgan.data.load import held_out, load
from jaxgan.data.loader import Loader, rows
from jaxgan.data.sources import tfds
from jaxgan.data.sources.points import MIXTURES
from jaxgan.data.sources.text import GRAMMARS

__all__ = [
    "GRAMMARS",
    "MIXTURES",
    "Dataset",
    "DatasetInfo",
    "Loader",
    "Spec",
    "batch",
    "check",
    "from_arrays",
    "held_out",
    "load",
    "rows",
    "tfds",
]

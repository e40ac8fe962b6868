"""Sources of real samples, and the index-based feed: the batch of step n is a function of (seed, n)."""

from jaxgan.data.dataset import Dataset, Facts
from jaxgan.data.feed import Feed, rows
from jaxgan.data.inspect import check
from jaxgan.data.load import NAMED, held_out, load
from jaxgan.data.sources import tfds
from jaxgan.data.sources.points import MIXTURES

__all__ = ["MIXTURES", "NAMED", "Dataset", "Facts", "Feed", "check", "held_out", "load", "rows", "tfds"]

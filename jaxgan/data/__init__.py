"""Sources of real samples, and the index-based feed: the batch of step n is a function of (seed, n)."""

from jaxgan.data import tfds
from jaxgan.data.check import check
from jaxgan.data.dataset import Dataset, Facts
from jaxgan.data.feed import Feed, rows
from jaxgan.data.points import MIXTURES
from jaxgan.data.source import NAMED, held_out, load

__all__ = ["MIXTURES", "NAMED", "Dataset", "Facts", "Feed", "check", "held_out", "load", "rows", "tfds"]

"""A trained state at work: opened, drawn from."""

from jaxgan.inference.load import Loaded, load, pick, untrained
from jaxgan.inference.sample import sample

__all__ = ["Loaded", "load", "pick", "sample", "untrained"]

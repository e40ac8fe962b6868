"""A trained state at work: opened, drawn from."""

from jaxgan.inference.apply import Translator, apply
from jaxgan.inference.apply_files import Applied, apply_files
from jaxgan.inference.data import data_of
from jaxgan.inference.load import Loaded, load, pick, takes_latents, untrained
from jaxgan.inference.sample import sample

__all__ = [
    "Applied",
    "Loaded",
    "Translator",
    "apply",
    "apply_files",
    "data_of",
    "load",
    "pick",
    "sample",
    "takes_latents",
    "untrained",
]

"""How long samples that have a time are, and how finely it is cut."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan.options.marks import at_least

PLACE, EVERY = 1, False


@dataclass(frozen=True)
class Group:
    """Time."""

    length: Annotated[int, at_least(0, 2**24)] = 0
    """Of one sample: values of a sound, frames of a film, letters of a text. 0: as the data has it."""
    rate: Annotated[float, at_least(0, 2**20)] = 0.0
    """How many of them are a second: sounds of another rate are resampled. 0: as the data has it."""

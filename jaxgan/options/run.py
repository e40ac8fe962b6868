"""How long, how many at once, from which seed."""

from dataclasses import dataclass
from typing import Annotated, Literal

from jaxgan.options.marks import LARGEST, above, at_least

PLACE = 10


@dataclass(frozen=True)
class Group:
    """The run."""

    steps: Annotated[int, above(0, LARGEST)] = 10_000
    """Steps in all: turns of G."""
    batch_size: Annotated[int, above(0, 2**24)] = 64
    """Samples a turn, over all devices."""
    seed: Annotated[int, at_least(0)] = 0
    """Of the initialisation, the order of the data and all noise."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Of the networks' computations; parameters, losses and averages are float32. On a CPU, where it is slower, float32 takes its
    place."""

"""Where the masks come from that G learns to make."""

from dataclasses import dataclass
from typing import Annotated

from jaxgan.options.marks import Range, at_least

PLACE, EVERY = 2, False


@dataclass(frozen=True)
class Group:
    """Masks."""

    masks: str = ""
    """Folder of masks: a PNG of the same name for each picture of --data, of class numbers, a palette, or the colours of a
    classes.txt beside them. By default a column `mask` of the data."""
    ignored: Annotated[int | None, at_least(0, 255)] = None
    """Number in the masks that is no class: its pixels count nothing, in losses and metrics."""
    labelled: Annotated[float, Range(0, 1, open_low=True)] = 1.0
    """Share of the pairs that is trained on, evenly spread: what little labels are worth."""
    unlabelled: bool = False
    """Train on the other pictures too, without their masks: --ignored is the number of all of their pixels."""

    @property
    def real(self) -> str:
        """The masks."""
        return "mask"

    @property
    def given(self) -> tuple[str, ...]:
        """The pictures."""
        return ("image",)

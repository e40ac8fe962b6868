"""What D remembers of its own logits from step to step."""

from collections.abc import Callable
from typing import NamedTuple


def _no_penalty(memory, real, fake):
    return 0.0


def _no_scalars(memory):
    return {}


class Watcher(NamedTuple):
    """Something that D's logits move, and that may add to D's loss. Its memory is among D's stats."""

    name: str
    start: Callable  # () -> memory, a tree of arrays
    update: Callable  # (memory, real, fake, images: int, of the local batch) -> memory; a step averages it over devices
    penalty: Callable = _no_penalty  # (memory, real, fake) -> scalar, added to D's loss
    show: Callable = _no_scalars  # (memory) -> name: scalar, among D's metrics

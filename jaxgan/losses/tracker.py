"""What D remembers of its own logits from step to step."""

from collections.abc import Callable
from typing import Any, NamedTuple


def _no_penalty(state, real, fake):
    return 0.0


def _no_scalars(state):
    return {}


class Tracker(NamedTuple):
    """Something that D's logits move, and that may add to D's loss. Its state is among D's stats."""

    name: str
    start: Callable[[], Any]  # () -> state, a tree of arrays
    update: Callable[
        ..., Any
    ]  # (state, real, fake, images: int, of the device's turn, all its microbatches) -> state; a step averages it over devices
    penalty: Callable[..., Any] = _no_penalty  # (state, real, fake) -> scalar, added to D's loss
    metrics: Callable[[Any], dict[str, Any]] = _no_scalars  # (state) -> name: scalar, among D's metrics

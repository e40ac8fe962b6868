"""Which checkpoints of a run are kept, beside Orbax's own policies."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class NewestOf(NamedTuple):
    """Keeps the newest checkpoint whose step is a multiple of `every`: one that a training has which nobody stopped."""

    every: int

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> Sequence[bool]:
        """Whether each is kept, oldest first."""
        del context
        newest = max((found.step for found in checkpoints if found.step % self.every == 0), default=None)
        return [found.step == newest for found in checkpoints]


def back_to(steps: Sequence[int], every: int) -> int:
    """The step of these that a rollback goes to, where such are saved every so many steps, and at signals; 0 without any.

    It is the one that a training has which nobody stopped; where that is not there, because none was due yet, others were saved
    before, or it was damaged, the newest.
    """
    newest = max(steps, default=0)
    due = newest - newest % every
    return due if due in steps else newest

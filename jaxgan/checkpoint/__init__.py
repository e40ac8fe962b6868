"""State <-> disk: what is kept, what is proved damaged, what a state is called by."""

from jaxgan.checkpoint.damage import printable
from jaxgan.checkpoint.store import Checkpoints
from jaxgan.checkpoint.tree import not_finite, sha256

__all__ = ["Checkpoints", "not_finite", "printable", "sha256"]

"""How a side moves, beside what Optax has: optimizers around optimizers, and averages of weights."""

from jaxgan.optim import averages
from jaxgan.optim.lookahead import LookaheadState, lookahead

__all__ = ["LookaheadState", "averages", "lookahead"]

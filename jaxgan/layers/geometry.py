"""What is static about a convolution, and what has the form of one of its three maps."""

from collections.abc import Callable
from typing import NamedTuple

import jax


class Geometry(NamedTuple):
    """All that is static about a convolution. Sizes are (height, width)."""

    size: tuple  # of x
    kernel: tuple
    stride: tuple
    pads: tuple  # ((low, high), (low, high))
    groups: int = 1
    block: int | None = None  # channels of a dense block of groups: `conv`

    @property
    def out(self) -> tuple[int, ...]:
        """Size of conv(x, w)."""
        return tuple((n + sum(p) - k) // s + 1 for n, k, s, p in zip(*self[:4], strict=True))

    @property
    def rest(self) -> tuple[int, ...]:
        """Rows and columns at the high end that the last window does not reach."""
        return tuple((n + sum(p) - k) % s for n, k, s, p in zip(*self[:4], strict=True))


Form = Callable[[Geometry, jax.Array, jax.Array], jax.Array]

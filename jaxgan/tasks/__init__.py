"""One kind of game a file: networks -> GAN."""

from jaxgan.tasks.paired import paired
from jaxgan.tasks.unrolled import unrolled

__all__ = ["paired", "unrolled"]

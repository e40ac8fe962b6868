"""One kind of game a file: networks -> GAN."""

from jaxgan.tasks.paired import paired

__all__ = ["paired"]

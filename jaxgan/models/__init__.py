"""One published architecture a file: its generators and discriminators."""

from jaxgan.models import dcgan, mlp, texture

__all__ = ["dcgan", "mlp", "texture"]

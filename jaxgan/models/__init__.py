"""One published architecture a file: its generators and discriminators."""

from jaxgan.models import dcgan, mlp, sngan, texture

__all__ = ["dcgan", "mlp", "sngan", "texture"]

"""One published architecture a file: its generators and discriminators."""

from jaxgan.models import dcgan, mlp, stylegan2, texture

__all__ = ["dcgan", "mlp", "stylegan2", "texture"]

"""One published architecture a file: its generators and discriminators."""

from jaxgan.models import dcgan, mlp, r3gan, sngan, stylegan2, texture

__all__ = ["dcgan", "mlp", "r3gan", "sngan", "stylegan2", "texture"]

"""StyleGAN2 at any resolution a 2^n x b 2^n. Karras et al. 2020, arXiv:1912.04958.

Labels and the smaller configurations are those of ADA, arXiv:2006.06676. All parameters are equalised.
"""

from jaxgan.models.stylegan2.blocks import ARCHITECTURES, check_shape
from jaxgan.models.stylegan2.discriminator import discriminator
from jaxgan.models.stylegan2.path import path_length
from jaxgan.models.stylegan2.synthesis import generator

__all__ = ["ARCHITECTURES", "check_shape", "discriminator", "generator", "path_length"]

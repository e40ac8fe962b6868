"""Blocks that two or more models use. Images are NHWC, kernels HWIO."""

from jaxgan.layers.conv import Geometry, conv, conv_transpose, direct_form
from jaxgan.layers.labels import append_label, label_vector
from jaxgan.layers.linear import Conv, ConvTranspose, Dense
from jaxgan.layers.norm import NORMS, Norm
from jaxgan.layers.resample import downsample, upsample
from jaxgan.layers.spectral import SpectralNorm

__all__ = [
    "NORMS",
    "Conv",
    "ConvTranspose",
    "Dense",
    "Geometry",
    "Norm",
    "SpectralNorm",
    "append_label",
    "conv",
    "conv_transpose",
    "direct_form",
    "downsample",
    "label_vector",
    "upsample",
]

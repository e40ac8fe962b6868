"""Blocks that two or more models use. Images are NHWC, kernels HWIO."""

from jaxgan.layers.attention import SelfAttention
from jaxgan.layers.conv import Geometry, conv, conv_transpose
from jaxgan.layers.dilated import conv_dilated
from jaxgan.layers.dropout import Dropout
from jaxgan.layers.equal import EqualConv, EqualDense
from jaxgan.layers.filtered import conv_filtered
from jaxgan.layers.fir import downsample_filtered, filter2d, setup_filter, upsample_filtered
from jaxgan.layers.gated import GatedConv
from jaxgan.layers.labels import append_label, label_vector
from jaxgan.layers.linear import Conv, ConvTranspose, Dense, ResizedConv, reflected
from jaxgan.layers.lowering import direct_form, onednn_form
from jaxgan.layers.modulated import modulated_conv
from jaxgan.layers.noise_input import NoiseInput, fixed_noise, with_noise
from jaxgan.layers.norm import CENTRED, NORMS, Norm
from jaxgan.layers.penultimate import penultimate
from jaxgan.layers.phase import PhaseShuffle
from jaxgan.layers.pixel import PixelNorm
from jaxgan.layers.placed import over, placed
from jaxgan.layers.projection import Projection
from jaxgan.layers.recurrent import GRU
from jaxgan.layers.resample import downsample, upsample
from jaxgan.layers.residual import Residual
from jaxgan.layers.resized import conv_doubled, conv_halved
from jaxgan.layers.sequence import Conv1D, ConvTranspose1D
from jaxgan.layers.sequence_resample import downsample_1d, reflected_1d, upsample_1d
from jaxgan.layers.shuffle import pixel_shuffle, pixel_unshuffle
from jaxgan.layers.spectral import SpectralNorm
from jaxgan.layers.stddev import minibatch_stddev
from jaxgan.layers.temporal import TimeConv, by_frame
from jaxgan.layers.upfirdn import upfirdn
from jaxgan.layers.weight_norm import NormalisedConv, NormalisedDense

__all__ = [
    "CENTRED",
    "GRU",
    "NORMS",
    "Conv",
    "Conv1D",
    "ConvTranspose",
    "ConvTranspose1D",
    "Dense",
    "Dropout",
    "EqualConv",
    "EqualDense",
    "GatedConv",
    "Geometry",
    "NoiseInput",
    "Norm",
    "NormalisedConv",
    "NormalisedDense",
    "PhaseShuffle",
    "PixelNorm",
    "Projection",
    "Residual",
    "ResizedConv",
    "SelfAttention",
    "SpectralNorm",
    "TimeConv",
    "append_label",
    "by_frame",
    "conv",
    "conv_dilated",
    "conv_doubled",
    "conv_filtered",
    "conv_halved",
    "conv_transpose",
    "direct_form",
    "downsample",
    "downsample_1d",
    "downsample_filtered",
    "filter2d",
    "fixed_noise",
    "label_vector",
    "minibatch_stddev",
    "modulated_conv",
    "onednn_form",
    "over",
    "penultimate",
    "pixel_shuffle",
    "pixel_unshuffle",
    "placed",
    "reflected",
    "reflected_1d",
    "setup_filter",
    "upfirdn",
    "upsample",
    "upsample_1d",
    "upsample_filtered",
    "with_noise",
]

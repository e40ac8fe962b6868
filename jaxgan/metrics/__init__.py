"""Numbers on features [N, D], images, masks and modes: pure functions, features in, numbers out."""

from jaxgan.metrics.diversity import pairwise_distance
from jaxgan.metrics.frechet import Moments, frechet_distance, frechet_from, intra_class_frechet, merge, moments
from jaxgan.metrics.gram import gram, gram_distance, gram_matrices
from jaxgan.metrics.images import l1, psnr
from jaxgan.metrics.kernel import kernel_distance, mmd
from jaxgan.metrics.manifold import density_coverage, memorised, precision_recall
from jaxgan.metrics.masks import mean_iou, pixel_accuracy
from jaxgan.metrics.mixtures import Modes, label_modes, modes
from jaxgan.metrics.neighbours import nearest
from jaxgan.metrics.ngrams import markov_chain, ngram_divergence
from jaxgan.metrics.path_length import path_length
from jaxgan.metrics.period import Period, autocorrelation, dominant_period
from jaxgan.metrics.scores import inception_score
from jaxgan.metrics.similarity import ms_ssim, pairwise_ms_ssim, ssim
from jaxgan.metrics.spectrum import radial_power, spectrum_distance

__all__ = [
    "Modes",
    "Moments",
    "Period",
    "autocorrelation",
    "density_coverage",
    "dominant_period",
    "frechet_distance",
    "frechet_from",
    "gram",
    "gram_distance",
    "gram_matrices",
    "inception_score",
    "intra_class_frechet",
    "kernel_distance",
    "l1",
    "label_modes",
    "markov_chain",
    "mean_iou",
    "memorised",
    "merge",
    "mmd",
    "modes",
    "moments",
    "ms_ssim",
    "nearest",
    "ngram_divergence",
    "pairwise_distance",
    "pairwise_ms_ssim",
    "path_length",
    "pixel_accuracy",
    "precision_recall",
    "psnr",
    "radial_power",
    "spectrum_distance",
    "ssim",
]

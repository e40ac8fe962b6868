"""Structural similarity of paired images, on one scale and on several, and of the pairs within a set."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.metrics.images import pairs

_WINDOW, _SIGMA = 11, 1.5  # of the Gaussian window, pixels
_LUMINANCE, _CONTRAST = 0.01**2, 0.03**2
_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, finest first
_AT_ONCE = 64


def ssim(fake: ArrayLike, real: ArrayLike) -> float:
    """Structural similarity in [-1, 1], the mean over images [N, H, W, C] (uint8, or float in [-1, 1]) and channels.

    Wang et al. 2004, doi:10.1109/TIP.2003.819861, eq. 13, with its window of 11x11, where it lies within the image.
    Raises BadInput for smaller images, and as `images.pairs` does.
    """
    return float(_each(*pairs(fake, real), 1).mean())


def ms_ssim(fake: ArrayLike, real: ArrayLike, scales: int | None = None) -> float:
    """Structural similarity over scales, each half the one before: the mean over images [N, H, W, C], in [0, 1].

    Wang et al. 2003, doi:10.1109/ACSSC.2003.1292216, eq. 7 with its five weights; what is below 0 counts as 0. scales:
    as many of the five as leave sides of 11 pixels, weights in proportion, so compare numbers of one image size only.
    Raises BadInput as `ssim` does, and for more scales than fit.
    """
    fake, real, span = pairs(fake, real)
    return float(_each(fake, real, span, _fitting(fake.shape, scales)).mean())


def pairwise_ms_ssim(images: ArrayLike, count: int = 1000, seed: int = 0) -> float:
    """Mean MS-SSIM in [0, 1] of `count` pairs of the images [N, H, W, C] drawn by `seed`: 1 where all are one.

    Odena et al. 2017, arXiv:1610.09585, section 4.2, which takes pairs within a class. Raises BadInput as `ms_ssim` does,
    and for fewer than two images.
    """
    images = np.asarray(images)
    if len(images) < 2:
        raise BadInput(f"there are {len(images)} images, and a pair takes 2: give more")
    draw = np.random.default_rng(seed)
    one = draw.integers(len(images), size=count)
    other = (one + draw.integers(1, len(images), size=count)) % len(images)
    return ms_ssim(images[one], images[other])


def _fitting(shape, scales):
    side = min(shape[1:3])
    most = max([s for s in range(1, len(_WEIGHTS) + 1) if side >> (s - 1) >= _WINDOW], default=1)
    if scales is not None and not 1 <= scales <= most:
        raise BadInput(f"scales is {scales} for images of {shape[1]}x{shape[2]}: give 1 .. {most}")
    return most if scales is None else scales


def _each(fake, real, span, scales):
    """[N]: of each pair."""
    if min(fake.shape[1:3]) < _WINDOW:
        raise BadInput(
            f"images are {fake.shape[1]}x{fake.shape[2]} and SSIM's window {_WINDOW}x{_WINDOW}: give larger ones"
        )
    batches = [slice(at, at + _AT_ONCE) for at in range(0, len(fake), _AT_ONCE)]
    return np.concatenate([np.asarray(_multiscale(fake[b] / span, real[b] / span, scales)) for b in batches])


@partial(jax.jit, static_argnames="scales")
def _multiscale(a, b, scales):
    terms = []
    for scale in range(scales):
        if scale:
            a, b = _halve(a), _halve(b)
        whole, contrast = _at_one_scale(a, b)
        terms.append(whole if scale == scales - 1 else contrast)
    if scales == 1:
        return terms[0]
    weights = np.asarray(_WEIGHTS[:scales], np.float32) / np.sum(_WEIGHTS[:scales], dtype=np.float32)
    return jnp.prod(jnp.maximum(jnp.stack(terms), 0) ** weights[:, None], axis=0)


def _at_one_scale(a, b):
    """(similarity [N], contrast and structure alone [N]) of images whose values span 1."""
    shift = (jnp.mean(a) + jnp.mean(b)) / 2  # variances do not change, their rounding does
    mean_a, mean_b = _blur(a - shift), _blur(b - shift)
    variances = _blur((a - shift) ** 2) - mean_a**2 + _blur((b - shift) ** 2) - mean_b**2
    covariance = _blur((a - shift) * (b - shift)) - mean_a * mean_b
    structure = (2 * covariance + _CONTRAST) / (jnp.maximum(variances, 0) + _CONTRAST)
    mean_a, mean_b = mean_a + shift, mean_b + shift
    whole = structure * (2 * mean_a * mean_b + _LUMINANCE) / (mean_a**2 + mean_b**2 + _LUMINANCE)
    return jnp.mean(whole, axis=(1, 2, 3)), jnp.mean(structure, axis=(1, 2, 3))


def _blur(x):
    return jnp.einsum("oh,pw,bhwc->bopc", _window(x.shape[1]), _window(x.shape[2]), x, precision="highest")


def _window(side):
    """[side - 10, side]: takes the Gaussian mean at each place where the window fits."""
    weights = np.exp(-0.5 * ((np.arange(_WINDOW) - _WINDOW // 2) / _SIGMA) ** 2)
    places = np.arange(side - _WINDOW + 1)
    matrix = np.zeros((len(places), side), np.float32)
    matrix[places[:, None], places[:, None] + np.arange(_WINDOW)] = weights / weights.sum()
    return matrix


def _halve(x):
    batch, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))

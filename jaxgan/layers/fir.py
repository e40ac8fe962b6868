"""Resampling through a low-pass filter, with the paddings of StyleGAN2. Karras et al. 2020, arXiv:1912.04958, appendix B."""

from collections.abc import Sequence

import jax
import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.layers.upfirdn import as_filter, upfirdn


def setup_filter(f: ArrayLike | Sequence, gain: float = 1.0) -> np.ndarray:
    """Float32 filter [n] or [h, w] from one of any scale: as an image [h, w] or outer product of f [n] its sum is `gain`.

    Raises BadInput for a filter of sum 0, which cannot be normalised.
    """
    f = as_filter(f)
    total = f.sum()
    if abs(total) < 1e-12 * np.abs(f).max():
        raise BadInput(f"the filter {f.tolist()} has sum {total:g}: give one with another sum, or pass it as it is")
    return np.float32(f / total * gain ** (f.ndim / 2))


def filter2d(x: jax.Array, f: ArrayLike | Sequence, gain: float = 1.0) -> jax.Array:
    """x [B, H, W, C] filtered at the same size; an even filter has one zero more at the top and left."""
    f = _amplified(f, gain)
    return upfirdn(x, f, pad=_flat((n // 2, (n - 1) // 2) for n in f.shape))


def upsample_filtered(x: jax.Array, f: ArrayLike | Sequence, factor: int = 2) -> jax.Array:
    """x [B, H, W, C] -> [B, H factor, W factor, C]: zeros inserted, filtered, times factor**2, so that means stay."""
    f = _amplified(f, factor**2)
    return upfirdn(x, f, up=factor, pad=_flat(((n + factor - 1) // 2, (n - factor) // 2) for n in f.shape))


def downsample_filtered(x: jax.Array, f: ArrayLike | Sequence, factor: int = 2) -> jax.Array:
    """x [B, H, W, C] -> [B, H / factor, W / factor, C]: filtered, then every factor-th pixel.

    Raises BadInput for a size that the factor does not divide.
    """
    if any(n % factor for n in x.shape[1:3]):
        raise BadInput(f"an image of {x.shape[1:3]} does not divide by {factor}: pad or crop it before")
    f = _amplified(f, 1)
    return upfirdn(x, f, down=factor, pad=_flat(((n - factor + 1) // 2, (n - factor) // 2) for n in f.shape))


def _amplified(f, gain):
    """The filter as [h, w], times the gain."""
    f = as_filter(f)
    return gain * (np.outer(f, f) if f.ndim == 1 else f)


def _flat(pads):
    return tuple(p for pair in pads for p in pair)

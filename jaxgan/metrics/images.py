"""Paired images: PSNR and L1."""

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput


def l1(fake: ArrayLike, real: ArrayLike) -> float:
    """Mean absolute difference of images [N, H, W, C], in units of their range: 0 to 1.

    Raises BadInput as `pairs` does.
    """
    fake, real, span = pairs(fake, real)
    return float(np.mean(np.abs(fake - real)) / span)


def psnr(fake: ArrayLike, real: ArrayLike) -> float:
    """Peak signal-to-noise ratio in dB, the mean over images [N, H, W, C] (uint8, or float in [-1, 1]).

    inf where two of a pair are equal. Horé & Ziou 2010, doi:10.1109/ICPR.2010.579, eq. 1. Raises BadInput as `pairs` does.
    """
    return float(np.mean(decibels(fake, real)))


def decibels(fake: ArrayLike, real: ArrayLike) -> np.ndarray:
    """[N]: the PSNR of each pair of images, inf for equal ones. Raises BadInput as `pairs` does."""
    fake, real, span = pairs(fake, real)
    error = np.mean((fake - real) ** 2, axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return 10 * np.log10(span**2 / error)


def pairs(fake: ArrayLike, real: ArrayLike) -> tuple[np.ndarray, np.ndarray, float]:
    """(fake, real, span of their values) as float32, from 0 on. Raises BadInput for shapes and types that differ.

    Images are uint8 [N, H, W, C], of span 255, or float in [-1, 1], of span 2; floats out of it raise BadInput too, as do none.
    """
    fake, real = np.asarray(fake), np.asarray(real)
    if fake.shape != real.shape or fake.ndim != 4 or fake.dtype != real.dtype:
        raise BadInput(
            f"fake is {fake.dtype}{list(fake.shape)} and real {real.dtype}{list(real.shape)}: give pairs [N, H, W, C] of one type"
        )
    if fake.size == 0:
        raise BadInput(f"fake and real are {list(fake.shape)}, and there is nothing to compare: give 1 pair or more")
    if fake.dtype == np.uint8:
        return fake.astype(np.float32), real.astype(np.float32), 255.0
    low, high = min(fake.min(), real.min()), max(fake.max(), real.max())
    if not max(-low, high) <= 1 + 1e-6:
        raise BadInput(f"float images are in [{low:g}, {high:g}]: give them in [-1, 1], or uint8")
    return fake.astype(np.float32) + 1, real.astype(np.float32) + 1, 2.0

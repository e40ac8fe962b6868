"""How much of a picture is in each frequency: what upsampling leaves behind, and what a blurred picture lacks."""

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput

_LEAST = 1e-12  # of the power, which is 0 of pictures without any detail


def radial_power(images: ArrayLike) -> np.ndarray:
    """Power at 1, 2, ... n/2 waves across [K] of pictures uint8 [N, H, W, C], n the shorter side: means over N, C, directions.

    The azimuthal mean of the squared Fourier transform, Durall et al. 2020, arXiv:2003.01826, eq. 3, of brightness 0 .. 1; each
    whole number of waves across the shorter side has the frequencies that are nearest to it. Raises BadInput for other arrays.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) == 0 or min(images.shape[1:3]) < 4:
        raise BadInput(
            f"images are {images.dtype}{list(images.shape)}: give uint8 [N, H, W, C] of 4 pixels a side or more"
        )
    height, width = images.shape[1:3]
    short = min(height, width)
    waves = np.hypot(np.fft.fftfreq(height)[:, None] * short, np.fft.rfftfreq(width)[None] * short)
    ring, count = np.rint(waves).astype(int).reshape(-1), short // 2
    twice = np.full(width // 2 + 1, 2.0)  # of a real picture half of the transform is kept
    twice[0] = 1
    if width % 2 == 0:
        twice[-1] = 1
    often = np.broadcast_to(twice, waves.shape).reshape(-1)
    total = np.zeros(waves.size)
    for part in np.array_split(images, -(-len(images) // 256)):
        found = np.fft.rfft2(part.astype(np.float64) / 255, axes=(1, 2), norm="ortho")
        total += (np.abs(found) ** 2).sum(axis=(0, 3)).reshape(-1)
    total /= len(images) * images.shape[3]
    sums = np.bincount(ring, total * often, count + 1) / np.bincount(ring, often, count + 1)
    return sums[1 : count + 1]


def spectrum_distance(fake: ArrayLike, real: ArrayLike) -> float:
    """Root mean square, over the frequencies of `radial_power`, of how far both sets' powers lie apart, in dB.

    Raises BadInput as that does, and where the sizes differ.
    """
    a, b = radial_power(fake), radial_power(real)
    if len(a) != len(b):
        raise BadInput(f"fake pictures have {len(a)} frequencies and real ones {len(b)}: give pictures of one size")
    apart = 10 * (np.log10(np.maximum(a, _LEAST)) - np.log10(np.maximum(b, _LEAST)))
    return float(np.sqrt(np.mean(apart**2)))

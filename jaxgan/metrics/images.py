"""Paired images, one by one: PSNR, SSIM, L1."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput

_SIGMA, _RADIUS = 1.5, 5  # of SSIM's Gaussian window, 11 pixels wide
_K1, _K2 = 0.01, 0.03


def l1(fake, real):
    """Mean absolute difference of images [N, H, W, C], in units of their range: 0 to 1."""
    fake, real, span = _images(fake, real)
    return float(np.mean(np.abs(fake - real)) / span)


def psnr(fake, real):
    """Peak signal-to-noise ratio in dB, the mean over images [N, H, W, C] (uint8, or float in [-1, 1]); inf for equal ones."""
    fake, real, span = _images(fake, real)
    error = np.mean((fake - real) ** 2, axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return float(np.mean(10 * np.log10(span**2 / error)))


def ssim(fake, real):
    """Structural similarity in [-1, 1], the mean over images [N, H, W, C] (uint8, or float in [-1, 1]) and channels.

    Wang et al. 2004, doi:10.1109/TIP.2003.819861, eq. 13, with its window of 11x11, where it lies within the image.
    Raises BadInput for smaller images.
    """
    fake, real, span = _images(fake, real)
    if min(fake.shape[1:3]) < 2 * _RADIUS + 1:
        raise BadInput(f"images are {fake.shape[1]}x{fake.shape[2]} and SSIM's window 11x11: give larger ones")
    batches = [slice(at, at + 64) for at in range(0, len(fake), 64)]
    return float(np.concatenate([np.asarray(_ssim(fake[b], real[b], span)) for b in batches]).mean())


def _images(fake, real):
    """(fake, real, span of their values) as float32."""
    fake, real = np.asarray(fake), np.asarray(real)
    if fake.shape != real.shape or fake.ndim != 4 or fake.dtype != real.dtype:
        raise BadInput(
            f"fake is {fake.dtype}{list(fake.shape)} and real {real.dtype}{list(real.shape)}: give pairs [N, H, W, C] of one type"
        )
    span = 255.0 if fake.dtype == np.uint8 else 2.0
    if span == 2.0 and max(np.abs(fake).max(), np.abs(real).max()) > 1 + 1e-6:
        raise BadInput(f"float images go up to {max(fake.max(), real.max()):g}: give them in [-1, 1], or uint8")
    return fake.astype(np.float32), real.astype(np.float32), span


@jax.jit
def _ssim(x, y, span):
    taps = np.exp(-0.5 * (np.arange(-_RADIUS, _RADIUS + 1) / _SIGMA) ** 2)
    taps = jnp.asarray(taps / taps.sum(), jnp.float32)

    def blur(x):
        planes = jnp.moveaxis(x, -1, 1).reshape(-1, *x.shape[1:3], 1)
        for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
            planes = jax.lax.conv_general_dilated(
                planes,
                taps.reshape(shape),
                (1, 1),
                "VALID",
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
                precision="highest",
            )
        return planes

    shift = (jnp.mean(x) + jnp.mean(y)) / 2  # variances do not change, their rounding does
    a, b = blur(x - shift), blur(y - shift)
    var_x, var_y = blur((x - shift) ** 2) - a**2, blur((y - shift) ** 2) - b**2
    cov = blur((x - shift) * (y - shift)) - a * b
    a, b = a + shift, b + shift
    c1, c2 = (_K1 * span) ** 2, (_K2 * span) ** 2
    index = (2 * a * b + c1) * (2 * cov + c2) / ((a**2 + b**2 + c1) * (var_x + var_y + c2))
    return jnp.mean(index.reshape(x.shape[0], -1), axis=1)

"""Convolutions that change the size through a low-pass filter. Karras et al. 2020, arXiv:1912.04958, appendix B."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.layers.conv import conv, conv_transpose
from jaxgan.layers.fir import setup_filter
from jaxgan.layers.upfirdn import upfirdn

FILTER = (1, 3, 3, 1)  # of StyleGAN2


def conv_filtered(
    x: jax.Array, w: jax.Array, *, up: int = 1, down: int = 1, f: ArrayLike | Sequence = FILTER
) -> jax.Array:
    """x [B, H, W, C] with w [h, w, C, O]: [B, H up / down, W up / down, O].

    up: a transposed convolution (w slid over x with up - 1 zeros behind every pixel), then the filter f times up**2: but
    for the border, `upsample_filtered` and `conv`. down: f, then the convolution with this stride. f [n] is normalised.
    Raises BadInput where both up and down are above 1, and where channels, the filter or the size do not fit.
    """
    if x.ndim != 4 or w.ndim != 4 or x.shape[3] != w.shape[2]:
        raise BadInput(f"x is {list(x.shape)} and w {list(w.shape)}: give x [B, H, W, C] and w [h, w, C, O]")
    if up > 1 and down > 1:
        raise BadInput(f"up={up} with down={down}: set one of them to 1")
    if up == down == 1:
        return conv(x, w)
    if any(n % down for n in x.shape[1:3]):
        raise BadInput(f"an image of {x.shape[1:3]} does not divide by {down}: pad or crop it before")
    f, kernel = setup_filter(f), w.shape[:2]
    if f.ndim != 1:
        raise BadInput(f"the filter is {list(f.shape)}: give [n], for both axes")
    n, around = f.size, [((k - 1) // 2, k // 2) for k in kernel]  # as "SAME" has it without a stride
    if up > 1:
        size = tuple((m - 1) * up + k for m, k in zip(x.shape[1:3], kernel, strict=True))
        flipped = jnp.flip(w, (0, 1)).swapaxes(2, 3)  # of a transposed convolution, as `conv_transpose` takes it
        x = conv_transpose(x, flipped, stride=up, padding="VALID", size=size)  # with k - 1 and k - up zeros around it
        pads = [
            (low + (n + up - 1) // 2 - (k - 1), high + (n - up) // 2 - (k - up))
            for k, (low, high) in zip(kernel, around, strict=True)
        ]
        return upfirdn(x, f * up, pad=(*pads[0], *pads[1]))
    pads = [(low + (n - down + 1) // 2, high + (n - down) // 2) for low, high in around]
    return conv(upfirdn(x, f, pad=(*pads[0], *pads[1])), w, stride=down, padding="VALID")

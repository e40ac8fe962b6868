"""Convolution with taps that lie apart: as many plain ones of every d-th row and column, with the same kernel."""

import jax
import jax.numpy as jnp

from jaxgan.layers.conv import conv


def conv_dilated(x: jax.Array, w: jax.Array, dilation: int) -> jax.Array:
    """Cross-correlation of x [B, H, W, C] with w [h, w, C, O] whose taps are `dilation` pixels apart: [B, H, W, O].

    Zeros around, so that the size is kept; odd kernels. Yu & Koltun 2016, arXiv:1511.07122, eq. 2.
    """
    batch, height, width, channels = x.shape
    reach = [dilation * (n - 1) for n in w.shape[:2]]
    rows, columns = (-(-(n + r) // dilation) for n, r in zip((height, width), reach, strict=True))
    pads = [
        (r // 2, n * dilation - size - r // 2)
        for r, n, size in zip(reach, (rows, columns), (height, width), strict=True)
    ]
    x = jnp.pad(x, ((0, 0), *pads, (0, 0)))
    x = x.reshape(batch, rows, dilation, columns, dilation, channels).transpose(2, 4, 0, 1, 3, 5)
    y = conv(x.reshape(-1, rows, columns, channels), w, padding="VALID")
    y = y.reshape(dilation, dilation, batch, *y.shape[1:]).transpose(2, 3, 0, 4, 1, 5)
    return y.reshape(batch, y.shape[1] * dilation, y.shape[3] * dilation, -1)[:, :height, :width]

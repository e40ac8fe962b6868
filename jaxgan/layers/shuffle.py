"""Pixels to channels and back, without loss. Shi et al. 2016, arXiv:1609.05158, eq. 4."""

import jax

from jaxgan.errors import BadInput


def pixel_shuffle(x: jax.Array, factor: int) -> jax.Array:
    """x [B, H, W, C factor^2] -> [B, H factor, W factor, C], in PyTorch's order: channel (c factor + i) factor + j becomes
    pixel (i, j) of channel c.

    Raises BadInput for a number of channels that factor^2 does not divide.
    """
    rows, height, width, channels = x.shape
    if channels % factor**2:
        raise BadInput(f"{channels} channels do not divide by {factor}^2: give a multiple of {factor**2}")
    x = x.reshape(rows, height, width, channels // factor**2, factor, factor).transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(rows, height * factor, width * factor, channels // factor**2)


def pixel_unshuffle(x: jax.Array, factor: int) -> jax.Array:
    """x [B, H, W, C] -> [B, H / factor, W / factor, C factor^2]: the inverse of `pixel_shuffle`.

    Raises BadInput for a size that the factor does not divide.
    """
    rows, height, width, channels = x.shape
    if height % factor or width % factor:
        raise BadInput(f"images of {height}x{width} do not divide by {factor}: crop or pad them")
    x = x.reshape(rows, height // factor, factor, width // factor, factor, channels).transpose(0, 1, 3, 5, 2, 4)
    return x.reshape(rows, height // factor, width // factor, channels * factor**2)

"""Modulated convolution: a style scales the input channels. Karras et al. 2020, arXiv:1912.04958, section 2.2."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.layers.filtered import FILTER, conv_filtered


def modulated_conv(
    x: jax.Array,
    w: jax.Array,
    style: jax.Array,
    *,
    demodulate: bool = True,
    up: int = 1,
    down: int = 1,
    f: ArrayLike | Sequence = FILTER,
) -> jax.Array:
    """x [B, H, W, C] with w [h, w, C, O] of its own for each sample: [B, H up / down, W up / down, O].

    style [B, C] scales the input channels, w' = style_i w_ijk (eq. 1); demodulate: each output channel is divided by the
    norm of its w', sqrt(sum of w'^2 + 1e-8) (eq. 3), so that inputs of variance 1 give outputs of variance 1 (eq. 2).
    Both are scalings of activations around one convolution that all samples share; sizes and f as in `conv_filtered`.
    Raises BadInput where style does not fit x.
    """
    if style.shape != (x.shape[0], x.shape[-1]):
        raise BadInput(f"style is {list(style.shape)} and x {list(x.shape)}: give style [{x.shape[0]}, {x.shape[-1]}]")
    y = conv_filtered(x * style[:, None, None, :].astype(x.dtype), w.astype(x.dtype), up=up, down=down, f=f)
    if not demodulate:
        return y
    wide = jnp.promote_types(x.dtype, jnp.float32)
    energy = jnp.sum(w.astype(wide) ** 2, (0, 1))
    scale = jax.lax.rsqrt(jnp.matmul(style.astype(wide) ** 2, energy, precision="highest") + 1e-8)
    return y * scale[:, None, None, :].astype(y.dtype)

"""Grouped convolution (Krizhevsky et al. 2012; Xie et al. 2017, arXiv:1611.05431), fast in any order of derivative.

On a CPU, groups are taken together into blocks of about 32 channels, each one dense `conv` with zeros between its groups:
what is multiplied by zeros costs less than what XLA loses on narrow groups, and its own gradient in w is tens of times
slower. Elsewhere it is XLA's own operator, whose derivatives are grouped convolutions again.
"""

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.layers.conv import conv
from jaxgan.layers.lowering import for_cpu

_BLOCK = 32  # channels that a convolution needs to be fast on a CPU


def grouped_conv(x: jax.Array, w: jax.Array, groups: int) -> jax.Array:
    """x [B, H, W, C] with w [h, w, C / groups, O]: [B, H, W, O], stride 1, "SAME".

    The i-th O / groups channels of the result see the i-th C / groups of x alone. Raises BadInput where they do not fit.
    """
    (*_, c), (*kernel, narrow, o) = x.shape, w.shape
    if c % groups or o % groups or narrow * groups != c:
        raise BadInput(
            f"x is {list(x.shape)} and w {list(w.shape)} with groups={groups}: give w [h, w, C / groups, O], "
            "and groups that divide C and O"
        )
    if groups == 1:
        return conv(x, w)
    if not for_cpu():
        dims = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=dims, feature_group_count=groups)
    joined = max(n for n in range(1, groups + 1) if groups % n == 0 and (n == 1 or n * narrow <= _BLOCK))
    blocks = groups // joined
    w = w.reshape(*kernel, narrow, blocks, joined, o // groups)
    w = jnp.einsum("hwcbio,ij->bhwjcio", w, jnp.eye(joined, dtype=w.dtype)).reshape(
        blocks, *kernel, c // blocks, o // blocks
    )
    parts = map(conv, jnp.split(x, blocks, axis=-1), w)
    return jnp.concatenate(list(parts), axis=-1)

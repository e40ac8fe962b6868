"""A U-Net as discriminator, with a logit for every pixel. Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 3.3.

After Schonfeld et al. 2020, arXiv:2002.12655, with spectral normalisation (Miyato et al. 2018, arXiv:1802.05957).
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, upsample
from jaxgan.net import Net, from_flax

_HALVINGS = 3


class Discriminator(nn.Module):
    """x [B, H, W, C] -> logits [B, H, W]: three halvings, three bilinear doublings, what was there before added to each."""

    width: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        height, width = x.shape[1:3]
        if height % 2**_HALVINGS or width % 2**_HALVINGS:
            raise BadInput(
                f"images are {height}x{width}, and are halved {_HALVINGS} times: crop or pad them to multiples of 8"
            )

        def layer(x, features, **how):
            h = Conv(features, bias=False, spectral=True, dtype=self.dtype, **how)(x, train)
            return nn.leaky_relu(h, 0.2)

        x = nn.leaky_relu(Conv(self.width, dtype=self.dtype, name="first")(x, train), 0.2)
        skips = []
        for i in range(1, _HALVINGS + 1):
            skips.append(x)
            x = layer(x, self.width << i, kernel=4, stride=2)
        for skip in reversed(skips):
            x = skip + layer(upsample(x, 2, "bilinear"), skip.shape[-1])
        for _ in range(2):
            x = layer(x, self.width)
        return Conv(1, dtype=self.dtype, name="logits")(x, train)[..., 0].astype(jnp.float32)


def discriminator(*, width: int = 64, dtype: DTypeLike = jnp.float32) -> Net:
    """Net images [B, H, W, C] -> logits [B, H, W]. All but the first and the last convolution are without bias and spectral.

    width: channels at the full size, twice as many behind each halving. H and W are multiples of 8. Raises BadInput for others.
    """
    return from_flax(Discriminator(width, jnp.dtype(dtype)))

"""A U-Net from pictures to pictures. Isola et al. 2017, arXiv:1611.07004, appendix 6.1.1."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, ConvTranspose, Dropout, Norm
from jaxgan.net import Net, alone, from_flax

MOST = 8  # halvings: 256 pixels to 1
_normal = nn.initializers.normal(0.02)


class UNet(nn.Module):
    """x [B, H, W, C] in [-1, 1] -> [B, H, W, channels] in [-1, 1]: halved `halvings` times and back, every size handed across.

    Dropout is in the first layers behind the smallest size, three of them for 256 pixels. The smallest size has no norm: of a
    single pixel a norm would leave nothing (the paper's errata).
    """

    channels: int
    width: int
    halvings: int
    norm: str
    dropout: float
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, index: jax.Array | None = None) -> jax.Array:
        same = {"kernel_init": _normal, "dtype": self.dtype}
        norm = lambda x: Norm(self.norm, self.axis_name, scale_std=0.02, dtype=self.dtype)(x, train)
        bias = self.norm == "none"
        passed: list[jax.Array] = []
        height, width = x.shape[1:3]
        if height % (side := 1 << self.halvings) or width % side:
            raise BadInput(
                f"pictures of {height}x{width}, and the network halves them {self.halvings} times: give fewer halvings, or "
                f"multiples of {side}"
            )
        for i in range(self.halvings):
            x = nn.leaky_relu(x, 0.2) if passed else x
            width = min(self.width << i, 8 * self.width)
            x = Conv(width, bias, kernel=4, stride=2, **same)(x, train)
            x = norm(x) if 0 < i < self.halvings - 1 else x
            passed.append(x)
        x = passed.pop()
        for i, skip in enumerate(reversed(passed)):
            x = norm(ConvTranspose(skip.shape[-1], bias, **same)(nn.relu(x), train))
            x = Dropout(self.dropout)(x, index) if self.dropout and i < dropped(self.halvings) else x
            x = jnp.concatenate([x, skip], -1)
        return jnp.tanh(ConvTranspose(self.channels, **same)(nn.relu(x), train).astype(jnp.float32))


def dropped(halvings: int) -> int:
    """How many layers have dropout: 3 of the paper's 7 behind 256 pixels, 1 behind 64, as the widest layers are."""
    return max(1, halvings - 5)


def halvings(shape: tuple[int, ...]) -> int:
    """How often pictures [H, W, ...] are halved: as often as both sides can be, 8 times at most.

    Raises BadInput for pictures that cannot be halved twice.
    """
    height, width = shape[:2]
    found = 0
    while found < MOST and height % 2 == 0 and width % 2 == 0:
        height, width, found = height // 2, width // 2, found + 1
    if found < 2:
        raise BadInput(f"pictures of {shape[0]}x{shape[1]} cannot be halved twice: set --resolution, such as 64 or 256")
    return found


def generator(
    channels: int = 3,
    width: int = 64,
    halvings: int = 8,
    *,
    norm: str = "batch",
    dropout: float = 0.5,
    axis_name: str | None = None,
    dtype: Any = jnp.float32,
) -> Net:
    """Net of pictures [B, H, W, C] in [-1, 1] -> [B, H, W, channels] in [-1, 1], H and W multiples of 2^halvings.

    width: channels behind the first halving; doubled up to 8 times as many. dropout: its rate, drawn out of training too: it is
    G's only noise. Out of training a batch norm takes the statistics of each picture by itself (section 3.3).
    54.41 million parameters at the paper's sizes, for three channels.
    """

    def made(axis_name):
        module = UNet(channels, width, halvings, norm, dropout, axis_name, jnp.dtype(dtype))
        return from_flax(module, indexed=dropout > 0)._replace(multiple=2**halvings)

    return alone(made(axis_name), made(None)) if norm == "batch" else made(axis_name)

"""CycleGAN's generator: pictures of pictures. Zhu et al. 2017, arXiv:1703.10593, appendix 7.2."""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, ConvTranspose, Dense
from jaxgan.models.pyramid import flags
from jaxgan.net import Net, from_flax

_paper = nn.initializers.normal(0.02)  # appendix 7.1
_LATE = 5  # the last residual block that `features` has


class Generator(nn.Module):
    """x [B, H, W, C] -> [B, H, W, channels] in [-1, 1]: halvings, residual blocks at the smallest size, doublings."""

    channels: int
    width: int
    blocks: int
    halvings: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool, features: bool = False) -> Any:
        check_shape(x.shape[1:], self.halvings)
        plain = {"bias": False, "kernel": 3, "kernel_init": _paper, "dtype": self.dtype}  # the norm takes a bias away
        ends = partial(Conv, kernel=7, padding="REFLECT", kernel_init=_paper, dtype=self.dtype)
        late, seen = min(_LATE, self.blocks), [x]
        h = _act(ends(self.width, bias=False, name="first")(x, train))
        for i in range(self.halvings):
            h = Conv(self.width << (i + 1), stride=2, name=f"down{i}", **plain)(h, train)
            seen.append(h)
            h = _act(h)
        for i in range(self.blocks):
            h = Block(plain, name=f"block{i}")(h, train)
            if i + 1 in (1, late):
                seen.append(h)
            if features and i + 1 == late:
                return tuple(each.astype(jnp.float32) for each in seen)
        for i in reversed(range(self.halvings)):
            h = _act(ConvTranspose(self.width << i, name=f"up{i}", **plain)(h, train))
        return jnp.tanh(ends(self.channels, name="last")(h, train).astype(jnp.float32))

    def features(self, x: jax.Array, *, train: bool) -> tuple[jax.Array, ...]:
        """What the first half makes of x on the way, [B, h, w, c] each."""
        return self(x, train=train, features=True)


class Block(nn.Module):
    """x [B, H, W, C], to which two 3x3 convolutions of it are added, each with a norm, a ReLU between them."""

    plain: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        conv = partial(Conv, x.shape[-1], padding="REFLECT", **self.plain)
        return x + _normalised(conv(name="conv1")(_act(conv(name="conv0")(x, train)), train))


class Head(nn.Module):
    """Features [B, S, C] of any layers -> unit vectors [B, S, units] of each: two dense layers a layer of its own."""

    units: int

    @nn.compact
    def __call__(self, *features: jax.Array, train: bool) -> tuple[jax.Array, ...]:
        def one(i, x):
            dense = lambda name: Dense(self.units, kernel_init=_paper, name=f"{name}{i}")
            return _unit(dense("out")(nn.relu(dense("in")(x, train)), train))

        return tuple(one(i, x) for i, x in enumerate(features))


def generator(
    channels: int = 3, width: int = 64, blocks: int = 9, halvings: int = 2, dtype: DTypeLike = jnp.float32
) -> Net:
    """Net (images [B, H, W, C] in [-1, 1]) -> images [B, H, W, channels] in [-1, 1]. H and W are multiples of 2^halvings.

    The network of Johnson et al. 2016, arXiv:1603.08155: c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3 in the paper's
    words, with 9 blocks from 256 pixels on and 6 at 128. halvings=4 is pix2pixHD's coarse generator G1 (Wang et al. 2018,
    arXiv:1711.11585, appendix). Instance norm has no scale and shift, as in the authors' PyTorch program. That has biases
    before its norms, which do nothing: here are none. And it adds zeros at the beginning where a size is halved or doubled,
    this one at the end: it is the same network of mirrored pictures, with mirrored kernels.
    `apply` also takes method="features", images to what contrastive learning compares, float32 [B, h, w, c] each (Park et al.
    2020, arXiv:2007.15651, appendix C.2): the pixels, the convolution of each halving, the first and the fifth residual
    block, or the last where they are fewer. The authors' program has a blur in each halving and doubling, and counts the
    reflected pixels in; in the paper the network is CycleGAN's.
    Raises BadInput for sizes that do not divide, or are smaller than twice that, and for numbers below 1.
    """
    for name, value in (("width", width), ("blocks", blocks), ("halvings", halvings)):
        if value < 1:
            raise BadInput(f"{name} is {value}: give 1 or more")
    net = from_flax(Generator(channels, width, blocks, halvings, jnp.dtype(dtype)))
    return net._replace(methods=("features",), multiple=1 << halvings)


def head(units: int = 256) -> Net:
    """Net (features [B, S, C] of each layer) -> a tuple of unit vectors [B, S, units] in float32.

    H of Park et al. 2020, arXiv:2007.15651, section 3: for each layer two dense ones with a ReLU between them.
    """
    return from_flax(Head(units))


def check_shape(shape: tuple[int, ...], halvings: int = 2) -> None:
    """Raises BadInput where images of shape (H, W, C) cannot be halved so often, or are too small to be mirrored then."""
    multiple = 1 << halvings
    height, width = shape[:2]
    if height % multiple or width % multiple or min(height, width) < 2 * multiple:
        rows, columns = (max(2, round(side / multiple)) * multiple for side in (height, width))
        raise BadInput(
            f"a translator takes images of multiples of {multiple} pixels from {2 * multiple} on, not {height}x{width}: "
            f"set {flags((rows, columns))}"
        )


def _act(x):
    return nn.relu(_normalised(x))


def _normalised(x):
    y = x.astype(jnp.float32)  # statistics in float32, whatever the compute dtype
    y = y - jnp.mean(y, (1, 2), keepdims=True)
    return (y * jax.lax.rsqrt(jnp.mean(y**2, (1, 2), keepdims=True) + 1e-5)).astype(x.dtype)


def _unit(x):
    return x * jax.lax.rsqrt(jnp.sum(x**2, -1, keepdims=True) + 1e-14)  # differentiable at 0

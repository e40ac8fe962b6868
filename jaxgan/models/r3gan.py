"""R3GAN: residual networks without normalisation. Huang et al. 2024, arXiv:2501.05441, section 4, config E.

Both networks have the same stages, 4x4 .. RxR, in opposite order: blocks of a 1x1, a grouped 3x3 and a 1x1 convolution
beside a skip, and between stages a resampling through the filter [1, 3, 3, 1]: the authors' [1, 2, 1] is convolved with
[1, 1] before use, which centres it between two grids. Biases stand before activations alone. They start as in Fixup (Zhang et
al. 2019, arXiv:1901.09321): every block is the identity. In a narrower dtype the four largest stages compute in it, and 4x4
never does, as in the authors' configurations: logits shrink under R1 and R2, and their differences are what is learned from.
"""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Dense, conv, downsample_filtered, label_vector, setup_filter, upsample_filtered
from jaxgan.layers.linear import per_channel
from jaxgan.models.pyramid import Pyramid, both, checked
from jaxgan.net import Net, from_flax

_SLOPE = 0.2
_GAIN = (2 / (1 + _SLOPE**2)) ** 0.5  # keeps the variance through the activation
_LAYERS = 3  # of a block's branch
_FILTER = setup_filter((1, 3, 3, 1))
_NARROW = 4  # stages that may compute in a narrower dtype


class Sizes(NamedTuple):
    """How large both networks are: a number for all stages, or one for each, from 4x4 on."""

    width: int | tuple
    blocks: int | tuple
    cardinality: int | tuple
    expansion: int
    halve_past: int
    block: int | None = None  # channels of groups that are convolved as one: `layers.conv`

    def stages(self, sizes: Pyramid) -> list[tuple[int, int, int]]:
        """[(width, blocks, cardinality)], from 4x4 on. Raises BadInput where they do not fit each other."""
        count = sizes.doublings + 1
        halvings = [max(0, i + 3 - self.halve_past.bit_length()) for i in range(count)]
        columns = []
        for name, value in zip(self._fields[:3], self, strict=False):
            if isinstance(value, int):
                value = [value if name == "blocks" else value >> n for n in halvings]
            elif len(value) != count:
                (rows, cols), (height, width) = sizes.first, sizes.size
                raise BadInput(
                    f"{name} {tuple(value)} is for {len(value)} stages, and {height}x{width} has {count}: "
                    f"give one number for each from {rows}x{cols} on, or one for all"
                )
            columns.append(value)
        for width, blocks, cardinality in zip(*columns, strict=True):
            if min(width, blocks, cardinality) < 1 or width * self.expansion % cardinality:
                raise BadInput(
                    f"a stage has width {width}, {blocks} blocks and cardinality {cardinality}: give 1 or more of each, "
                    f"and a cardinality that divides width x {self.expansion} (both halve with every doubling past "
                    f"{self.halve_past}x{self.halve_past})"
                )
        return list(zip(*columns, strict=True))

    def dtypes(self, sizes: Pyramid, dtype: Any) -> list[Any]:
        """The dtype that each stage computes in, from 4x4 on, where the network's is `dtype`."""
        count = sizes.doublings + 1
        wide = max(1, count - _NARROW)
        return [jnp.promote_types(dtype, jnp.float32)] * wide + [dtype] * (count - wide)


class Block(nn.Module):
    """x [B, H, W, C] -> the same shape: x plus a branch that is 0 at the start."""

    expanded: int
    cardinality: int
    block: int | None
    gain: float
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        init = _fan_in(self.gain)
        y = self.active(_linear(self.expanded, self.dtype, init, "widen")(x, train), "bias_1")
        w = self.param("kernel", init, (3, 3, self.expanded // self.cardinality, self.expanded))
        y = self.active(conv(y, w.astype(self.dtype), groups=self.cardinality, block=self.block), "bias_2")
        return x + _linear(x.shape[-1], self.dtype, nn.initializers.zeros, "narrow")(y, train)

    def active(self, x: jax.Array, name: str) -> jax.Array:
        """Leaky ReLU of x with a bias."""
        bias = self.param(name, nn.initializers.zeros, (self.expanded,)).astype(self.dtype)
        return nn.leaky_relu(x + per_channel(bias, x), _SLOPE)


class Stage(nn.Module):
    """x [B, H, W, C] -> the same shape: blocks one after another, in a network that has `total` of them."""

    blocks: int
    cardinality: int
    expansion: int
    total: int
    dtype: Any
    block: int | None = None

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        gain = _GAIN * self.total ** (-1 / (2 * _LAYERS - 2))
        for _ in range(self.blocks):
            x = Block(self.expansion * x.shape[-1], self.cardinality, self.block, gain, self.dtype)(x, train)
        return x


class Generator(nn.Module):
    """z [B, Z] -> [B, H, W, channels]."""

    pyramid: Pyramid
    channels: int
    sizes: Sizes
    embedding: int
    classes: int | None
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        linear = lambda features, dtype, name: _linear(features, dtype, _fan_in(), name)
        stages, dtypes = self.sizes.stages(self.pyramid), self.sizes.dtypes(self.pyramid, self.dtype)
        total = sum(blocks for _, blocks, _ in stages)
        if self.classes:
            label = linear(self.embedding, dtypes[0], "embed")(label_vector(label, self.classes), train)
            z = jnp.concatenate([z.astype(dtypes[0]), label], axis=-1)
        width = stages[0][0]
        basis = self.param("basis", nn.initializers.normal(1.0), (*self.pyramid.first, width)).astype(dtypes[0])
        x = basis[None] * linear(width, dtypes[0], "mix")(z, train)[:, None, None]
        for i, ((width, blocks, cardinality), dtype) in enumerate(zip(stages, dtypes, strict=True)):
            x = x.astype(dtype)
            if i:
                if width != x.shape[-1]:  # before the filter: the same, on a quarter of the pixels
                    x = linear(width, dtype, f"change_{i}")(x, train)
                x = upsample_filtered(x, _FILTER)
            x = Stage(blocks, cardinality, self.sizes.expansion, total, dtype, self.sizes.block)(x, train)
        return linear(self.channels, dtypes[-1], "show")(x, train).astype(jnp.float32)


class Discriminator(nn.Module):
    """x [B, H, W, channels] -> logits [B]."""

    sizes: Sizes
    embedding: int | None
    classes: int | None
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        sizes = check_shape(x.shape[1:])
        linear = lambda features, dtype, name, gain=1.0: _linear(features, dtype, _fan_in(gain), name)
        stages, dtypes = self.sizes.stages(sizes)[::-1], self.sizes.dtypes(sizes, self.dtype)[::-1]
        total = sum(blocks for _, blocks, _ in stages)
        x = linear(stages[0][0], dtypes[0], "see")(x, train)
        for i, ((width, blocks, cardinality), dtype) in enumerate(zip(stages, dtypes, strict=True)):
            if i:
                x = downsample_filtered(x, _FILTER)
                if width != x.shape[-1]:
                    x = linear(width, dtypes[i - 1], f"change_{i}")(x, train)
            x = Stage(blocks, cardinality, self.sizes.expansion, total, dtype, self.sizes.block)(x.astype(dtype), train)
        basis = self.param("basis", nn.initializers.normal((x.shape[1] * x.shape[2]) ** -0.5), x.shape[1:]).astype(
            dtypes[-1]
        )
        x = jnp.einsum("bhwc,hwc->bc", x, basis)
        length = (self.embedding or x.shape[-1]) if self.classes else 1
        x = linear(length, dtypes[-1], "judge")(x, train).astype(jnp.float32)
        if not self.classes:
            return x[:, 0]
        label = linear(length, dtypes[-1], "embed", length**-0.5)(label_vector(label, self.classes), train)
        return jnp.sum(x * label.astype(jnp.float32), axis=-1)


def generator(
    resolution: int | tuple[int, int] = 32,
    channels: int = 3,
    *,
    width: int | tuple[int, ...] = 768,
    blocks: int | tuple[int, ...] = 2,
    cardinality: int | tuple[int, ...] = 96,
    expansion: int = 2,
    halve_past: int = 32,
    block: int | None = None,
    embedding: int = 64,
    classes: int | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (z [B, Z], label) -> images [B, H, W, channels], around [-1, 1]: nothing bounds them.

    H = a 2^n and W = b 2^n, a and b from 2 to 8; squares of a power of two, where `resolution` is one, begin at 4x4 as in the
    paper: 4x4 learned patterns, one for each channel, times a linear map of z and the label's embedding; then the stages.
    width, blocks, cardinality: one number, or one for each stage from 4x4 on. As one number, width and cardinality are
    halved with every doubling past the resolution halve_past. expansion: how much wider a branch is. block: as `layers.conv`
    takes it. embedding: length of a label's; the paper has that of z. Raises BadInput for other resolutions, and where the
    cardinality does not divide width x expansion or sizes do not fit the number of stages.
    """
    pyramid = check_shape((*both(resolution), channels))
    sizes = Sizes(_static(width), _static(blocks), _static(cardinality), expansion, halve_past, block)
    sizes.stages(pyramid)
    net = from_flax(Generator(pyramid, channels, sizes, embedding, classes, jnp.dtype(dtype)), classes)
    return net.meets_latents("mix", beside=embedding if classes else None)


def discriminator(
    *,
    width: int | tuple[int, ...] = 768,
    blocks: int | tuple[int, ...] = 2,
    cardinality: int | tuple[int, ...] = 96,
    expansion: int = 2,
    halve_past: int = 32,
    block: int | None = None,
    embedding: int | None = None,
    classes: int | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (images [B, H, W, C], label) -> logits [B]: the generator's stages from HxW down, at any size that it has.

    The last map weighs every pixel of 4x4, channel by channel, then the channels. Labels by projection (Miyato & Koyama
    2018, arXiv:1802.05637): the product with the label's embedding, by default as long as 4x4 is wide, which is the authors'.
    Arguments and errors as for `generator`.
    """
    sizes = Sizes(_static(width), _static(blocks), _static(cardinality), expansion, halve_past, block)
    return from_flax(Discriminator(sizes, embedding, classes, jnp.dtype(dtype)), classes)


def check_shape(shape: tuple[int, ...]) -> Pyramid:
    """The sizes of images of shape (H, W, C). Raises BadInput where doublings do not reach it."""
    return checked("R3GAN", shape)


def _fan_in(gain=1.0):
    return nn.initializers.variance_scaling(gain**2, "fan_in", "normal")


def _linear(features, dtype, init, name):
    return Dense(features, bias=False, kernel_init=init, dtype=dtype, name=name)


def _static(value):
    return value if isinstance(value, int) else tuple(value)

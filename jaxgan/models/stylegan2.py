"""StyleGAN2 at any power-of-two resolution. Karras et al. 2020, arXiv:1912.04958.

Labels and the smaller configurations are those of ADA, arXiv:2006.06676. All parameters are equalised.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.core import sample_keys
from jaxgan.errors import BadInput, unknown
from jaxgan.layers import (
    EqualConv,
    EqualDense,
    NoiseInput,
    PixelNorm,
    downsample_filtered,
    label_vector,
    minibatch_stddev,
    modulated_conv,
    setup_filter,
    upsample_filtered,
)
from jaxgan.net import MEMORY, from_flax

ARCHITECTURES = ("skip", "residual", "plain")  # figure 7 (b), (c), (a)
_FILTER = setup_filter((1, 3, 3, 1))
_HALF = 0.5**0.5  # of each branch of a residual block: variances stay


def _act(x):
    return nn.leaky_relu(x, 0.2) * 2**0.5


def _wide(dtype):
    return jnp.promote_types(dtype, jnp.float32)


class Mapping(nn.Module):
    """z [B, Z], label vector [B, K], or one of them -> w [B, features], at a hundredth of the learning rate.

    Karras et al. 2019, arXiv:1812.04948, section 2. z and the embedded label are normalised each on its own.
    """

    layers: int
    features: int
    dtype: Any

    @nn.compact
    def __call__(self, z=None, label=None):
        embed = EqualDense(self.features, dtype=self.dtype, name="embed")
        parts = [*(() if z is None else (z,)), *(() if label is None else (embed(label),))]
        x = jnp.concatenate([PixelNorm(self.dtype)(part) for part in parts], axis=-1)
        for _ in range(self.layers):
            x = _act(EqualDense(self.features, lr=0.01, dtype=self.dtype)(x))
        return x


class Styled(nn.Module):
    """x [B, H, W, C], w [B, W] -> [B, H up, W up, features]: a convolution modulated by an affine map of w, and a bias."""

    features: int
    kernel: int = 3
    up: int = 1
    demodulate: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x, w):
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        style = EqualDense(x.shape[-1], bias_init=1.0, dtype=_wide(self.dtype), name="style")(w)
        kernel = self.param("kernel", nn.initializers.normal(1.0), shape) * (self.kernel**2 * x.shape[-1]) ** -0.5
        x = modulated_conv(x.astype(self.dtype), kernel, style, demodulate=self.demodulate, up=self.up)
        return x + self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype)[None, None, None]


class Synthesis(nn.Module):
    """w of each layer [B, L, W] -> images [B, R, R, channels]."""

    resolution: int
    channels: int
    width: int
    max_width: int
    architecture: str
    dtype: Any

    @nn.compact
    def __call__(self, ws, train, index):
        def layer(x, i, features, up=1):
            x = Styled(features, up=up, dtype=self.dtype, name=f"conv{i}")(x, ws[:, i])
            return _act(NoiseInput(self.dtype, name=f"noise{i}")(x, train, index))

        def rgb(x, i):
            options = {"kernel": 1, "demodulate": False, "dtype": self.dtype, "name": f"rgb{i}"}
            return Styled(self.channels, **options)(x, ws[:, i]).astype(_wide(self.dtype))

        skip = self.architecture == "skip"
        first = min(self.width // 4, self.max_width)
        x = self.param("constant", nn.initializers.normal(1.0), (4, 4, first))
        x = layer(jnp.broadcast_to(x, (ws.shape[0], 4, 4, first)), 0, first)
        image = rgb(x, 1) if skip else None
        for i in range(1, ws.shape[1] - 1, 2):
            features = min(self.width // (2 * x.shape[1]), self.max_width)
            y = layer(layer(x, i, features, up=2), i + 1, features)
            if self.architecture == "residual":
                options = {"kernel": 1, "up": 2, "bias": False, "gain": _HALF, "dtype": self.dtype}
                y = _HALF * y + EqualConv(features, **options, name=f"skip{i}")(x)
            x = y
            image = upsample_filtered(image, _FILTER) + rgb(x, i + 2) if skip else None
        return image if skip else rgb(x, ws.shape[1] - 1)


class Generator(nn.Module):
    """z [B, Z] -> images [B, R, R, channels]: `mapping`, then `synthesis`, which can be applied each on its own."""

    resolution: int
    channels: int
    w_dim: int
    mapping_layers: int
    width: int
    max_width: int
    architecture: str
    mixing: float
    w_decay: float
    truncation: float
    classes: int | None
    dtype: Any

    def setup(self):
        self.mapper = Mapping(self.mapping_layers, self.w_dim, _wide(self.dtype))
        shape = (self.resolution, self.channels, self.width, self.max_width, self.architecture)
        self.synthesizer = Synthesis(*shape, self.dtype)
        self.average = self.variable("w_avg", "w", jnp.zeros, (self.w_dim,))

    def __call__(self, z, label=None, *, train, index=None):
        train = train and not self.is_initializing()  # nothing that is drawn needs parameters of its own
        return self.synthesis(self.mapping(z, label, train=train, index=index), train=train, index=index)

    def mapping(self, z, label=None, *, train, index=None):
        """w of each layer [B, L, w_dim]: mixed in training, which moves the mean of w; truncated out of training."""
        label = label_vector(label, self.classes) if self.classes else None
        w = self.mapper(z, label)
        ws = jnp.repeat(w[:, None], 2 * self.resolution.bit_length() - 4, axis=1)
        if train:
            centre = jnp.mean(w, 0)
            self.average.value = centre + self.w_decay * (self.average.value - centre)
            return self.mixed(ws, z, label, index) if self.mixing else ws
        mean = self.average.value[None, None]
        return mean + self.truncation * (ws - mean) if self.truncation != 1 else ws

    def mixed(self, ws, z, label, index):
        """ws [B, L, W], with probability `mixing` those of a second z ~ N(0, 1) from a random layer on."""
        if index is None:
            raise BadInput(f"mixing for {z.shape[0]} samples in training, and index=None: give batch['index']")
        layers = ws.shape[1]

        def draw(key):
            key_z, key_whether, key_layer = jax.random.split(key, 3)
            start = jax.random.randint(key_layer, (), 1, layers)
            return jax.random.normal(key_z, z.shape[1:]), jnp.where(
                jax.random.uniform(key_whether) < self.mixing, start, layers
            )

        other, start = jax.vmap(draw)(sample_keys(self.make_rng("draw"), index))
        later = jnp.arange(layers)[None, :, None] >= start[:, None, None]
        return jnp.where(later, self.mapper(other, label)[:, None], ws)

    def synthesis(self, ws, *, train, index=None):
        """Images of w of each layer [B, L, w_dim]."""
        return self.synthesizer(ws, train, index)


class Discriminator(nn.Module):
    """x [B, R, R, channels] -> logits [B]: halvings to 4x4, the deviation within groups, then dense."""

    width: int
    max_width: int
    architecture: str
    group: int
    mapping_layers: int
    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, image, label=None, *, train):
        check_shape(image.shape[1:], self.width)
        label = label_vector(label, self.classes) if self.classes else None
        skip, residual = (self.architecture == name for name in ("skip", "residual"))
        width = lambda size: min(self.width // size, self.max_width)

        def layer(x, features, kernel=3, **options):
            return _act(EqualConv(features, kernel=kernel, dtype=self.dtype, **options)(x))

        x = layer(image, width(image.shape[1]), 1)
        while x.shape[1] > 4:
            size = x.shape[1] // 2
            y = layer(layer(x, width(2 * size)), width(size), down=2)
            if residual:
                options = {"kernel": 1, "down": 2, "bias": False, "gain": _HALF, "dtype": self.dtype}
                y = _HALF * y + EqualConv(width(size), **options)(x)
            x = y
            if skip:
                image = downsample_filtered(image, _FILTER)
                x = x + layer(image, width(size), 1)
        bound = self.axis_name if train and not self.is_initializing() else None
        x = layer(minibatch_stddev(x, self.group, axis_name=bound), width(4))
        wide = {"dtype": _wide(self.dtype)}
        x = _act(EqualDense(width(4), **wide)(x.reshape(x.shape[0], -1)))
        if label is None:
            return EqualDense(1, **wide)(x)[:, 0]
        label = Mapping(self.mapping_layers, width(4), **wide)(None, label)
        return jnp.sum(EqualDense(width(4), **wide)(x) * label, axis=-1) * width(4) ** -0.5


def generator(
    resolution=256,
    channels=3,
    *,
    w_dim=512,
    mapping_layers=8,
    width=32768,
    max_width=512,
    architecture="skip",
    mixing=0.9,
    w_decay=0.998,
    truncation=1.0,
    classes=None,
    dtype=jnp.float32,
):
    """Net (z [B, Z], label) -> images [B, R, R, channels], about [-1, 1] and not clipped; R a power of two from 8 on.

    width: feature maps have width / size channels, at most max_width: 32768 is configuration F, 16384 is E. architecture:
    "skip" (F), "residual" or "plain". mixing: probability in training that layers from a random one on take the w of
    another z (arXiv:1812.04948, section 3.1). w_decay: of the mean of w, the collection "w_avg". truncation: out of
    training w is that mean plus this share of the rest (arXiv:1812.04948, appendix B).
    Mapping, styles, and the sum of the images are in float32. `apply` also takes method="mapping", z to w of each layer
    [B, 2 log2(R) - 2, w_dim], and method="synthesis", those to images.
    Raises BadInput for other resolutions, architectures and numbers.
    """
    check_shape((resolution, resolution, channels), width)
    _check(architecture, mapping_layers, w_dim)
    for name, value in (("mixing", mixing), ("w_decay", w_decay)):
        if not 0 <= value <= 1:
            raise BadInput(f"{name} is {value}: give a number in [0, 1]")
    sizes = (resolution, channels, w_dim, mapping_layers, width, max_width)
    module = Generator(*sizes, architecture, mixing, w_decay, truncation, classes, jnp.dtype(dtype))
    net = from_flax(module, classes, indexed=True)
    return net._replace(init=lambda *inputs: {**net.init(*inputs), MEMORY: {"path": jnp.zeros(())}})


def discriminator(
    *,
    width=32768,
    max_width=512,
    architecture="residual",
    group=4,
    mapping_layers=8,
    classes=None,
    axis_name=None,
    dtype=jnp.float32,
):
    """Net (images [B, R, R, channels], label) -> logits [B]. Takes any power-of-two resolution from 8 on.

    width, max_width, architecture: as in `generator`. group: of `minibatch_stddev`, whose axis_name this is. The logits of a
    conditional D are the inner product with the mapped label (`mapping_layers` of it), by the root of its length (ADA).
    Raises BadInput for other architectures and numbers.
    """
    _check(architecture, mapping_layers, group)
    module = Discriminator(width, max_width, architecture, group, mapping_layers, classes, axis_name, jnp.dtype(dtype))
    return from_flax(module, classes)


def path_length(generator, weight=2.0, decay=0.01, shrink=2):
    """Penalty for `tasks.paired`'s penalties_g: weight (|J^T y| - a)^2, a the moving mean of |J^T y|. Section 3.2, eq. 4.

    J is of the images in w of each layer, y ~ N(0, 1) / sqrt(R^2), |.|^2 the mean over layers; so that a weight of 2 is
    the ln 2 / (R^2 (ln R - ln 2)) of appendix B. a is the one of the steps before, in g's memory. Only every `shrink`-th
    sample counts: the same ones on any number of devices, as long as each has a multiple of it; else raises BadInput.
    """

    def penalty(g, z, *label, key, index):
        if z.shape[0] % shrink:
            raise BadInput(f"{z.shape[0]} samples on a device and shrink={shrink}: give a batch that it divides")
        z, index, *label = (x[::shrink] for x in (z, index, *label))
        key_y, key = jax.random.split(key)
        ws, _ = generator.apply(g, z, *label, key=key, index=index, method="mapping")
        synthesis = lambda ws: generator.apply(g, ws, key=key, index=index, method="synthesis")[0]
        images, pullback = jax.vjp(synthesis, ws)
        y = jax.vmap(lambda key: jax.random.normal(key, images.shape[1:], images.dtype))(sample_keys(key_y, index))
        (slope,) = pullback(y * (images.shape[1] * images.shape[2]) ** -0.5)
        lengths = jnp.sqrt(jnp.mean(jnp.sum(slope**2, 2), 1) + 1e-12)  # differentiable at 0
        mean = g[MEMORY]["path"]
        moved = mean + decay * (jax.lax.stop_gradient(jnp.mean(lengths)) - mean)
        return weight * jnp.mean((lengths - mean) ** 2), {MEMORY: {**g[MEMORY], "path": moved}}

    return penalty


def check_shape(shape, width=32768):
    """Raises BadInput unless shape (H, W, C) is of square images at a power of two from 8 on, and `width` reaches that far."""
    if len(shape) != 3:
        raise BadInput(f"StyleGAN2 is for images, not for samples of shape {tuple(shape)}: train ring, or give images")
    height, other, _ = shape
    if height != other or height < 8 or height & (height - 1):
        near = max(8, 1 << (max(height, other) - 1).bit_length())
        raise BadInput(
            f"StyleGAN2 has a power-of-two resolution from 8x8 on, not {height}x{other}: set --resolution {near}"
        )
    if width < height:
        raise BadInput(f"width {width} leaves no channel at {height}x{height}: give --width {32 * height}, say")


def _check(architecture, *counts):
    if architecture not in ARCHITECTURES:
        raise unknown("architecture", architecture, ARCHITECTURES)
    if min(counts) < 1:
        raise BadInput(f"mapping layers and sizes are {counts}: give numbers above 0")

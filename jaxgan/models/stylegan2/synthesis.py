"""The generator of StyleGAN2. Karras et al. 2020, arXiv:1912.04958, sections 2 and 4."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import EqualConv, NoiseInput, label_vector, upsample_filtered
from jaxgan.models.pyramid import Pyramid, both
from jaxgan.models.stylegan2.blocks import FILTER, HALF, Mapping, Styled, act, check, check_shape, nominal, wide
from jaxgan.net import TRACKERS, Net, from_flax
from jaxgan.sharing import sample_keys


class Synthesis(nn.Module):
    """w of each layer [B, L, W] -> images [B, H, W, channels]."""

    sizes: Pyramid
    channels: int
    width: int
    max_width: int
    architecture: str
    dtype: Any

    @nn.compact
    def __call__(self, ws: jax.Array, train: bool, index: jax.Array | None) -> jax.Array:
        def layer(x, i, features, up=1):
            x = Styled(features, up=up, dtype=self.dtype, name=f"conv{i}")(x, ws[:, i])
            return act(NoiseInput(self.dtype, name=f"noise{i}")(x, train, index))

        def rgb(x, i):
            options = {"kernel": 1, "demodulate": False, "dtype": self.dtype, "name": f"rgb{i}"}
            return Styled(self.channels, **options)(x, ws[:, i]).astype(wide(self.dtype))

        skip = self.architecture == "skip"
        first = min(self.width // 4, self.max_width)
        x = self.param("constant", nn.initializers.normal(1.0), (*self.sizes.first, first))
        x = layer(jnp.broadcast_to(x, (ws.shape[0], *x.shape)), 0, first)
        image = rgb(x, 1) if skip else None
        for i in range(1, ws.shape[1] - 1, 2):
            features = min(self.width // nominal(self.sizes, (i + 1) // 2), self.max_width)
            y = layer(layer(x, i, features, up=2), i + 1, features)
            if self.architecture == "residual":
                options = {"kernel": 1, "up": 2, "bias": False, "gain": HALF, "dtype": self.dtype}
                y = HALF * y + EqualConv(features, **options, name=f"skip{i}")(x)
            x = y
            image = upsample_filtered(image, FILTER) + rgb(x, i + 2) if skip else None
        return image if skip else rgb(x, ws.shape[1] - 1)


class Generator(nn.Module):
    """z [B, Z] -> images [B, H, W, channels]: `mapping`, then `synthesis`, which can be applied each on its own."""

    sizes: Pyramid
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

    def setup(self) -> None:
        self.mapper = Mapping(self.mapping_layers, self.w_dim, wide(self.dtype))
        shape = (self.sizes, self.channels, self.width, self.max_width, self.architecture)
        self.synthesizer = Synthesis(*shape, self.dtype)
        self.average = self.variable("w_avg", "w", jnp.zeros, (self.w_dim,))

    def __call__(
        self, z: jax.Array, label: jax.Array | None = None, *, train: bool, index: jax.Array | None = None
    ) -> jax.Array:
        train = train and not self.is_initializing()  # nothing that is drawn needs parameters of its own
        return self.synthesis(self.mapping(z, label, train=train, index=index), train=train, index=index)

    def mapping(
        self, z: jax.Array, label: jax.Array | None = None, *, train: bool, index: jax.Array | None = None
    ) -> jax.Array:
        """w of each layer [B, L, w_dim]: mixed in training, which moves the mean of w; truncated out of training."""
        label = label_vector(label, self.classes) if self.classes else None
        w = self.mapper(z, label)
        ws = jnp.repeat(w[:, None], 2 * self.sizes.doublings + 2, axis=1)
        if train:
            centre = jnp.mean(w, 0)
            self.average.value = centre + self.w_decay * (self.average.value - centre)
            return self.mixed(ws, z, label, index) if self.mixing else ws
        mean = self.average.value[None, None]
        return mean + self.truncation * (ws - mean) if self.truncation != 1 else ws

    def mixed(self, ws: jax.Array, z: jax.Array, label: jax.Array | None, index: jax.Array | None) -> jax.Array:
        """ws [B, L, W], with probability `mixing` those of a second z ~ N(0, 1) from a random layer on."""
        if index is None:
            raise BadInput(f"mixing for {z.shape[0]} samples in training, and index=None: give batch['index']")
        layers = ws.shape[1]

        def draw(key):
            key_z, key_whether, key_layer = jax.random.split(key, 3)
            mix = jax.random.uniform(key_whether) < self.mixing
            start = jnp.where(mix, jax.random.randint(key_layer, (), 1, layers), layers)
            return jax.random.normal(key_z, z.shape[1:]), start

        other, start = jax.vmap(draw)(sample_keys(self.make_rng("draw"), index))
        later = jnp.arange(layers)[None, :, None] >= start[:, None, None]
        return jnp.where(later, self.mapper(other, label)[:, None], ws)

    def synthesis(self, ws: jax.Array, *, train: bool, index: jax.Array | None = None) -> jax.Array:
        """Images of w of each layer [B, L, w_dim]."""
        return self.synthesizer(ws, train, index)


def generator(
    resolution: int | tuple[int, int] = 256,
    channels: int = 3,
    *,
    w_dim: int = 512,
    mapping_layers: int = 8,
    width: int = 32768,
    max_width: int = 512,
    architecture: str = "skip",
    mixing: float = 0.9,
    w_decay: float = 0.995,
    truncation: float = 1.0,
    classes: int | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (z [B, Z], label) -> images [B, H, W, channels], about [-1, 1] and not clipped.

    H = a 2^n and W = b 2^n, a and b from 2 to 8; squares of a power of two, where `resolution` is one, begin at 4x4 as in the
    paper, and channels go by n as if all did.
    width: feature maps have width / size channels, at most max_width: 32768 is configuration F, 16384 is E. architecture:
    "skip" (F), "residual" or "plain". mixing: probability in training that layers from a random one on take the w of
    another z (arXiv:1812.04948, section 3.1). w_decay: of the mean of w at each pass in training, the collection "w_avg".
    truncation: out of training w is that mean plus this share of the rest (arXiv:1812.04948, appendix B).
    Mapping, styles, and the sum of the images are in float32. `apply` also takes method="mapping", z to w of each layer
    [B, 2 n + 2, w_dim], and method="synthesis", those to images.
    Raises BadInput for other resolutions, architectures and numbers.
    """
    pyramid = check_shape((*both(resolution), channels), width)
    check(architecture, mapping_layers, w_dim)
    for name, value in (("mixing", mixing), ("w_decay", w_decay)):
        if not 0 <= value <= 1:
            raise BadInput(f"{name} is {value}: give a number in [0, 1]")
    sizes = (pyramid, channels, w_dim, mapping_layers, width, max_width)
    module = Generator(*sizes, architecture, mixing, w_decay, truncation, classes, jnp.dtype(dtype))
    net = from_flax(module, classes, indexed=True)
    init = lambda *inputs: {**net.init(*inputs), TRACKERS: {"path": jnp.zeros(())}}

    def styles(variables):
        """[kernel [w_dim, n] of the layers' style, for each of w]: of the convolution that it scales, and of the image's."""
        layers = variables["params"]["synthesizer"]
        of = lambda i: [layers[name]["style"]["kernel"] for name in (f"conv{i}", f"rgb{i}") if name in layers]
        return [jnp.concatenate(of(i), axis=1) for i in range(2 * pyramid.doublings + 2)]

    return net._replace(init=init, methods=("mapping", "synthesis"), first_kernels=styles)

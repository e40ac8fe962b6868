"""Clips whose content is drawn once and whose motion goes on: MoCoGAN. Tulyakov et al. 2018, arXiv:1707.04993.

G, section 3.1 and 3.2: a content code and, for each frame, a motion code, the state of a GRU that is given noise of each
frame; each frame is made of both by a DCGAN's generator. D, section 3.2: one that sees single frames, and one that sees the
clip; their logits are a tree. With `parts`, G's frames are of pictures that are made once a clip and moved by the motion code
(`layered`), since those made anew of both codes do not keep their content.

What differs from the authors' program (github.com/sergeytulyakov/mocogan): the convolutions of the clip D, and with `temporal`
the doublings of G, are 2+1-D (Tran et al. 2018, arXiv:1711.11248), those of D a spatial one, a leaky ReLU and one over time,
where theirs are 3-D, without padding, and where G's frames see each other only through the motion code; over time the first
and the last frame are repeated at the ends, so that D looks at them as often as at others; the image D is shown frames of the
clips that the clip D is shown, where theirs has a batch of its own; spectral norm of D's weights takes the place of batch norm
and of the noise on its inputs, both of which are there on request (`norm`, --instance-noise); D ends in one place of the
frame, where theirs judges patches; labels are given to both networks, where theirs has D tell a category that G was given.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput, unknown
from jaxgan.layers import (
    CENTRED,
    GRU,
    Conv,
    ConvTranspose,
    Dense,
    Norm,
    TimeConv,
    append_label,
    by_frame,
    label_vector,
)
from jaxgan.models import layered
from jaxgan.models.pyramid import Pyramid, checked
from jaxgan.net import Net, from_flax
from jaxgan.sharing import Key, sample_keys

_paper = nn.initializers.normal(0.02)
_lecun = nn.initializers.lecun_normal()
_TIME = 4  # frames that a kernel of the clip D spans
NORMS = ("none", "batch")


class Generator(nn.Module):
    """Content z [B, Z], noise [B, T + 1, M] -> clips [B, T, H, W, channels] in [-1, 1]; the first noise begins the motion."""

    sizes: Pyramid
    channels: int
    width: int
    max_width: int
    temporal: int
    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, noise: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        motion = GRU(noise.shape[-1], self.dtype, name="motion")(noise[:, 1:], noise[:, 0])
        frames = motion.shape[1]
        parts = [jnp.broadcast_to(z[:, None], (z.shape[0], frames, z.shape[-1])), motion]
        if self.classes:
            label = label_vector(label, self.classes)
            parts.append(jnp.broadcast_to(label[:, None], (z.shape[0], frames, self.classes)))
        (rows, cols), doublings = self.sizes
        widths = [min(self.width << i, self.max_width) for i in reversed(range(doublings))]
        same = {"kernel_init": _paper, "dtype": self.dtype}

        def act(x):
            return nn.relu(Norm("batch", self.axis_name, scale_std=0.02, dtype=self.dtype)(x, train))

        x = Dense(rows * cols * widths[0], False, **same)(jnp.concatenate(parts, -1), train)
        x = act(x.reshape(z.shape[0], frames, rows, cols, widths[0]))
        for width in widths[1:]:
            x = by_frame(partial(ConvTranspose(width, False, **same), train=train), x)
            if self.temporal:  # the paper's frames, and what those around them have to say
                x = x + TimeConv(width, False, kernel=self.temporal, padding="EDGE", **same)(x, train)
            x = act(x)
        x = by_frame(partial(ConvTranspose(self.channels, **same), train=train), x)
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
    """x [B, T, H, W, C] -> {"clip": logits [B, T], "image": logits [B, frames]}, the second of frames that are drawn.

    In training they are drawn for each sample by its index int32 [B], without putting back; where nothing is drawn they are
    spread evenly.
    """

    sizes: Pyramid
    width: int
    max_width: int
    frames: int
    norm: str
    spectral: bool
    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(
        self, x: jax.Array, label: jax.Array | None = None, *, train: bool, index: jax.Array | None = None
    ) -> dict[str, jax.Array]:
        if x.shape[2:4] != self.sizes.size:
            height, width = self.sizes.size
            raise BadInput(f"clips of {x.shape[2]}x{x.shape[3]}, and the discriminator is for {height}x{width}")
        label = label_vector(label, self.classes) if self.classes else None
        key = self.make_rng("draw") if self.has_rng("draw") and index is not None else None
        frames = chosen_frames(key, index, x.shape[0], x.shape[1], min(self.frames, x.shape[1]))
        images = jax.vmap(jnp.take, (0, 0, None))(x, frames, 0)
        see = lambda x, image: self.look(x if label is None else append_label(x, label), train, image)
        return {"clip": see(x, False), "image": see(images, True)}

    def look(self, x: jax.Array, train: bool, image: bool) -> jax.Array:
        """float32 logits [B, T] of clips, or of T images each, [B, T, H, W, C]."""
        name = "image" if image else "clip"
        same = {"spectral": self.spectral, "dtype": self.dtype}

        def act(i, x):
            return nn.leaky_relu(
                Norm(self.norm, self.axis_name, dtype=self.dtype, name=f"{name}_norm_{i}")(x, train), 0.2
            )

        def time(i, features, x, bias):
            layer = TimeConv(features, bias, kernel=_TIME, padding="EDGE", name=f"clip_time_{i}", **same)
            return layer(x, train)

        for i in range(self.sizes.doublings):
            features, own = min(self.width << i, self.max_width), i == 0 or self.norm not in CENTRED
            layer = Conv(features, own or not image, kernel=4, stride=2, name=f"{name}_{i}", **same)
            x = by_frame(partial(layer, train=train), x)
            x = x if image else time(i, features, nn.leaky_relu(x, 0.2), own)
            x = act(i, x) if i else nn.leaky_relu(x, 0.2)  # no norm right behind the pixels
        x = x.reshape(*x.shape[:2], 1, 1, -1)
        x = Dense(1, name="image_out", **same)(x, train) if image else time(self.sizes.doublings, 1, x, True)
        return x[..., 0, 0, 0].astype(jnp.float32)


def generator(
    resolution: int | tuple[int, int] = 64,
    channels: int = 3,
    *,
    width: int = 64,
    max_width: int = 512,
    temporal: int = 3,
    parts: int = 0,
    classes: int | None = None,
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (z [B, Z], noise [B, T + 1, M], label) -> clips [B, T, H, W, channels] in [-1, 1]. Labels stand beside z.

    H = a 2^n and W = b 2^n, a and b from 2 to 8. width, max_width: channels of the last layer but one, doubled towards the
    smallest feature map, as in `dcgan`. temporal: frames that a convolution over time spans, which is added behind each
    doubling but the last; 0 for none, as in the paper. parts: pictures of a clip that are moved in place of frames of
    both codes, and without these convolutions; 0 for the paper's. Raises BadInput for other resolutions.
    """
    size = (resolution, resolution) if isinstance(resolution, int) else resolution
    sizes = checked("a MoCoGAN", (*size, channels))
    same = (classes, axis_name, jnp.dtype(dtype))
    if parts:
        return from_flax(layered.Generator(sizes, channels, width, max_width, parts, *same), classes)
    return from_flax(Generator(sizes, channels, width, max_width, temporal, *same), classes)


def discriminator(
    resolution: int | tuple[int, int] = 64,
    *,
    width: int = 64,
    max_width: int = 512,
    frames: int = 1,
    norm: str = "none",
    spectral: bool = True,
    classes: int | None = None,
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net (clips [B, T, H, W, C], label) -> {"clip": logits [B, T], "image": logits [B, frames]}, each of its own clip alone
    but for batch norm.

    A logit of a clip is of the 3 n + 4 frames around it, n the halvings. width: channels after the first halving, doubled up to
    max_width. frames: how many the image D is shown of each clip. norm: "none" or "batch", not in the first layer. Raises
    BadInput for other norms and sizes.
    """
    if norm not in NORMS:
        raise unknown("norm", norm, NORMS)
    size = (resolution, resolution) if isinstance(resolution, int) else resolution
    sizes = checked("a MoCoGAN", (*size, 0))
    module = Discriminator(sizes, width, max_width, frames, norm, spectral, classes, axis_name, jnp.dtype(dtype))
    return from_flax(module, classes, indexed=True)


def check_shape(shape: tuple[int, ...]) -> None:
    """Raises BadInput for what are no clips (T, H, W, C), and for sizes that doublings do not reach."""
    if len(shape) != 4:
        raise BadInput(
            f"a MoCoGAN is for clips, not for samples of shape {tuple(shape)}: give --data video:FOLDER of films or of folders "
            "of frames, or moving_digits"
        )
    checked("a MoCoGAN", shape[1:])


def motion_noise(frames: int, size: int) -> Callable[[Key, jax.Array], jax.Array]:
    """(key, index) -> N(0, 1) [B, frames + 1, size], a draw for each index in the global batch: the GRU's first state, then what
    it is given at each frame."""
    draw = lambda key: jax.random.normal(key, (frames + 1, size))
    return lambda key, index: jax.vmap(draw)(sample_keys(key, index))


def chosen_frames(key: Key | None, index: jax.Array | None, rows: int, frames: int, count: int) -> jax.Array:
    """int32 [rows, count] numbers of different frames: drawn for each index, or without a key those spread evenly."""
    if key is None:
        even = ((2 * jnp.arange(count) + 1) * frames) // (2 * count)
        return jnp.broadcast_to(even, (rows, count))
    draw = lambda key: jax.random.permutation(key, frames)[:count]
    return jax.vmap(draw)(sample_keys(key, index))

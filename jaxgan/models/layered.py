"""Clips of pictures that are made once and then moved, so that what they show stays.

The content code makes the pictures: the rearmost, which has no end, and others with a cover each, one over another, as the layers
of LR-GAN are (Yang et al. 2017, arXiv:1703.01560). The motion code of MoCoGAN (Tulyakov et al. 2018, arXiv:1707.04993, section
3.1) says where each is in each frame, where it is read with the kernel of spatial transformers (Jaderberg et al. 2015,
arXiv:1506.02025, eq. 5). Places go on by steps that are affine in the motion code, and their sine is taken: a picture keeps its
way and its speed while that code stays, turns round at the end of its reach, which is learned, and has a slope wherever it is.

Resolutions are doubled by nearest neighbours: points and stripes, as transposed convolutions begin with, come and go where a
picture is read between its pixels. One picture shows what moves as a whole, on a ground of one colour, or a camera that is
turned; several may move apart, and then share out among them what should be one (docs/video.md). Nothing turns, grows or bends.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.layers import GRU, Conv, Dense, Norm, ResizedConv, label_vector, over, placed
from jaxgan.models.pyramid import Pyramid

_paper = nn.initializers.normal(0.02)
_slow = nn.initializers.variance_scaling(0.1, "fan_in", "normal")
_REACH = 0.5  # of half a frame: how far a part goes from its middle, at first


class Generator(nn.Module):
    """Content z [B, Z], noise [B, T + 1, M] -> clips [B, T, H, W, channels] in [-1, 1]; the first noise begins the motion."""

    sizes: Pyramid
    channels: int
    width: int
    max_width: int
    parts: int
    classes: int | None
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, noise: jax.Array, label: jax.Array | None = None, *, train: bool) -> jax.Array:
        first, noise = noise[:, 0], noise[:, 1:]
        motion = GRU(first.shape[-1], self.dtype, memory=noise.shape[1], name="motion")(noise, first)
        codes = [z, label_vector(label, self.classes)] if self.classes else [z]
        back, front = self.pictures(jnp.concatenate(codes, -1), train)
        places = self.places(first, motion, train)
        frames = placed(back, places[:, :, :1], self.dtype, edge=True).astype(jnp.float32)
        if self.parts > 1:
            moved = placed(front.reshape(*front.shape[:3], -1), places[:, :, 1:], self.dtype).astype(jnp.float32)
            frames = over(frames, moved.reshape(*moved.shape[:4], *front.shape[3:]))
        return 2 * frames - 1

    def pictures(self, codes: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
        """codes [B, Z] -> the rearmost float32 [B, H, W, channels] in [0, 1], and all over it [B, H, W, parts - 1, channels + 1],
        brightness times cover, then the cover."""
        (rows, cols), doublings = self.sizes
        widths = [min(self.width << i, self.max_width) for i in reversed(range(doublings))]
        same = {"kernel_init": _paper, "dtype": self.dtype}

        def act(x):
            return nn.relu(Norm("batch", self.axis_name, scale_std=0.02, dtype=self.dtype)(x, train))

        x = Dense(rows * cols * widths[0], False, **same)(codes, train)
        x = act(x.reshape(x.shape[0], rows, cols, widths[0]))
        for width in (*widths[1:], self.width):
            x = act(ResizedConv(width, False, resize="up", **same)(x, train))
        x = Conv(self.parts * (self.channels + 1) - 1, name="pictures", **same)(x, train)
        x = nn.sigmoid(x.astype(jnp.float32))
        back, front = x[..., : self.channels], x[..., self.channels :]
        front = front.reshape(*x.shape[:3], self.parts - 1, self.channels + 1)
        return back, jnp.concatenate([front[..., :-1] * front[..., -1:], front[..., -1:]], -1)

    def places(self, first: jax.Array, motion: jax.Array, train: bool) -> jax.Array:
        """first [B, M], motion [B, T, M] -> pixels down and right float32 [B, T, parts, 2]."""
        start = Dense(2 * self.parts, name="start")(first, train)
        steps = Dense(2 * self.parts, kernel_init=_slow, name="steps")(motion, train)
        reach = self.param("reach", nn.initializers.constant(_REACH), (self.parts, 2))
        turned = jnp.sin(start[:, None] + jnp.cumsum(steps, 1)).reshape(*motion.shape[:2], self.parts, 2)
        return turned * (reach * jnp.array(self.sizes.size)[None] / 2.0)[None, None]

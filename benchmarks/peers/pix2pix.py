"""pix2pix: a U-Net against a PatchGAN of 70x70 pixels. Isola et al. 2017, arXiv:1611.07004, appendix 6.1.

`translation` makes a GAN of it by hand, four pure functions: what a game needs that no task of the library has.
Left out: dropout, G's only noise, for equal losses in all contenders. The innermost convolution has no batch norm (which at
batch 1 would make its single value 0, as the paper's errata say), and no convolution but the last of G and the first and
last of D has a bias: 54.41 and 2.77 million parameters, as in the authors' PyTorch code.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan import GAN, Losses, Pair
from jaxgan.core import numbered, sample_keys
from jaxgan.layers import Conv, ConvTranspose, Norm
from jaxgan.losses import non_saturating
from jaxgan.net import from_flax

_init = nn.initializers.normal(0.02)


class UNet(nn.Module):
    """x [B, R, R, C] in [-1, 1] -> [B, R, R, channels] in [-1, 1]: halved down to 1x1 and back, every size handed across."""

    channels: int
    width: int
    dtype: Any

    @nn.compact
    def __call__(self, x, *, train):
        same = {"kernel_init": _init, "dtype": self.dtype}
        norm = lambda x: Norm("batch", scale_std=0.02, dtype=self.dtype)(x, train)
        widths = [min(self.width << i, 8 * self.width) for i in range(x.shape[1].bit_length() - 1)]
        passed = []
        for i, width in enumerate(widths):
            x = Conv(width, False, kernel=4, stride=2, **same)(nn.leaky_relu(x, 0.2) if passed else x, train)
            x = norm(x) if 0 < i < len(widths) - 1 else x
            passed.append(x)
        x = passed.pop()
        for skip in reversed(passed):
            x = norm(ConvTranspose(skip.shape[-1], False, **same)(nn.relu(x), train))
            x = jnp.concatenate([x, skip], -1)
        return jnp.tanh(ConvTranspose(self.channels, **same)(nn.relu(x), train).astype(jnp.float32))


class PatchGAN(nn.Module):
    """x [B, R, R, C] -> logits [B, R/8 - 2, R/8 - 2], each of its own 70x70 pixels."""

    width: int
    dtype: Any

    @nn.compact
    def __call__(self, x, *, train):
        options = {"kernel": 4, "padding": ((1, 1), (1, 1)), "kernel_init": _init, "dtype": self.dtype}
        for i, stride in enumerate((2, 2, 2, 1)):
            x = Conv(self.width << i, i == 0, stride=stride, **options)(x, train)
            x = Norm("batch", scale_std=0.02, dtype=self.dtype)(x, train) if i > 0 else x
            x = nn.leaky_relu(x, 0.2)
        return Conv(1, **options)(x, train)[..., 0].astype(jnp.float32)


def networks(channels=3, width=64, dtype=jnp.float32):
    """(generator, discriminator), Nets, of `width` channels behind the first halving and up to eight times as many."""
    dtype = jnp.dtype(dtype)
    return from_flax(UNet(channels, width, dtype)), from_flax(PatchGAN(width, dtype))


def translation(generator, discriminator, *, l1=100.0, penalties=()):
    """GAN from images to images: batch["input"] to batch["image"], both [B, H, W, C] uint8 or float in [-1, 1].

    D sees the image and the input side by side, and its loss is halved (section 3.3). l1: weight of mean |image - fake| in
    G's loss (eq. 4). penalties: as of `tasks.paired`. Samples take the statistics of their own batch (section 3.3).
    """

    def init(key, batch):
        key_g, key_d = jax.random.split(key)
        given = _unit_range(batch["input"])
        return Pair(generator.init(key_g, given), discriminator.init(key_d, _beside(batch["image"], given)))

    def generate(g, batch, key):
        return generator.apply(g, _unit_range(batch["input"]), key=key)

    def losses(d, fakes, batch, key):
        real, given = _unit_range(batch["image"]), _unit_range(batch["input"])
        judge = lambda d, x: discriminator.apply(d, _beside(x, given), key=key)
        judged_real, moved = judge(d, real)
        judged_fake, moved = judge({**d, **moved}, fakes)
        loss_d = jnp.mean(non_saturating.d(judged_real, judged_fake)) / 2
        for penalty in penalties:
            loss_d += jnp.mean(penalty(lambda x: judge(d, x)[0], real, fakes, sample_keys(key, batch["index"])))
        apart = jnp.mean(jnp.abs(real - fakes))
        loss_g = jnp.mean(non_saturating.g(judged_real, judged_fake)) + l1 * apart
        return Losses(loss_g, loss_d, moved, Pair({"l1": apart}, {}))

    def sample(g, batch, key):
        return generate(g, numbered(batch), key)[0]

    return GAN(init, generate, losses, sample)


def _beside(image, given):
    return jnp.concatenate([_unit_range(image), given], -1)


def _unit_range(image):
    return image / 127.5 - 1 if image.dtype == jnp.uint8 else image

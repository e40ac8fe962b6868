"""pix2pix: a U-Net against a PatchGAN of 70x70 pixels. Isola et al. 2017, arXiv:1611.07004, appendix 6.1.

Left out: dropout, G's only noise, for equal losses in all contenders. The innermost convolution has no batch norm (which at
batch 1 would make its single value 0, as the paper's errata say), and no convolution but the last of G and the first and
last of D has a bias: 54.41 and 2.77 million parameters, as in the authors' PyTorch code.
"""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan import Pair, tasks
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
    G's loss (eq. 4). penalties: as of `tasks.adversarial`. Samples take the statistics of their own batch (section 3.3).
    """
    own_statistics = lambda *inputs, train=True, **more: generator.apply(*inputs, train=True, **more)
    return tasks.adversarial(
        generator._replace(apply=own_statistics),
        discriminator.map(before=lambda *images: jnp.concatenate(images, -1)),
        loss=Pair(g=non_saturating.g, d=lambda real, fake: non_saturating.d(real, fake) / 2),
        penalties=penalties,
        given=lambda batch, key: batch["input"],
        shown=lambda x, batch: (x, batch["input"]),
        content={"l1": lambda real, fake, context: l1 * jnp.mean(jnp.abs(real - fake))},
    )

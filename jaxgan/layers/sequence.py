"""Convolutions of sequences [B, T, C], on the same three maps as those of images: a sequence is an image one row high.

One column wide it would give the same, on a CPU in about twice the time.
"""

import flax.linen as nn
import jax

from jaxgan.layers.conv import conv, conv_transpose
from jaxgan.layers.linear import Linear
from jaxgan.layers.sequence_resample import reflected_1d
from jaxgan.layers.spectral import SpectralNorm


class Conv1D(Linear):
    """x [B, T, C] -> [B, T / stride, features].

    padding: "SAME", "VALID", (low, high), or "REFLECT": the sequence mirrored at its ends, by half of the kernel.
    """

    kernel: int = 3
    stride: int = 1
    padding: str | tuple[int, int] = "SAME"

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        w = self.weight((self.kernel, x.shape[-1], self.features), train)
        x, padding = x.astype(self.dtype), self.padding if isinstance(self.padding, str) else ((0, 0), self.padding)
        if padding == "REFLECT":
            x, padding = reflected_1d(x, (self.kernel - 1) // 2, self.kernel // 2), "VALID"
        y = conv(x[:, None], w[None], stride=(1, self.stride), padding=padding)
        return self.biased(y[:, 0])


class ConvTranspose1D(Linear):
    """x [B, T, C] -> [B, T * stride, features]."""

    kernel: int = 4
    stride: int = 2

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        # the kernel of the convolution that this is the transpose of: [k, features, C]; its fan-in is C, though
        flipped = lambda key, shape: self.kernel_init(key, (shape[0], shape[2], shape[1])).swapaxes(1, 2)
        w = self.param("kernel", flipped, (self.kernel, self.features, x.shape[-1]))
        if self.spectral:
            w = SpectralNorm(name="spectral")(w.swapaxes(1, 2), train).swapaxes(1, 2)
        y = conv_transpose(x.astype(self.dtype)[:, None], w.astype(self.dtype)[None], stride=(1, self.stride))
        return self.biased(y[:, 0])

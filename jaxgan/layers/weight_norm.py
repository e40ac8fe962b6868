"""Layers whose weights have one length for each feature. Salimans & Kingma 2016, arXiv:1602.07868, eq. 2."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.layers.linear import Conv, Dense


class NormalisedDense(Dense):
    """x [..., C] -> [..., features], the weights of a feature of length 1, or of a `gain` that is learned."""

    gain: bool = False

    def weight(self, shape: tuple[int, ...], train: bool) -> jax.Array:
        """Weight [C, features] of columns of this length."""
        w = _of_length_1(super().weight(shape, train))
        if self.gain:
            w = w * self.param("gain", nn.initializers.ones, (1, self.features)).astype(self.dtype)
        return w


class NormalisedConv(Conv):
    """x [B, H, W, C] -> [B, H / stride, W / stride, features], the weights of a feature of length 1."""

    def weight(self, shape: tuple[int, ...], train: bool) -> jax.Array:
        """Weight [h, w, C, features] of features of length 1."""
        return _of_length_1(super().weight(shape, train))


def _of_length_1(w):
    squares = jnp.sum(w.astype(jnp.float32) ** 2, axis=tuple(range(w.ndim - 1)), keepdims=True)
    return (w * jax.lax.rsqrt(squares + 1e-6)).astype(w.dtype)  # 1e-6 as in the authors' program

"""Classifiers that are discriminators. Salimans et al. 2016, arXiv:1606.03498, as its authors' programs have them.

github.com/openai/improved-gan, train_mnist_feature_matching.py and train_cifar_feature_matching.py; the paper has no sizes.
Weights are normalised: without it features grow, D is sure of everything and G learns nothing. The length that their weights
keep is such that the first batch has deviation 1 everywhere, here it is 1; that of the last layer is learned, as there.
"""

import math
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxgan.errors import BadInput
from jaxgan.layers import Dense, Dropout, Norm, NormalisedConv, NormalisedDense
from jaxgan.net import DiscriminatorOutput, Net, from_flax
from jaxgan.sharing import sample_keys

HIDDEN = (1000, 500, 250, 250, 250)
_init = nn.initializers.normal(0.1)  # of no matter but to the rate: lengths are normalised


class Noise(nn.Module):
    """x [B, ...] plus normal noise, drawn from the stream "draw" for each sample by its index. Raises BadInput without a key."""

    std: float

    @nn.compact
    def __call__(self, x: jax.Array, index: jax.Array | None) -> jax.Array:
        if self.is_initializing():
            return x
        if not self.has_rng("draw") or index is None:
            raise BadInput("noise is drawn for each sample: give `key` and `index`")
        keys = sample_keys(self.make_rng("draw"), index)
        return x + self.std * jax.vmap(lambda key: jax.random.normal(key, x.shape[1:], x.dtype))(keys)


class Generator(nn.Module):
    """z [B, Z] -> [B, *shape] in [-1, 1]: dense layers with batch norm and softplus, the last one of normalised weights."""

    shape: tuple
    hidden: tuple
    axis_name: str | None
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        x = z
        for width in self.hidden:
            x = Dense(width, False, kernel_init=_init, dtype=self.dtype)(x, train)
            x = jax.nn.softplus(Norm("batch", self.axis_name, dtype=self.dtype)(x, train))
        x = NormalisedDense(math.prod(self.shape), gain=True, kernel_init=_init, dtype=self.dtype)(x, train)
        return jnp.tanh(x.astype(jnp.float32)).reshape(-1, *self.shape)


class Layers(nn.Module):
    """x [B, ...] -> DiscriminatorOutput: noise before each dense layer in training, ReLUs, features of the last hidden one."""

    classes: int
    hidden: tuple
    noise: tuple  # of the samples, of what is hidden
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool, index: jax.Array | None = None) -> DiscriminatorOutput:
        noisy = lambda x, std: Noise(std)(x, index) if train and std else x
        x = noisy(x.reshape(x.shape[0], -1), self.noise[0])
        features = x
        for width in self.hidden:
            features = nn.relu(NormalisedDense(width, kernel_init=_init, dtype=self.dtype)(x, train))
            x = noisy(features, self.noise[1])
        logits = NormalisedDense(self.classes, gain=True, kernel_init=_init, dtype=self.dtype)(x, train)
        return DiscriminatorOutput(logits.astype(jnp.float32), features)


class Convolutions(nn.Module):
    """x [B, H, W, C] -> DiscriminatorOutput: nine convolutions, two of which halve; features are the means of the last maps.

    Leaky ReLUs, dropout of the pixels and of what two thirds see.
    """

    classes: int
    width: int
    dropout: tuple
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool, index: jax.Array | None = None) -> DiscriminatorOutput:
        dropped = lambda x, rate: Dropout(rate)(x, index) if train and rate else x
        options = {"kernel_init": _init, "dtype": self.dtype}

        def layer(x, width, stride=1, kernel=3, padding="SAME"):
            return nn.leaky_relu(
                NormalisedConv(width, kernel=kernel, stride=stride, padding=padding, **options)(x, train), 0.2
            )

        x = dropped(x, self.dropout[0])
        for width in (self.width, 2 * self.width):
            x = layer(layer(layer(x, width), width), width, stride=2)
            x = dropped(x, self.dropout[1])
        x = layer(x, 2 * self.width, padding="VALID")
        for _ in range(2):
            x = layer(x, 2 * self.width, kernel=1)
        features = jnp.mean(x, axis=(1, 2))
        logits = NormalisedDense(self.classes, gain=True, kernel_init=_init, dtype=self.dtype)(features, train)
        return DiscriminatorOutput(logits.astype(jnp.float32), features)


def generator(
    shape: Sequence[int],
    hidden: Sequence[int] = (500, 500),
    *,
    axis_name: str | None = None,
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net of latents [B, Z] -> samples [B, *shape] in [-1, 1]. That of MNIST, whose sigmoid is a tanh here.

    axis_name: devices that share batch statistics.
    """
    return from_flax(Generator(tuple(shape), tuple(hidden), axis_name, jnp.dtype(dtype)))


def dense(
    classes: int,
    hidden: Sequence[int] = HIDDEN,
    *,
    noise: tuple[float, float] = (0.6, 0.5),
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net of samples [B, ...] -> DiscriminatorOutput of class logits [B, classes], features [B, hidden[-1]]. That of MNIST.

    noise: deviations, of the samples and of each hidden layer; the program's 0.3 is of samples in [0, 1], which are in
    [-1, 1] here. Raises BadInput for fewer than 2 classes, and without hidden layers.
    """
    _several(classes)
    if not hidden:
        raise BadInput("hidden is (): give the width of one layer at least, whose output are the features")
    return from_flax(Layers(classes, tuple(hidden), tuple(noise), jnp.dtype(dtype)), indexed=True)


def convolutions(
    classes: int,
    width: int = 96,
    *,
    dropout: tuple[float, float] = (0.2, 0.5),
    dtype: DTypeLike = jnp.float32,
) -> Net:
    """Net of pictures [B, H, W, C] -> DiscriminatorOutput of class logits [B, classes], features [B, 2 width]. That of CIFAR-10.

    dropout: rates, of the pixels and behind each halving. Raises BadInput for fewer than 2 classes.
    """
    _several(classes)
    return from_flax(Convolutions(classes, width, tuple(dropout), jnp.dtype(dtype)), indexed=True)


def _several(classes):
    if classes < 2:
        raise BadInput(f"classes is {classes}: a classifier tells 2 or more apart")

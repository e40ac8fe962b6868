"""Penalties on D's gradient in its input, and weight clipping.

A penalty is a function (d, real, fake, keys) -> float32 [B]: `d` maps samples to logits with one row each, `keys` [B]
are one for each index in the global batch. Its constants are given first: r1(gamma=10). Where D draws for itself, `d` draws
what the loss draws for real samples, or for fakes where the penalty is `OfFakes`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from jaxgan.sharing import Key

Penalty = Callable[
    [Callable[[jax.Array], Any], jax.Array, jax.Array, Key], jax.Array
]  # (d, real, fake, keys [B]) -> [B]


@dataclass(frozen=True)
class OfFakes:
    """A penalty of D at fakes alone."""

    penalty: Penalty

    def __call__(self, d: Callable[[jax.Array], Any], real: jax.Array, fake: jax.Array, keys: Key) -> jax.Array:
        return self.penalty(d, real, fake, keys)


def r1(gamma: ArrayLike = 10.0) -> Penalty:
    """gamma / 2 |grad D(x)|^2 at real x. Mescheder et al. 2018, arXiv:1801.04406, eq. 9."""

    def penalty(d, real, fake, keys):
        del fake, keys
        return gamma / 2 * _square_norm(_gradient(d, real))

    return penalty


def r2(gamma: ArrayLike = 10.0) -> Penalty:
    """gamma / 2 |grad D(x)|^2 at fake x. Mescheder et al. 2018, arXiv:1801.04406, eq. 10."""

    def penalty(d, real, fake, keys):
        del real, keys
        return gamma / 2 * _square_norm(_gradient(d, fake))

    return OfFakes(penalty)


def wgan_gp(weight: ArrayLike = 10.0) -> Penalty:
    """weight (|grad D(x)| - 1)^2 at x drawn evenly between a real and a fake sample.

    Gulrajani et al. 2017, arXiv:1704.00028, eq. 3 and algorithm 1 (two-sided).
    """

    def penalty(d, real, fake, keys):
        share = jax.vmap(lambda key: jax.random.uniform(key, (1,) * (real.ndim - 1)))(keys)
        return weight * (_norm(_gradient(d, share * real + (1 - share) * fake)) - 1) ** 2

    return penalty


def dragan(weight: ArrayLike = 10.0, noise_std: ArrayLike = 0.25) -> Penalty:
    """weight (|grad D(x + noise)| - 1)^2 at real x. Kodali et al. 2017, arXiv:1705.07215, section 2.3.

    noise_std: of the normal noise, in units of the images (whose range is 2); the paper's c. The code that most people ran
    adds half a deviation of the images, times two uniform draws, and is one-sided: a neighbourhood a quarter as wide.
    """

    def penalty(d, real, fake, keys):
        del fake
        noise = jax.vmap(lambda key: jax.random.normal(key, real.shape[1:]))(keys)
        return weight * (_norm(_gradient(d, real + noise_std * noise)) - 1) ** 2

    return penalty


def clip_weights(limit: ArrayLike = 0.01) -> optax.GradientTransformation:
    """Optax transformation, last in the chain of D: no parameter leaves [-limit, limit].

    Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1.
    """

    def update(updates, state, params):
        return jax.tree.map(lambda u, p: jnp.clip(p + u, -limit, limit) - p, updates, params), state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)


def _gradient(d, x):
    total = lambda x: sum(jnp.sum(leaf, dtype=jnp.float32) for leaf in jax.tree.leaves(d(x)))
    return jax.grad(total)(x).astype(jnp.float32)


def _square_norm(x):
    return jnp.sum(x**2, axis=tuple(range(1, x.ndim)))


def _norm(x):
    return jnp.sqrt(_square_norm(x) + 1e-12)  # differentiable at 0

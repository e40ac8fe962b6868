"""What G is told directly, beside D: functions (real, fake, context) -> float32 [], added to G's loss."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

Term = Callable[..., jax.Array]  # (real, fake, context) -> float32 []


class Context(NamedTuple):
    """What a content term can see besides real and fake samples."""

    given: tuple  # the inputs that G made the fakes of
    features_real: Any  # what D hands out beside its logits, a tree; None where it does not
    features_fake: Any
    batch: dict  # its columns, as the step takes them
    key: jax.Array  # of the turn


def moment_matching(weight: ArrayLike = 1.0, axis_name: str | None = None) -> Term:
    """weight times the mean over pixels of |E x - E G(z)|^2 + |E x^2 - E G(z)^2|^2, E over the batch.

    Feature matching with the pixels and their squares as features: Salimans et al. 2016, arXiv:1606.03498, section 3.1.
    For discriminators whose batch norm hides just that. axis_name: devices that share the batch.
    """

    def loss(real, fake, context=None):
        del context
        mean = lambda x: _mean(jnp.mean(x, axis=0), axis_name)
        return weight * jnp.mean((mean(real) - mean(fake)) ** 2 + (mean(real**2) - mean(fake**2)) ** 2)

    return loss


def _mean(x, axis_name):
    return x if axis_name is None else jax.lax.pmean(x, axis_name)

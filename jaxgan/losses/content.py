"""What G is told directly, beside D: functions (real, fake) -> float32 [], added to G's loss."""

import jax
import jax.numpy as jnp


def moment_matching(weight=1.0, axis_name=None):
    """weight times the mean over pixels of |E x - E G(z)|^2 + |E x^2 - E G(z)^2|^2, E over the batch.

    Feature matching with the pixels and their squares as features: Salimans et al. 2016, arXiv:1606.03498, section 3.1.
    For discriminators whose batch norm hides just that. axis_name: devices that share the batch.
    """

    def loss(real, fake):
        mean = lambda x: _mean(jnp.mean(x, axis=0), axis_name)
        return weight * jnp.mean((mean(real) - mean(fake)) ** 2 + (mean(real**2) - mean(fake**2)) ** 2)

    return loss


def _mean(x, axis_name):
    return x if axis_name is None else jax.lax.pmean(x, axis_name)

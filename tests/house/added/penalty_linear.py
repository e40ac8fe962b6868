"""Appended to jaxgan/losses/penalties.py."""

import jax
import jax.numpy as jnp

from jaxgan.losses.penalties import Penalty


def linear(weight=1.0) -> Penalty:
    """weight |grad D(x)|_1 at real x."""

    def penalty(d, real, fake, keys):
        del fake, keys
        slope = jax.grad(lambda x: jnp.sum(d(x)))(real)
        return weight * jnp.abs(slope).reshape(len(slope), -1).sum(1)

    return penalty

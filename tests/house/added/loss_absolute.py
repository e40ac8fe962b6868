"""Appended to jaxgan/losses/adversarial.py."""

import jax.numpy as jnp

from jaxgan.core import Pair

absolute = Pair(g=lambda real, fake: jnp.abs(fake - 1), d=lambda real, fake: jnp.abs(real - 1) + jnp.abs(fake))
"""Least squares without the squares."""

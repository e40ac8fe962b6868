"""The head of a projection discriminator. Miyato & Koyama 2018, arXiv:1802.05637, section 3 and figure 1d."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.layers.linear import Dense, lecun


class Projection(nn.Module):
    """Features phi [B, F], label vector y [B, K] -> float32 logits [B]: psi(phi) + <y V, phi>; psi(phi) without label.

    psi is dense with a bias; both it and the embedding V [K, F] have spectral norm where asked for.
    """

    spectral: bool = False
    kernel_init: Callable = lecun
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, phi: jax.Array, train: bool, label: jax.Array | None = None) -> jax.Array:
        phi = phi.astype(self.dtype)
        options = {"spectral": self.spectral, "dtype": self.dtype}
        logits = Dense(1, kernel_init=self.kernel_init, **options, name="psi")(phi, train)[:, 0]
        if label is not None:
            small = nn.initializers.normal(phi.shape[-1] ** -0.5)  # both terms start of one size
            embed = Dense(phi.shape[-1], bias=False, kernel_init=small, **options, name="embed")
            logits = logits + jnp.sum(embed(label, train) * phi, axis=-1)
        return logits.astype(jnp.float32)

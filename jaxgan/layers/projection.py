"""The head of a projection discriminator. Miyato & Koyama 2018, arXiv:1802.05637, section 3 and figure 1d."""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.layers.linear import Dense


class Projection(nn.Module):
    """Features phi [B, F], label vector y [B, K] -> float32 logits [B]: psi(phi) + <y V, phi>; psi(phi) without label.

    psi is dense with a bias; both it and the embedding V [K, F] have spectral norm where asked for.
    """

    spectral: bool = False
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, phi, train, label=None):
        phi = phi.astype(self.dtype)
        logits = Dense(1, spectral=self.spectral, dtype=self.dtype, name="psi")(phi, train)[:, 0]
        if label is not None:
            small = nn.initializers.normal(phi.shape[-1] ** -0.5)  # both terms start of one size
            embed = Dense(phi.shape[-1], False, self.spectral, small, self.dtype, name="embed")
            logits = logits + jnp.sum(embed(label, train) * phi, axis=-1)
        return logits.astype(jnp.float32)

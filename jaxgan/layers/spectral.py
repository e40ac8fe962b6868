"""Spectral normalisation. Miyato et al. 2018, arXiv:1802.05957."""

import flax.linen as nn
import jax
import jax.numpy as jnp

_INIT_ITERATIONS = 100  # the paper starts from noise and is wrong for the first steps; this starts right


class SpectralNorm(nn.Module):
    """A weight [..., O] divided by its largest singular value as a matrix [-1, O] (eq. 8 and algorithm 1).

    One power iteration a call with train=True; the vector it carries is the collection "spectral": of length 1, but for
    averages of it, which get theirs back. As in the paper the singular vectors are constants for the gradient.
    """

    @nn.compact
    def __call__(self, w: jax.Array, train: bool) -> jax.Array:
        matrix = w.reshape(-1, w.shape[-1]).astype(jnp.float32)
        fixed = jax.lax.stop_gradient(matrix)

        def iterate(u):
            return _unit(_dot(_unit(_dot(fixed, u)), fixed))

        def start():
            u = jax.random.normal(self.make_rng("params"), (w.shape[-1],))
            return jax.lax.fori_loop(0, _INIT_ITERATIONS, lambda _, u: iterate(u), _unit(u))

        u = self.variable("spectral", "u", start)
        if train and self.is_mutable_collection("spectral") and not self.is_initializing():
            u.value = iterate(u.value)
        right = u.value if train else _unit(u.value)
        sigma = jnp.vdot(_unit(_dot(fixed, right)), _dot(matrix, right))
        return (w / sigma).astype(w.dtype)


def _dot(a, b):
    return jnp.dot(a, b, precision="highest")


def _unit(x):
    return x / jnp.maximum(jnp.linalg.norm(x), 1e-12)

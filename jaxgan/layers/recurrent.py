"""Networks that go through a sequence step by step."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


class GRU(nn.Module):
    """x [B, T, C], first state [B, features] -> states [B, T, features] float32, behind each step.

    Cho et al. 2014, arXiv:1406.1078, with the reset gate behind the matrix, as PyTorch's GRUCell has it (its footnote, v3):
    r, u = sigmoid(W x + b + V h + c); n = tanh(W' x + b' + r (V' h + c')); h <- (1 - u) n + u h. The weights of the three are
    side by side, in this order, and begin evenly drawn between +-1 / sqrt(features), as PyTorch's do. memory: steps, 2 or
    more, that features are to last from the start, b of u being log(U(1, memory - 1)) then: the chrono initialisation (Tallec &
    Ollivier 2018, arXiv:1804.11188). With PyTorch's, which 0 stands for, half of the state is gone after a step.
    """

    features: int
    dtype: Any = jnp.float32
    memory: int = 0

    @nn.compact
    def __call__(self, x: jax.Array, first: jax.Array) -> jax.Array:
        bound = self.features**-0.5
        even = lambda key, shape: jax.random.uniform(key, shape, minval=-bound, maxval=bound)
        wide = 3 * self.features

        def begin(key, shape):
            b = even(key, shape)
            if not self.memory:
                return b
            lasting = jax.random.uniform(key, (self.features,), minval=1.0, maxval=self.memory - 1.0)
            return b.at[self.features : 2 * self.features].set(jnp.log(lasting))

        w, b = self.param("input_kernel", even, (x.shape[-1], wide)), self.param("input_bias", begin, (wide,))
        v, c = self.param("kernel", even, (self.features, wide)), self.param("bias", even, (wide,))
        given = x.astype(self.dtype) @ w.astype(self.dtype) + b.astype(self.dtype)[None, None]

        def step(h, given):
            of_h = h.astype(self.dtype) @ v.astype(self.dtype) + c.astype(self.dtype)[None]
            (r, u, n), (of_r, of_u, of_n) = jnp.split(given, 3, -1), jnp.split(of_h, 3, -1)
            r, u = nn.sigmoid(r + of_r), nn.sigmoid(u + of_u)
            h = ((1 - u) * jnp.tanh(n + r * of_n)).astype(jnp.float32) + u.astype(jnp.float32) * h
            return h, h

        _, states = jax.lax.scan(step, first.astype(jnp.float32), given.swapaxes(0, 1))
        return states.swapaxes(0, 1)

"""Phase shuffle: D cannot tell sounds by the phase at which artefacts of transposed convolutions come again."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.sharing import sample_keys


class PhaseShuffle(nn.Module):
    """x [B, T, C], each sample moved by -most .. most places, drawn evenly; what is missing is mirrored at the edge.

    Donahue et al. 2019, arXiv:1802.04208, section 3.3 and figure 3. Drawn from the stream "draw" for each sample by its index
    int32 [B] in the global batch, one draw for all channels; the authors' program has one draw for all of a batch too. Out of
    training, and with most 0, x as it is. Raises BadInput where it is given no key in training, and for shorter sequences.
    """

    most: int = 2

    @nn.compact
    def __call__(self, x: jax.Array, train: bool, index: jax.Array | None = None) -> jax.Array:
        if self.most == 0 or not train or self.is_initializing():
            return x
        if not self.has_rng("draw") or index is None:
            raise BadInput("phase shuffle is drawn for each sample: give `key` and `index`")
        if x.shape[1] <= self.most:
            raise BadInput(f"a sequence of {x.shape[1]} cannot be moved by {self.most}: give a longer one")
        draw = lambda key: jax.random.randint(key, (), 0, 2 * self.most + 1)
        start = jax.vmap(draw)(sample_keys(self.make_rng("draw"), index))
        padded = jnp.pad(x, ((0, 0), (self.most, self.most), (0, 0)), mode="reflect")
        return jax.vmap(lambda x, start: jax.lax.dynamic_slice_in_dim(x, start, x.shape[0] - 2 * self.most))(
            padded, start
        )

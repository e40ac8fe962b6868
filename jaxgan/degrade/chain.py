"""Several degradations in order."""

from collections.abc import Callable

import jax

from jaxgan.sharing import Key

Degradation = Callable[[jax.Array, Key], jax.Array]  # (images [B, H, W, C], keys [B]) -> float32 [B, H', W', C']


def chain(*steps: Degradation) -> Degradation:
    """The degradations of `steps`, one after the other, each with draws of its own: chain(blur(1), down(4), to_levels)."""

    def degrade(x, keys):
        for place, step in enumerate(steps):
            x = step(x, jax.vmap(jax.random.fold_in, (0, None))(keys, place))
        return x

    return degrade

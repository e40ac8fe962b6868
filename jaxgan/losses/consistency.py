"""D says the same of a sample and of its augmented copy."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxgan.losses.penalties import Penalty


def consistency(
    augment: Callable[[jax.Array, jax.Array], jax.Array], weight: float = 10.0, weight_fake: float = 10.0
) -> Penalty:
    """Penalty weight |D(x) - D(T(x))|^2 + weight_fake |D(G(z)) - D(T(G(z)))|^2, on D alone.

    Both: balanced consistency (bCR), Zhao et al. 2020, arXiv:2002.04724, algorithm 1; with weight_fake=0 consistency
    regularisation, Zhang et al. 2020, arXiv:1910.12027, section 2. augment: T, a function (samples, keys [B]) -> samples, such
    as jaxgan.augment.diff_augment(("flip", "shift")). Where D draws for itself, it draws the same for x and T(x).
    Logits [B, ...] or a tree of them, all of whose leaves count the same.
    """

    def penalty(d, real, fake, keys):
        def apart(x, side):
            own = jax.vmap(lambda key: jax.random.fold_in(key, side))(keys)
            difference = jax.tree.map(lambda a, b: _mean_square(a - b), d(x), d(augment(x, own)))
            leaves = jax.tree.leaves(difference)
            return sum(leaves) / len(leaves)

        sides = ((weight, real), (weight_fake, fake))
        return sum(factor * apart(x, side) for side, (factor, x) in enumerate(sides) if factor)

    return penalty


def _mean_square(x):
    return jnp.mean(x**2, axis=tuple(range(1, x.ndim)))

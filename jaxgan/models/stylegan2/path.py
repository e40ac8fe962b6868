"""Path length regularisation. Karras et al. 2020, arXiv:1912.04958, section 3.2."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.net import TRACKERS, Net
from jaxgan.sharing import sample_keys


def path_length(generator: Net, weight: float = 2.0, decay: float = 0.01, shrink: int = 2) -> Callable:
    """Penalty for `tasks.adversarial`'s penalties_g: weight (|J^T y| - a)^2, a the moving mean of |J^T y|. Section 3.2, eq. 4.

    J is of the images in w of each layer, y ~ N(0, 1) / sqrt(R^2), |.|^2 the mean over layers; so that a weight of 2 is
    the ln 2 / (R^2 (ln R - ln 2)) of appendix B. a is the one of the steps before, among g's trackers: the authors' program
    moves it first, and derives through that, for gradients 2 % shorter. Only every `shrink`-th
    sample counts: the same ones on any number of devices, as long as each has a multiple of it; else raises BadInput.
    """

    def penalty(g, z, *label, key, index):
        if z.shape[0] % shrink:
            raise BadInput(f"{z.shape[0]} samples on a device and shrink={shrink}: give a batch that it divides")
        z, index, *label = (x[::shrink] for x in (z, index, *label))
        key_y, key = jax.random.split(key)
        ws, _ = generator.apply(g, z, *label, key=key, index=index, method="mapping")
        synthesis = lambda ws: generator.apply(g, ws, key=key, index=index, method="synthesis")[0]
        images, pullback = jax.vjp(synthesis, ws)
        y = jax.vmap(lambda key: jax.random.normal(key, images.shape[1:], images.dtype))(sample_keys(key_y, index))
        (slope,) = pullback(y * (images.shape[1] * images.shape[2]) ** -0.5)
        lengths = jnp.sqrt(jnp.mean(jnp.sum(slope**2, 2), 1) + 1e-12)  # differentiable at 0
        mean = g[TRACKERS]["path"]
        moved = mean + decay * (jax.lax.stop_gradient(jnp.mean(lengths)) - mean)
        return weight * jnp.mean((lengths - mean) ** 2), {TRACKERS: {**g[TRACKERS], "path": moved}}

    return penalty

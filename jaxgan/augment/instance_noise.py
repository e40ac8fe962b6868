"""Normal noise on all that D sees, so that real and fake samples lie in the same places."""

import jax
from jax.typing import ArrayLike

from jaxgan.augment.draws import Augmentation
from jaxgan.errors import BadInput


def instance_noise(std: ArrayLike = 0.1) -> Augmentation:
    """(x [B, ...], keys [B]) -> x + std N(0, 1), drawn for each sample: images [B, H, W, C] or points [B, D].

    Sonderby et al. 2017, arXiv:1610.04490; Arjovsky & Bottou 2017, arXiv:1701.04862, section 3. Both let it
    fall to 0 in the course of a training: std may be traced. Raises BadInput for a deviation below 0.
    """
    if isinstance(std, int | float) and std < 0:
        raise BadInput(f"std is {std}: give 0 or more, in units of the samples, whose range is 2")

    def augment(x, keys):
        noise = jax.vmap(lambda key: jax.random.normal(key, x.shape[1:]))(keys)
        return (x + std * noise.astype(x.dtype)).astype(x.dtype)

    return augment

"""What all augmentations share: drawing with a probability, and the check of what comes in."""

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput


def sometimes(key, p, draw, still):
    """draw(key) with probability p, else `still`: one u < p decides, so that what p switches on a larger p leaves on."""
    key_gate, key_draw = jax.random.split(key)
    return jnp.where(jax.random.uniform(key_gate) < p, draw(key_draw), still)


def checked(images, keys):
    """The images in float32 or wider. Raises BadInput where they are not floats [B, H, W, C], or keys not [B]."""
    if images.ndim != 4 or not jnp.issubdtype(images.dtype, jnp.floating):
        raise BadInput(f"images are {images.dtype}{list(images.shape)}: give floats [B, H, W, C] in [-1, 1]")
    if keys.shape != images.shape[:1] or not jnp.issubdtype(keys.dtype, jax.dtypes.prng_key):
        raise BadInput(
            f"{images.shape[0]} images and keys {keys.dtype}{list(keys.shape)}: give a key for each image, "
            "as jaxgan.core.sample_keys makes them"
        )
    return images.astype(jnp.promote_types(images.dtype, jnp.float32))

"""What all augmentations share: the numbers drawn, and the check of what comes in.

A transformation happens where its own u of U(0, 1) is below p, so that what p switches on a larger p leaves on.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.sharing import Key

Augmentation = Callable[..., jax.Array]  # (images, keys [B]) -> images; those of ada take p [] as well


def numbers(key: Key, uniforms: int, normals: int) -> tuple[jax.Array, jax.Array]:
    """(U(0, 1) [uniforms], N(0, 1) [normals]): all that a group draws, in two calls, of which each costs compile time."""
    key_uniform, key_normal = jax.random.split(key)
    return jax.random.uniform(key_uniform, (uniforms,)), jax.random.normal(key_normal, (normals,))


def checked(images: jax.Array, keys: Key) -> jax.Array:
    """The images in float32 or wider. Raises BadInput where they are not floats [B, H, W, C], or keys not [B]."""
    if images.ndim != 4 or not jnp.issubdtype(images.dtype, jnp.floating):
        raise BadInput(f"images are {images.dtype}{list(images.shape)}: give floats [B, H, W, C] in [-1, 1]")
    if keys.shape != images.shape[:1] or not jnp.issubdtype(keys.dtype, jax.dtypes.prng_key):
        raise BadInput(
            f"{images.shape[0]} images and keys {keys.dtype}{list(keys.shape)}: give a key for each image, "
            "as jaxgan.sharing.sample_keys makes them"
        )
    return images.astype(jnp.promote_types(images.dtype, jnp.float32))

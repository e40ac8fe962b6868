"""Labels as networks take them."""

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput


def label_vector(label: jax.Array | None, classes: int) -> jax.Array:
    """Float32 [B, classes]: integer labels [B] as one-hot rows, float labels [B, classes] as they are."""
    if label is None:
        raise BadInput(
            f"a network with classes={classes} needs labels: give batch['label'], or build it without classes"
        )
    if jnp.issubdtype(label.dtype, jnp.integer) and label.ndim == 1:
        return jax.nn.one_hot(label, classes, dtype=jnp.float32)
    if jnp.issubdtype(label.dtype, jnp.floating) and label.shape[1:] == (classes,):
        return label.astype(jnp.float32)
    raise BadInput(
        f"label is {label.dtype}{list(label.shape)}, the network has classes={classes}: "
        f"give integers [B] in 0 .. {classes - 1}, or floats [B, {classes}]"
    )


def append_label(x: jax.Array, label: jax.Array) -> jax.Array:
    """x [B, ..., C] with the label vector [B, K] as K more channels at every place: [B, ..., C + K]."""
    label = label.reshape(label.shape[0], *(1,) * (x.ndim - 2), label.shape[1]).astype(x.dtype)
    return jnp.concatenate([x, jnp.broadcast_to(label, (*x.shape[:-1], label.shape[-1]))], axis=-1)

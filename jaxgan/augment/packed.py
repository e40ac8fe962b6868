"""A discriminator that judges several samples at once, and so sees that they are alike."""

import jax
import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.losses.penalties import OfFakes, Penalty
from jaxgan.net import Net


def packed(discriminator: Net, m: int = 2) -> Net:
    """Net that sees m samples at once, neighbours in the batch joined along their last axis: logits [B / m].

    PacGAN, Lin et al. 2018, arXiv:1712.04086: nothing but the width of D's first layer changes. Images
    [B, H, W, C] become [B / m, H, W, m C], points [B, D] become [B / m, m D]. On several devices the neighbours are those
    of the local batch, the same as in the global one. Augmentations of single samples go around it:
    augmented(packed(d, m), ...). Penalties that are to hold for what D sees, a pack, go into `packed_penalty`.
    Raises BadInput for m below 1, for a D that takes labels, and for a batch (of each device) that m does not divide.
    """
    if m < 1:
        raise BadInput(f"pack is {m}: give 1 or more samples that D is to see at once")
    if discriminator.classes is not None:
        raise BadInput(
            f"pack is {m} and D takes labels of {discriminator.classes} classes, a pack would have {m} of them: "
            "remove the labels or the packing"
        )

    def init(key, x):
        return discriminator.init(key, pack(x, m))

    def apply(variables, x, key=None, train=True, index=None, **options):
        own = {} if index is None else {"index": index[::m] // m}
        return discriminator.apply(variables, pack(x, m), key=key, train=train, **own, **options)

    return discriminator._replace(init=init, apply=apply)


def packed_penalty(penalty: Penalty, m: int = 2) -> Penalty:
    """The penalty (d, real, fake, keys) -> [B / m] of a `packed` D as a function of packs: its norm, one draw for each."""

    def of_packs(d, real, fake, keys):
        return penalty(lambda packs: d(unpack(packs, m)), pack(real, m), pack(fake, m), keys[::m])

    return OfFakes(of_packs) if isinstance(penalty, OfFakes) else of_packs


def pack(x: jax.Array, m: int) -> jax.Array:
    """[B, ..., C] -> [B / m, ..., m C]. Raises BadInput where m does not divide B."""
    rows = x.shape[0]
    if rows % m:
        raise BadInput(
            f"a batch of {rows} on each device does not go into packs of {m}: give a multiple, or another pack"
        )
    x = jnp.moveaxis(x.reshape(rows // m, m, *x.shape[1:]), 1, -2)
    return x.reshape(*x.shape[:-2], -1)


def unpack(x: jax.Array, m: int) -> jax.Array:
    """[B / m, ..., m C] -> [B, ..., C]: the inverse of `pack`."""
    x = jnp.moveaxis(x.reshape(*x.shape[:-1], m, -1), -2, 1)
    return x.reshape(-1, *x.shape[2:])

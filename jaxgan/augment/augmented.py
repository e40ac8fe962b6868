"""A discriminator that sees augmented images."""

from typing import Any

import jax

from jaxgan.augment.controller import NAME
from jaxgan.augment.draws import Augmentation
from jaxgan.errors import BadInput
from jaxgan.net import TRACKERS, Net
from jaxgan.sharing import Key, sample_keys, with_index


def augmented(
    discriminator: Net,
    augment: Augmentation,
    *,
    beside: Augmentation | None = None,
    adaptive: bool = False,
    axis_name: str | None = None,
) -> Net:
    """Net whose `apply` augments the images that the discriminator sees in training; with train=False it does not.

    augment: (images, keys) -> images; adaptive: (images, keys, p) -> images, with the p that the tracker `controller` of
    the game moves. beside: the part of it, by the same draws, that moves pictures shown beside the images: geometry, no
    colours. axis_name: as for batch-coupled layers; the keys are those of the indices in the global batch.
    Raises BadInput in training without a key, where there is no controller, and for pictures beside that it cannot move.
    """

    def moved(x, other, keys, p):
        if other.ndim < 3:  # a label
            return other
        if beside is None or x.ndim != 4 or x.shape[:3] != other.shape[:3] or other.ndim != 4:
            raise BadInput(
                f"D is shown {list(other.shape)} beside x {list(x.shape)}, and the augmentation moves x alone: give `beside` for "
                "pictures of x's size, show others in that size, or remove the augmentation"
            )
        return beside(other, keys, *p)

    def apply(variables, images, *others, key=None, train=True, index=None, **options):
        own = {} if index is None else {"index": index}
        inner = {**(own if discriminator.indexed else {}), **options}
        if not train:
            return discriminator.apply(variables, images, *others, key=key, train=False, **inner)
        if key is None:
            raise BadInput("an augmented discriminator has key=None in training: give a key, or train=False")
        key, key_augment = jax.random.split(key)
        keys = sample_keys(key_augment, with_index({"image": images, **own}, axis_name)["index"])
        p = (_p(variables),) if adaptive else ()
        others = [moved(images, other, keys, p) for other in others]
        return discriminator.apply(variables, augment(images, keys, *p), *others, key=key, train=True, **inner)

    return discriminator._replace(apply=apply, indexed=True)


def unmoved(images: jax.Array, keys: Key, *p: Any) -> jax.Array:
    """The images as they are: the geometry of what has none."""
    del keys, p
    return images


def _p(variables):
    if NAME not in variables.get(TRACKERS, {}):
        raise BadInput(
            f"an adaptive augmentation has no controller: give trackers=(augment.controller(),), or {NAME!r}"
        )
    return variables[TRACKERS][NAME].p

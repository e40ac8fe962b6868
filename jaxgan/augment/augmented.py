"""A discriminator that sees augmented images."""

import jax

from jaxgan.augment.controller import NAME
from jaxgan.core import numbered, sample_keys
from jaxgan.errors import BadInput
from jaxgan.net import MEMORY


def augmented(discriminator, augment, *, adaptive=False, axis_name=None):
    """Net whose `apply` augments the images that the discriminator sees in training; with train=False it does not.

    augment: (images, keys) -> images; adaptive: (images, keys, p) -> images, with the p that the watcher `controller` of
    the game moves. axis_name: as for batch-coupled layers; the keys are those of the places in the global batch.
    Raises BadInput in training without a key, and where there is no controller.
    """

    def apply(variables, images, *labels, key=None, train=True, **place):
        inner = place if discriminator.indexed else {}
        if not train:
            return discriminator.apply(variables, images, *labels, key=key, train=False, **inner)
        if key is None:
            raise BadInput("an augmented discriminator has key=None in training: give a key, or train=False")
        key, key_augment = jax.random.split(key)
        keys = sample_keys(key_augment, numbered({"image": images, **place}, axis_name)["index"])
        images = augment(images, keys, *((_p(variables),) if adaptive else ()))
        return discriminator.apply(variables, images, *labels, key=key, train=True, **inner)

    return discriminator._replace(apply=apply, indexed=True)


def _p(variables):
    if NAME not in variables.get(MEMORY, {}):
        raise BadInput(
            f"an adaptive augmentation has no controller: give watchers=(augment.controller(),), or {NAME!r}"
        )
    return variables[MEMORY][NAME].p

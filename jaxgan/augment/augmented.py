"""A discriminator that sees augmented images."""

import jax

from jaxgan.augment.controller import Memory
from jaxgan.core import numbered, sample_keys
from jaxgan.errors import BadInput
from jaxgan.net import Net

COLLECTION = "ada"


def augmented(discriminator, augment, *, start=None, axis_name=None):
    """Net whose `apply` augments the images that the discriminator sees in training; with train=False it does not.

    augment: (images, keys) -> images. start: the first p of an adaptive augment (images, keys, p), of which the
    variables then have the `Memory`, as collection "ada", for whoever judges real images to move by `watched`.
    axis_name: as for batch-coupled layers; the keys are those of the places in the global batch.
    Raises BadInput in training without a key.
    """

    def init(key, images, *labels):
        variables = discriminator.init(key, images, *labels)
        return variables if start is None else {**variables, COLLECTION: Memory.start(start)}

    def apply(variables, images, *labels, key=None, train=True):
        own = {name: value for name, value in variables.items() if name != COLLECTION}
        if not train:
            return discriminator.apply(own, images, *labels, key=key, train=False)
        if key is None:
            raise BadInput("an augmented discriminator has key=None in training: give a key, or train=False")
        key, key_augment = jax.random.split(key)
        keys = sample_keys(key_augment, numbered({"image": images}, axis_name)["index"])
        images = augment(images, keys, *(() if start is None else (variables[COLLECTION].p,)))
        return discriminator.apply(own, images, *labels, key=key, train=True)

    return Net(init, apply, discriminator.classes)

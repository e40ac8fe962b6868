"""Pictures from pictures, L1 and an adversary that sees both: pix2pix's game, as a test adds it."""

from dataclasses import dataclass

import jax.numpy as jnp

from jaxgan import config, models


@dataclass(frozen=True)
class Config(config.Config):
    l1: float = 100.0
    """Weight of the mean absolute difference."""

    @property
    def given(self):
        return ("input",)


TINY = {"steps": 4, "batch_size": 8, "log_every_steps": 2, "sample_every_steps": 4, "save_every_steps": 4}


def build(config, specs, ingredients):
    flat = lambda x: x.reshape(len(x), -1)
    generator = models.mlp.generator(specs["image"].shape, (16,)).map(before=flat)
    beside = lambda x, given: jnp.concatenate([x, given], -1)
    return ingredients.adversarial(
        generator,
        models.mlp.discriminator((16,)).map(before=beside),
        given=lambda batch, key: batch["input"],
        shown=lambda x, batch: (x, batch["input"]),
        content={"l1": lambda real, fake, context: config.l1 * jnp.mean(jnp.abs(real - fake))},
    )

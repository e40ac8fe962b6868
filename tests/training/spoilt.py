"""The ring, with a G whose fakes are not numbers at some draws of its key, or at every one from a step on."""

import os

import jax
import jax.numpy as jnp

from jaxgan.recipes import ring

Config, TINY = ring.Config, ring.TINY


def build(config, specs, ingredients):
    gan, share = ring.build(config, specs, ingredients), float(os.environ.get("SPOILT", "0"))

    def generate(g, batch, key):
        bad = jax.random.uniform(jax.random.fold_in(key, 7)) < share
        fakes, moved = gan.generate(g, batch, key)
        return jax.tree.map(lambda x: jnp.where(bad, jnp.nan, x), fakes), moved

    return gan._replace(generate=generate)

"""Template of a kind of game: copy it to jaxgan/tasks/my_task.py, or beside a recipe. Say here what it is, from which paper.

Look first whether it is arguments of `tasks.adversarial`: what G is given, what is real, what D is shown, content terms. A file
of its own is for what is an idea of its own. This one lets G win by being told apart as little as possible: its loss is how far
D's mean logits of real and fake samples lie apart.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxgan.core import GAN, Losses, Pair
from jaxgan.modalities.scale import batch_to_step
from jaxgan.net import Net
from jaxgan.noise import normal
from jaxgan.sharing import with_index


def my_task(generator: Net, discriminator: Net, *, noise: Callable | None = None, column: str = "image") -> GAN:
    """GAN of four pure functions. Every array is made from what a function is given: nothing is remembered in here."""
    noise = normal(100) if noise is None else noise

    def init(key, batch):
        """Variables of both sides: {"params": ..., **statistics}. `batch` gives shapes alone."""
        batch = batch_to_step(batch)  # columns of uint8 in [-1, 1], but for "mask" and "label"
        key_g, key_d, key_z = jax.random.split(key, 3)
        z = noise(
            key_z, batch["index"]
        )  # keyed by each sample's index in the global batch: 1 or 8 devices draw the same
        return Pair(generator.init(key_g, z), discriminator.init(key_d, batch[column]))

    def generate(g, batch, key):
        """All that G answers for, and the collections of g that moved (norm statistics, say)."""
        key_z, key_net = jax.random.split(key)
        return generator.apply(g, noise(key_z, batch["index"]), key=key_net)

    def losses(d, fakes, batch, key):
        """Both scalars, from the same fakes. D's turn keeps .d and .moved, G's turn .g, and the rest costs nothing."""
        batch = batch_to_step(batch)
        key_real, key_fake = jax.random.split(key)
        real, moved = discriminator.apply(d, batch[column], key=key_real)
        fake, moved = discriminator.apply({**d, **moved}, fakes, key=key_fake)
        apart = jnp.mean(real) - jnp.mean(fake)
        loss_d = jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))
        return Losses(g=jnp.abs(apart), d=loss_d, moved=moved, metrics=Pair({"apart": apart}, {"real": jnp.mean(real)}))

    def sample(g, batch, key):
        """What people look at, out of training."""
        batch = with_index(batch)
        z = batch["z"] if "z" in batch else noise(key, batch["index"])  # latents may be given: interpolation, editing
        return generator.apply(g, z, train=False)[0]

    return GAN(init, generate, losses, sample)

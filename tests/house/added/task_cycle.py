"""Two generators that undo each other, two discriminators: CycleGAN's game, as a test adds it."""

import jax
import jax.numpy as jnp

from jaxgan.core import GAN, Losses, Pair
from jaxgan.losses import least_squares
from jaxgan.modalities.scale import batch_to_step
from jaxgan.net import join


def cycle(ab, ba, a, b, weight=10.0):
    """GAN from batch["input"] to batch["image"] and back; Zhu et al. 2017, arXiv:1703.10593, eq. 3."""
    g_side, d_side = join(ab=ab, ba=ba), join(a=a, b=b)
    play = lambda side, variables, name, x: side.nets[name].apply(variables, x)[0]

    def init(key, batch):
        batch = batch_to_step(batch)
        key_g, key_d = jax.random.split(key)
        x, y = batch["input"], batch["image"]
        return Pair(g_side.init(key_g, ab=x, ba=y), d_side.init(key_d, a=x, b=y))

    def generate(g, batch, key):
        del key
        batch = batch_to_step(batch)
        b, a = play(g_side, g, "ab", batch["input"]), play(g_side, g, "ba", batch["image"])
        return {"a": a, "b": b, "back_a": play(g_side, g, "ba", b), "back_b": play(g_side, g, "ab", a)}, {}

    def losses(d, fakes, batch, key):
        del key
        batch = batch_to_step(batch)
        real = {"a": batch["input"], "b": batch["image"]}
        judge = lambda name, x: play(d_side, d, name, x)
        mean = lambda half: sum(jnp.mean(half(judge(n, real[n]), judge(n, fakes[n]))) for n in real)
        back = sum(jnp.mean(jnp.abs(fakes[f"back_{n}"] - real[n])) for n in real)
        return Losses(mean(least_squares.g) + weight * back, mean(least_squares.d), {}, Pair({"cycle": back}, {}))

    def sample(g, batch, key):
        del key
        return play(g_side, g, "ab", batch_to_step(batch)["input"])

    return GAN(init, generate, losses, sample)

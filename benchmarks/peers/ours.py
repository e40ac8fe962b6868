"""The games that all peers play, and jaxgan's step of them: the one that README.md shows."""

import jax
import numpy as np
import optax

import jaxgan
from jaxgan import Pair, losses, models, tasks
from jaxgan.errors import unknown

NETWORKS = {"dcgan32": (32, 32, 3), "dcgan64": (64, 64, 3), "mlp": (28, 28, 1)}  # name: shape of an image
Z = 100  # length of the latents
RATE, B1, B2 = 2e-4, 0.5, 0.999  # of Adam, both sides


def shape(network):
    """Shape (H, W, C) of the images of a network. Raises BadInput for an unknown one."""
    if network not in NETWORKS:
        raise unknown("network", network, NETWORKS)
    return NETWORKS[network]


def images(network, count):
    """Noise in place of a data set, uint8 [count, H, W, C]: the time of a step does not depend on what is in it."""
    return np.random.default_rng(0).integers(0, 256, (count, *shape(network)), dtype=np.uint8)


def game(network, *, width=64, gamma=0.0, dtype="float32"):
    """GAN of a network as its recipe builds it. width: of the DCGANs. gamma: of R1, 0 for none."""
    height, _, channels = shape(network)
    if network == "mlp":
        generator, discriminator = (
            models.mlp.generator(shape(network), dtype=dtype),
            models.mlp.discriminator(dtype=dtype),
        )
    else:
        generator = models.dcgan.generator(height, channels, width=width, dtype=dtype)
        discriminator = models.dcgan.discriminator(width=width, dtype=dtype)
    return tasks.paired(generator, discriminator, penalties=(losses.r1(gamma),) if gamma else ())


def optimizers():
    """Pair of Adams."""
    return Pair(*(optax.adam(RATE, B1, B2) for _ in "gd"))


def program(network, **options):
    """(init: (key, batch) -> state, step: (state, batch) -> (state, metrics)), not yet jitted."""
    gan, opt = game(network, **options), optimizers()
    return lambda key, batch: jaxgan.init_state(gan, opt, key, batch), jaxgan.make_step(gan, opt)


class Runner:
    """The step over images that live on the device: step(rows int32 [B]) begins one, wait() until all are done."""

    def __init__(self, network, data, batch_size, *, gamma=0.0, bf16=False):
        init, step = program(network, gamma=gamma, dtype="bfloat16" if bf16 else "float32")
        self.device, self.data = jax.devices()[0], jax.device_put(data)
        self.state = jax.jit(init)(jax.random.key(0), {"image": self.data[:batch_size]})
        gathered = lambda state, rows, data: step(state, {"image": data[rows]})
        self.play = jax.jit(gathered, donate_argnums=0)

    def step(self, rows):
        self.state, self.metrics = self.play(self.state, rows, self.data)

    def wait(self):
        jax.block_until_ready(self.state)
        return float(self.metrics.g["loss"]), float(self.metrics.d["loss"])

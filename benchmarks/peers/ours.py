"""The games that all peers play, and jaxgan's step of them: the one that README.md shows."""

import jax
import numpy as np
import optax

import jaxgan
from jaxgan import Pair, losses, models, tasks
from jaxgan.layers import onednn as library
from peers import cyclegan, pix2pix, resnet
from peers.settings import B1, B2, L1, RATE, setting


def shape(network):
    """Shape (H, W, C) of the images of a network. Raises BadInput for an unknown one."""
    return setting(network).shape


def data(network, count):
    """Noise in place of a data set, {"image", and "input" where G is given one}: uint8 [count, H, W, C].

    The time of a step does not depend on what is in it.
    """
    names = columns(network)
    draw = np.random.default_rng(0)
    return {name: draw.integers(0, 256, (count, *shape(network)), dtype=np.uint8) for name in names}


def columns(network):
    """Names of what a batch has of a network."""
    return ("image", "input") if setting(network).paired or setting(network).unpaired else ("image",)


def batch_like(network, batch_size):
    """Shapes of a batch."""
    image = jax.ShapeDtypeStruct((batch_size, *shape(network)), np.uint8)
    return dict.fromkeys(columns(network), image)


def game(network, *, width=64, gamma=None, dtype="float32"):
    """GAN of a network. width: of all but the MLP. gamma: of R1, 0 for none, None for what the network always has."""
    height, _, channels = shape(network)
    gamma = setting(network).gamma if gamma is None else gamma
    penalties = (losses.r1(gamma),) if gamma else ()
    match network:
        case "mlp":
            nets = models.mlp.generator(shape(network), dtype=dtype), models.mlp.discriminator(dtype=dtype)
        case "resnet32":
            nets = resnet.networks(width, dtype)
        case "unet256":
            return pix2pix.translation(*pix2pix.networks(shape(network), width, dtype), l1=L1, penalties=penalties)
        case "cyclegan128":
            return cyclegan.translation(shape(network), width, dtype)
        case _:
            generator = models.dcgan.generator(height, channels, width=width, dtype=dtype)
            nets = generator, models.dcgan.discriminator(width=width, dtype=dtype)
    return tasks.adversarial(*nets, penalties=penalties)


def optimizers():
    """Pair of Adams."""
    return Pair(*(optax.adam(RATE, B1, B2) for _ in "gd"))


def program(network, **options):
    """(init: (key, batch) -> state, step: (state, batch) -> (state, metrics)), not yet jitted."""
    gan, opt = game(network, **options), optimizers()
    return lambda key, batch: jaxgan.init_state(gan, opt, key, batch), jaxgan.make_step(gan, opt)


class Runner:
    """The step over images that live on the device: step(rows int32 [B]) begins one, wait() until all are done."""

    def __init__(self, network, data, batch_size, *, gamma=None, bf16=False, onednn=False):
        if onednn:
            library.use()
        init, step = program(network, gamma=gamma, dtype="bfloat16" if bf16 else "float32")
        self.device, self.data = jax.devices()[0], jax.device_put(data)
        gathered = lambda data, rows: {name: images[rows] for name, images in data.items()}
        self.state = jax.jit(init)(jax.random.key(0), gathered(self.data, np.arange(batch_size)))
        play = lambda state, rows, data: step(state, gathered(data, rows))
        self.play = library.jit(play, self.device.platform, donate_argnums=0)

    def step(self, rows):
        self.state, self.metrics = self.play(self.state, rows, self.data)

    def wait(self):
        jax.block_until_ready(self.state)
        return float(self.metrics.g["loss"]), float(self.metrics.d["loss"])

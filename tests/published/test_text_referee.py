"""The networks for text, and WGAN-GP between one-hot and soft ones, are what PyTorch makes of the authors' program."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan import losses
from jaxgan.models import text

B, T, V = 3, 7, 6
SAME = {"width": 5}


def test_shares_and_gradients_are_those_of_the_referee():
    net, z = text.generator(T, V, **SAME), draw("text/z", B, 4)
    variables = weights(net, z)

    @quick
    def run(params):
        out = lambda params: net.apply({"params": params}, z, train=True)[0]
        way = draw("way", B, T, V)
        return out(params), jax.grad(lambda params: (out(params) * way).sum())(params)

    shares, slope = run(variables["params"])
    agree({"shares": shares, "slope": probes({"params": slope})}, recorded("text_g"), 2e-5)


def test_logits_penalty_and_gradients_are_those_of_the_referee():
    net = text.discriminator(**SAME)
    of = lambda name: np.random.RandomState(zlib.crc32(name.encode()))
    real = np.eye(V, dtype=np.float32)[of("text/real").randint(V, size=(B, T))]
    fake = jax.nn.softmax(draw("text/fake", B, T, V))
    share = of("text/alpha").uniform(size=(B, 1, 1)).astype(np.float32)
    variables = weights(net, real)

    def game(params):
        d = lambda x: net.apply({"params": params}, x, train=True)[0]
        # the same draw: wgan_gp at x between x and x is at x, and the referee's alpha is the share of the fake
        between = real + share * (fake - real)
        penalty = losses.wgan_gp(10.0)(d, between, between, jax.random.split(jax.random.key(0), B)).mean()
        a, b = d(real), d(fake)
        loss = losses.wasserstein.d(a, b).mean() + penalty
        return loss, {"real": a, "fake": b, "penalty": penalty, "loss": loss}

    slope, found = quick(jax.grad(game, has_aux=True))(variables["params"])
    found["slope"] = probes({"params": slope})
    agree(found, recorded("text_d"), 5e-5)


def test_the_penalty_is_between_one_hot_and_soft_text():
    """Of a D that is linear in x the gradient is the same everywhere; of a quadratic one it tells where it was taken."""
    keys = jax.random.split(jax.random.key(0), 2)
    real, fake = jnp.eye(3)[jnp.array([[0, 1], [2, 2]])], jnp.full((2, 2, 3), 1 / 3)
    way = draw("linear", 2, 3)
    penalty = losses.wgan_gp(10.0)(lambda x: (x * way[None]).sum((1, 2)), real, fake, keys)
    np.testing.assert_allclose(penalty, 10 * (np.linalg.norm(way) - 1) ** 2 * np.ones(2), rtol=1e-5)
    squares = losses.wgan_gp(10.0)(lambda x: 2 * (x**2).sum((1, 2)), real, fake, keys)
    share = jax.vmap(lambda key: jax.random.uniform(key, (1, 1)))(keys)  # one for all places and symbols of a text
    norm = np.linalg.norm(4 * (share * real + (1 - share) * fake), axis=(1, 2))
    np.testing.assert_allclose(squares, 10 * (norm - 1) ** 2, rtol=1e-5)

"""WaveGAN's networks, and their gradient penalty's gradient, are what PyTorch makes of the authors' program."""

import jax
import jax.numpy as jnp
import numpy as np
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan import losses
from jaxgan.models import wavegan

LABEL = np.array([0, 2, 1, 2])
EVERY = np.s_[:, ::7]  # of the values: enough to see a difference


def test_sounds_and_gradients_are_those_of_the_referee():
    net, z = wavegan.generator(512, 2, width=2, classes=3), draw("wavegan/z", 4, 6)
    params, way = weights(net, z, LABEL)["params"], draw("way", 4, 512, 2)

    @quick
    def run(params):
        out = lambda params: net.apply({"params": params}, z, LABEL)[0]
        return out(params), jax.grad(lambda params: (out(params) * way).sum())(params)

    sounds, slope = run(params)
    agree({"sounds": np.asarray(sounds)[EVERY], "slope": probes({"params": slope})}, recorded("wavegan_g"), 1e-5)


def test_logits_gradients_and_the_penalty_are_those_of_the_referee():
    net, x = wavegan.discriminator(512, width=2, shuffle=0, classes=3), draw("wavegan/x", 4, 512, 2, std=0.5)
    params, way = weights(net, x, LABEL)["params"], draw("way", 4)

    @quick
    def run(params):
        of = lambda params: lambda x: net.apply({"params": params}, x, LABEL)[0]
        penalty = lambda params: jnp.mean(
            losses.wgan_gp(10.0)(of(params), x, x, jax.random.split(jax.random.key(0), 4))
        )
        norm = jnp.sqrt(jnp.sum(jax.grad(lambda x: of(params)(x).sum())(x) ** 2, (1, 2)))
        return of(params)(x), norm, jax.grad(lambda p: (of(p)(x) * way).sum())(params), jax.grad(penalty)(params)

    logits, norm, slope, penalty_slope = run(params)
    found = {"logits": np.asarray(logits), "norm": np.asarray(norm), "slope": probes({"params": slope})}
    agree({**found, "penalty_slope": probes({"params": penalty_slope})}, recorded("wavegan_d"), 1e-5)

"""The coarse network of gated convolutions, and the SN-PatchGAN, are what PyTorch makes of the authors' program."""

import jax
import numpy as np
from arrays import quick
from published import agree, draw, probes, recorded, weights
from test_sngan_referee import leading

from jaxgan.models import inpaint

EVERY = np.s_[:, ::3, 1::4]  # of a picture's pixels: enough to see a difference
HOLE = np.zeros((2, 16, 24), np.uint8)
HOLE[0, 3:9, 5:14] = HOLE[1, 8:, 20:] = 1


def generator():
    """(G, its variables, what it is given)."""
    net, x = inpaint.generator(2, width=8), np.asarray(inpaint.holed(draw("x", 2, 16, 24, 2), HOLE))
    return net, weights(net, x), x


def discriminator():
    """(D, its variables, with the singular vectors of its weights, pictures and holes)."""
    net, given = inpaint.discriminator(2, layers=5), (draw("x", 2, 24, 36, 3), draw("hole", 2, 24, 36, 1))
    variables = weights(net, *given)
    return net, {**variables, "spectral": leading(variables["params"], variables["spectral"])}, given


def test_pictures_and_gradients_are_those_of_the_referee():
    net, variables, x = generator()
    way = draw("way", 2, 16, 24, 2)

    @quick
    def made(params):
        out = lambda params: net.apply({**variables, "params": params}, x)[0]
        return out(params), jax.grad(lambda params: (out(params) * way).sum())(params)

    out, slope = made(variables["params"])
    agree({"out": np.asarray(out)[EVERY], "slope": probes(slope)}, recorded("inpaint_g"), 1e-5)


def test_logits_and_gradients_are_those_of_the_referee():
    net, variables, given = discriminator()

    @quick
    def judged(params):
        logits = lambda params: net.apply({**variables, "params": params}, *given, train=False)[0]
        way = draw("way", *jax.eval_shape(logits, params).shape)
        return logits(params), jax.grad(lambda params: (logits(params) * way).sum())(params)

    logits, slope = judged(variables["params"])
    agree({"logits": logits, "slope": probes(slope)}, recorded("inpaint_d"), 1e-5)

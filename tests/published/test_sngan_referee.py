"""SNGAN's networks with labels are those of mimicry, where it is as the papers have it."""

import jax
import numpy as np
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan.models import sngan

EVERY = np.s_[:, 1::3, ::3]  # of an image's pixels: enough to see a difference


def generator():
    """(G, its variables, latents, labels)."""
    net, z, label = sngan.generator(32, 3, width=1 / 64, classes=5), draw("z", 3, 6), np.array([1, 4, 1], np.int32)
    return net, weights(net, z, label), z, label


def discriminator():
    """(D, its variables, with the singular vectors of its weights, images, labels)."""
    net, x, label = sngan.discriminator(32, width=1 / 32, classes=5), draw("x", 4, 32, 32, 3), np.array([0, 3, 1, 3])
    variables = weights(net, x, label.astype(np.int32))
    return (
        net,
        {**variables, "spectral": leading(variables["params"], variables["spectral"])},
        x,
        label.astype(np.int32),
    )


def leading(params, spectral):
    """The right singular vector of each kernel's largest singular value, in the tree of `spectral`."""
    if "spectral" in spectral:
        kernel = params["kernel"]
        return {"spectral": {"u": np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]))[2][0]}}
    return {name: leading(params[name], below) for name, below in spectral.items()}


def test_images_are_those_of_the_referee_in_training_and_out_of_it():
    net, variables, z, label = generator()
    shown = quick(lambda variables, train: net.apply(variables, z, label, train=train)[0], static_argnums=1)
    ours = {name: np.asarray(shown(variables, train))[EVERY] for name, train in (("train", True), ("eval", False))}
    agree(ours, recorded("sngan_g"), 1e-5)


def test_logits_and_gradients_are_those_of_the_referee():
    net, variables, x, label = discriminator()

    @quick
    def judged(params):
        logits = lambda params: net.apply({**variables, "params": params}, x, label, train=False)[0]
        return logits(params), jax.grad(lambda params: logits(params).sum())(params)

    logits, slope = judged(variables["params"])
    agree({"logits": logits, "slope": probes(slope)}, recorded("sngan_d"), 2e-5)

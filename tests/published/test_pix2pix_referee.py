"""pix2pix's networks are those of a PyTorch program that was written from the paper, with the same weights."""

import jax
import numpy as np
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan.models import patchgan, unet

EVERY = np.s_[:, 1::3, ::3]  # of a picture's pixels: enough to see a difference
PATCHES = {"patch70": (70, 1), "patch16": (16, 1), "patch1": (1, 1), "scales": (16, 2)}


def generator():
    """(G, its variables, pictures): of 32 pixels, five halvings, no dropout."""
    net, x = unet.generator(3, 4, 5, dropout=0.0), draw("x", 2, 32, 32, 3)
    return net, weights(net, x), x


def discriminator(patch, scales):
    """(D, its variables, two pictures to be laid over each other)."""
    net = patchgan.discriminator(4, patch, scales=scales)
    x, y = draw("x", 2, 32, 32, 3), draw("y", 2, 32, 32, 2)
    return net, weights(net, x, y), x, y


def test_pictures_are_those_of_the_referee_in_training_and_one_by_one():
    net, variables, x = generator()
    made = quick(lambda variables, train: net.apply(variables, x, train=train)[0], static_argnums=1)
    ours = {name: np.asarray(made(variables, train))[EVERY] for name, train in (("train", True), ("alone", False))}
    slope = quick(jax.grad(lambda p: (net.apply({**variables, "params": p}, x)[0] ** 2).sum()))(variables["params"])
    agree({**ours, "slope": probes(slope)}, recorded("pix2pix_g"), 2e-5)


def test_logits_and_gradients_are_those_of_the_referee():
    ours = {}
    for name, sizes in PATCHES.items():
        net, variables, x, y = discriminator(*sizes)

        def judged(params, net=net, variables=variables, x=x, y=y):
            return net.apply({**variables, "params": params}, x, y)[0].logits

        logits = quick(judged)(variables["params"])
        total = lambda params, judged=judged: sum(leaf.sum() for leaf in jax.tree.leaves(judged(params)))
        slope = quick(jax.grad(total))(variables["params"])
        for i, leaf in enumerate(jax.tree.leaves(logits)):
            ours[f"{name} {i}"] = np.asarray(leaf)
        ours[f"{name} slope"] = probes(slope)
    agree(ours, recorded("pix2pix_d"), 2e-5)

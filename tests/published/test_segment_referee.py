"""The U-Net is what PyTorch makes of the drawing in its paper, D that of the authors of the semi-supervised game."""

import jax
import numpy as np
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan.models import segment

EVERY = np.s_[:, 1::5, ::7]  # of the pixels: enough to see a difference
NETS = {  # name: (Net, shapes of what it takes)
    "segment_g": (segment.generator(4, width=3, halvings=2), ((2, 12, 16, 3),)),
    "segment_d": (segment.discriminator(2), ((2, 70, 40, 3),)),
}


def given(name):
    """(Net, its variables, inputs)."""
    net, shapes = NETS[name]
    inputs = tuple(draw(f"{name}/{i}", *shape) for i, shape in enumerate(shapes))
    return net, weights(net, *inputs), inputs


def played(name):
    """{"train": of it with batch statistics, "eval": with running ones, "slope": gradients of the first}."""
    net, variables, inputs = given(name)

    @quick
    def run(params):
        out = lambda params, train: net.apply({**variables, "params": params}, *inputs, train=train)[0]
        way = draw("way", *jax.eval_shape(lambda params: out(params, True), params).shape)
        slope = jax.grad(lambda params: (out(params, True) * way).sum())(params)
        return out(params, True), out(params, False), slope

    train, evaluated, slope = run(variables["params"])
    return {"train": np.asarray(train)[EVERY], "eval": np.asarray(evaluated)[EVERY], "slope": probes(slope)}


def test_masks_and_gradients_are_those_of_the_referee():
    agree(played("segment_g"), recorded("segment_g"), 2e-5)


def test_logits_and_gradients_are_those_of_the_referee():
    agree(played("segment_d"), recorded("segment_d"), 2e-5)

"""PSGAN's networks are what PyTorch makes of the authors' program: a cut of G's padded one, and with statistics of the cut."""

import jax
import numpy as np
import pytest
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan.models import psgan
from jaxgan.noise import Field

G = psgan.generator(3, 4, 3, local=3, shared=2, waves=3)
D = psgan.discriminator(4, 3)
FAR = 4  # cells more on each side than G looks, for the padded program
EVERY = np.s_[:, ::3, 1::4]  # of the pixels: enough to see a difference


def field(period):
    """Field of two pictures of 2x3 cells, two textures in each, with room for the padded program."""
    rows, columns = 2 + 2 * (G.field.margin + FAR), 3 + 2 * (G.field.margin + FAR)
    return Field(
        draw("psgan/local", 2, rows, columns, 3),
        draw("psgan/textures", 2, 2, 2),
        draw("psgan/share", 2, rows, columns, 2),
        draw("psgan/place", 2, rows, columns, 2, std=3.0),
        draw("psgan/phase", 2, 3),
        np.broadcast_to(np.float32(period), (2, 2)),
    )


def cut(whole):
    """The Field that G looks at."""
    inner = lambda x: x[:, FAR:-FAR, FAR:-FAR]
    return whole._replace(local=inner(whole.local), share=inner(whole.share), place=inner(whole.place))


@pytest.mark.parametrize("period", [(0, 0), (9, 0)])
def test_pictures_and_gradients_are_those_of_the_referee(period):
    given = cut(field(period))
    variables = weights(G, given)

    @quick
    def run(params):
        out = lambda params, train: G.apply({**variables, "params": params}, given, train=train)[0]
        way = draw("way", *jax.eval_shape(lambda params: out(params, True), params).shape)
        slope = jax.grad(lambda params: (out(params, True) * way).sum())(params)
        return out(params, True), out(params, False), slope

    train, evaluated, slope = run(variables["params"])
    name = "periodic" if any(period) else "endless"
    found = {"train": np.asarray(train)[EVERY], "eval": np.asarray(evaluated)[EVERY], "slope": probes(slope)}
    expected = recorded("psgan_g")
    agree(found, {kind: expected[f"{name}_{kind}"] for kind in found}, 2e-5)


def test_logits_and_gradients_are_those_of_the_referee():
    x = draw("psgan_d/0", 2, 40, 24, 3)
    variables = weights(D, x)

    @quick
    def run(params):
        out = lambda params, train: D.apply({**variables, "params": params}, x, train=train)[0]
        way = draw("way", *jax.eval_shape(lambda params: out(params, True), params).shape)
        return out(params, True), out(params, False), jax.grad(lambda params: (out(params, True) * way).sum())(params)

    train, evaluated, slope = run(variables["params"])
    found = {"train": np.asarray(train), "eval": np.asarray(evaluated), "slope": probes(slope)}
    agree(found, recorded("psgan_d"), 2e-5)

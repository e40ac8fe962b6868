"""MoCoGAN's recurrent part, its frames and its 2+1-D convolutions are what PyTorch makes of the same."""

import jax
import numpy as np
import pytest
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan.models import mocogan

EVERY = np.s_[:, :, ::3, 1::4]  # of the pixels: enough to see a difference
Z, NOISE, LABEL = draw("mocogan/z", 2, 5), draw("mocogan/noise", 2, 4, 4), draw("mocogan/label", 2, 3)
GENERATORS = {
    "plain": (mocogan.generator(16, 2, width=2, temporal=0), (Z, NOISE)),
    "temporal": (mocogan.generator(16, 2, width=2, temporal=3, classes=3), (Z, NOISE, LABEL)),
}
D = mocogan.discriminator(16, width=2, frames=2, spectral=False, norm="batch", classes=2)


@pytest.mark.parametrize("name", GENERATORS)
def test_clips_and_gradients_are_those_of_the_referee(name):
    net, given = GENERATORS[name]
    variables = weights(net, *given)
    way = draw("way", 2, 3, 16, 16, 2)

    @quick
    def run(params):
        out = lambda params, train: net.apply({**variables, "params": params}, *given, train=train)[0]
        return out(params, True), out(params, False), jax.grad(lambda params: (out(params, True) * way).sum())(params)

    train, evaluated, slope = run(variables["params"])
    found = {"train": np.asarray(train)[EVERY], "eval": np.asarray(evaluated)[EVERY], "slope": probes(slope)}
    expected = recorded("mocogan_g")
    agree(found, {kind: expected[f"{name}_{kind}"] for kind in found}, 2e-5)


def test_logits_and_gradients_are_those_of_the_referee():
    given = draw("mocogan/x", 2, 11, 16, 16, 2), draw("mocogan/label_d", 2, 2)
    variables = weights(D, *given)

    @quick
    def run(params):
        out = lambda params, train: D.apply({**variables, "params": params}, *given, train=train)[0]

        def along(params):
            logits = out(params, True)
            return sum((logits[kind] * draw(f"way/{kind}", *logits[kind].shape)).sum() for kind in logits)

        return out(params, True), out(params, False), jax.grad(along)(params)

    train, evaluated, slope = run(variables["params"])
    found = {f"{kind}_{when}": x for when, seen in (("train", train), ("eval", evaluated)) for kind, x in seen.items()}
    agree({**found, "slope": probes(slope)}, recorded("mocogan_d"), 2e-5)

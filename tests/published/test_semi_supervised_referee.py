"""The semi-supervised game is that of the authors' program: its losses, what they teach D, and what G."""

import jax
import numpy as np
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan import losses, tasks
from jaxgan.models import semi_supervised as models
from jaxgan.net import Net
from jaxgan.sharing import with_index
from jaxgan.tasks.semi_supervised import judge

LABEL = np.array([3, 0, 2, 2, 1, 0], np.int32)


def pictures():
    """(unlabelled, fake, labelled), float32 [6, 4, 4, 1] each."""
    return [draw(name, 6, 4, 4, 1, std=0.5) for name in ("unlabelled", "fake", "labelled")]


def classifier():
    """(Net without noise, its variables)."""
    net = models.dense(4, (12, 9, 7), noise=(0, 0))
    return net, weights(net, pictures()[0])


def test_losses_and_gradients_are_those_of_the_referee():
    net, variables = classifier()
    unlabelled, fake, labelled = pictures()
    nobody = Net(lambda key, z: {"params": {}}, lambda v, z, **_: (z, {}))
    game = tasks.adversarial(nobody, judge(net), content={"matching": losses.match_features()}, weight=0.0)
    gan = tasks.semi_supervised(game, net, weight=2.0)
    batch = with_index({"image": unlabelled, "labelled": labelled, "class": LABEL})

    @quick
    def played(params, fake):
        out = lambda params, fake: gan.losses({**variables, "params": params}, fake, batch, jax.random.key(0))
        slope_d = jax.grad(lambda params: out(params, fake).d / 2)(params)  # theirs halves what is not supervised
        slope_g = jax.grad(lambda fake: out(params, fake).g)(fake)
        found = out(params, fake)
        return {"d": found.d / 2, "supervised": found.metrics.d["supervised"], "g": found.g}, slope_d, slope_g

    values, slope_d, slope_g = played(variables["params"], fake)
    ours = {**values, "slope_d": probes(slope_d), "slope_g": slope_g}
    agree({name: np.asarray(value) for name, value in ours.items()}, recorded("semi_supervised"), 1e-5)

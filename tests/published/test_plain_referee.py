"""The MLP and DCGAN pairs are what PyTorch's layers make of the tables of their papers."""

import jax
import pytest
from arrays import quick
from published import agree, draw, probes, recorded, weights

from jaxgan.models import dcgan, mlp

NETS = {  # name: (Net, shape of what it takes)
    "dcgan_g": (dcgan.generator(16, 3, width=4, max_width=6), (3, 6)),
    "dcgan_d": (dcgan.discriminator(width=4, max_width=6), (3, 16, 16, 3)),
    "mlp_g": (mlp.generator((4, 4, 1), (5, 6)), (3, 6)),
    "mlp_d": (mlp.discriminator((6, 5)), (3, 4, 4, 1)),
}


def given(name):
    """(Net, its variables, input)."""
    net, shape = NETS[name]
    x = draw(name, *shape)
    return net, weights(net, x), x


@pytest.mark.parametrize("name", NETS)
def test_outputs_and_gradients_are_the_referee_s(name):
    net, variables, x = given(name)

    @quick
    def played(params, way):
        out = lambda params, train: net.apply({**variables, "params": params}, x, train=train)[0]
        slope = jax.grad(lambda params: (out(params, True) * way).sum())(params)
        return {"train": out(params, True), "eval": out(params, False)}, slope

    out, slope = played(variables["params"], draw("way", *jax.eval_shape(lambda: net.apply(variables, x)[0]).shape))
    agree({**out, "slope": probes(slope)}, recorded(name), 2e-5)

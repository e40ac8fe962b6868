"""Gated convolution against two plain ones."""

import flax.linen as nn
import jax
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, GatedConv, ResizedConv

WAYS = [
    {},
    {"kernel": 5, "stride": 2},
    {"dilation": 3},
    {"padding": "REFLECT", "stride": 2},
    {"padding": "VALID"},
    {"resize": "up"},
    {"activation": nn.relu},
    {"spectral": True},
]


@pytest.mark.parametrize(
    "way", WAYS, ids=lambda way: "-".join(f"{k}-{getattr(v, '__name__', v)}" for k, v in way.items()) or "plain"
)
def test_it_is_one_convolution_times_the_sigmoid_of_another(way):
    x = normal(0, 2, 8, 12, 3)
    layer = GatedConv(4, **way)
    variables = quick(lambda x: layer.init(jax.random.key(0), x, True))(x)
    params = jax.tree.map(lambda leaf: leaf + normal(1, *leaf.shape), variables["params"])
    variables = {**variables, "params": params}
    (name,) = params
    act = way.get("activation", nn.elu)
    plain = {k: v for k, v in way.items() if k not in ("activation", "spectral")}
    kernel = params[name]["kernel"]
    if "spectral" in way:
        u = np.linalg.svd(np.reshape(kernel, (-1, 8)))[2][0]
        variables["spectral"] = {name: {"spectral": {"u": u}}}
        kernel = kernel / np.linalg.norm(np.reshape(kernel, (-1, 8)), 2)  # of features and gates together

    @quick
    def both(x):
        half = lambda which: (ResizedConv if "resize" in way else Conv)(4, **plain).apply(
            {"params": {"kernel": kernel[..., which], "bias": params[name]["bias"][which]}}, x, False
        )
        found, gates = half(np.s_[:4]), half(np.s_[4:])
        return layer.apply(variables, x, False), act(found) / (1 + np.e**-gates)

    assert_close(*both(x), 1e-5)


def test_a_shut_gate_lets_nothing_through_and_an_open_one_all():
    x, layer = normal(0, 1, 4, 4, 2), GatedConv(1, kernel=1)
    for gate, passed in ((-200.0, 0.0), (200.0, 3.0)):
        params = {"Conv_0": {"kernel": np.zeros((1, 1, 2, 2), np.float32), "bias": np.array([3.0, gate], np.float32)}}
        assert_close(layer.apply({"params": params}, x, False), np.full((1, 4, 4, 1), passed, np.float32))


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ({"resize": "up", "stride": 2}, "resize 'up' with stride 2, dilation 1, padding SAME: give 1, 1 and SAME"),
        ({"resize": "up", "dilation": 2}, "dilation 2"),
        ({"resize": "up", "padding": "REFLECT"}, "padding REFLECT"),
        ({"resize": "sideways"}, "sideways"),
    ],
)
def test_what_does_not_go_together_is_refused(way, words):
    with pytest.raises(BadInput, match=words):
        jax.eval_shape(
            lambda x: GatedConv(2, **way).init(jax.random.key(0), x, True), np.zeros((1, 8, 8, 2), np.float32)
        )

"""Layers of clips and sequences in closed form; a referee has the rest in tests/published."""

import jax
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan import BadInput
from jaxgan.layers import GRU, TimeConv, by_frame


@pytest.mark.parametrize(("padding", "low"), [("VALID", 0), ("SAME", 1), ("EDGE", 1)])
def test_a_convolution_over_time_is_the_same_sum_at_every_place(padding, low):
    layer, x = TimeConv(5, kernel=4, padding=padding), normal(0, 2, 6, 3, 2, 4)
    variables = layer.init(jax.random.key(0), x, True)
    kernel, bias = variables["params"]["kernel"], np.float32([1, 2, 3, 4, 5])
    variables = {"params": {"kernel": kernel, "bias": bias}}
    mode = {"mode": "edge"} if padding == "EDGE" else {}
    padded = np.pad(x, ((0, 0), (low, 3 - low if low else 0), (0, 0), (0, 0), (0, 0)), **mode)
    frames = padded.shape[1] - 3
    sums = [np.einsum("bkhwc,kcf->bhwf", padded[:, t : t + 4], kernel) for t in range(frames)]
    assert_close(quick(layer.apply)(variables, x, True), np.stack(sums, 1) + bias)


def test_too_few_frames_are_told():
    with pytest.raises(BadInput, match="clips of 3 frames, and a kernel of 4 without padding"):
        TimeConv(2, kernel=4, padding="VALID").init(jax.random.key(0), normal(0, 1, 3, 2, 2, 1), True)


def test_a_gru_that_updates_nothing_keeps_its_state_and_one_that_updates_all_forgets_it():
    layer, x, first = GRU(2), normal(0, 1, 4, 3), normal(1, 1, 2)
    params = layer.init(jax.random.key(0), x, first)["params"]
    gate = lambda u: {**params, "input_bias": np.float32([0, 0, u, u, 0, 0])}
    kept = quick(layer.apply)({"params": gate(50.0)}, x, first)
    assert_close(kept, np.broadcast_to(first[:, None], (1, 4, 2)))
    other = [
        quick(layer.apply)({"params": {**gate(-50.0), "kernel": 0 * params["kernel"]}}, x, h) for h in (first, -first)
    ]
    assert_close(*other)  # what it is given alone says what it is


def test_each_frame_is_seen_alone():
    x = normal(0, 2, 3, 4, 5)
    np.testing.assert_array_equal(by_frame(lambda x: x[:, ::-1].sum(-1), x), x[:, :, ::-1].sum(-1))


def test_a_gru_that_is_to_last_keeps_more_of_its_state_and_is_else_pytorchs():
    x, first = np.zeros((1, 8, 3), np.float32), np.ones((1, 64), np.float32)
    plain, lasting = (GRU(64, memory=memory).init(jax.random.key(0), x, first)["params"] for memory in (0, 16))
    bias = np.asarray(lasting["input_bias"]).reshape(3, 64)
    assert 0 <= bias[1].min() < 0.7 and 2 < bias[1].max() <= np.log(15)
    np.testing.assert_array_equal(bias[::2], np.asarray(plain["input_bias"]).reshape(3, 64)[::2])
    last = [float(np.mean(quick(GRU(64).apply)({"params": p}, x, first)[0, -1])) for p in (plain, lasting)]
    assert last[0] < 0.1 < 0.25 < last[1]

"""Clips of pictures that move: what depends on what, and where they are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.models import mocogan

KEY = jax.random.key(0)
SIZE = (8, 16)


def made(parts, **more):
    """(Variables, their clips of (z, noise), of one sample, which a batch norm is of.)"""
    net = mocogan.generator(SIZE, 2, width=4, parts=parts, **more)
    variables = net.init(KEY, normal(0, 1, 3), normal(1, 1, 6, 4))
    return variables, quick(lambda variables, z, noise: net.apply(variables, z, noise, train=True)[0])


def still(variables, *places):
    """The same with each part at one (down, right) in pixels, whatever the motion, and pictures that are not grey."""
    params = dict(variables["params"])
    reach = jnp.ones_like(params["reach"])
    angle = np.arcsin(np.float32(places) / (np.float32(SIZE) / 2)).reshape(-1)
    nothing = lambda layer: jax.tree.map(jnp.zeros_like, layer)
    pictures = {name: 50 * x for name, x in params["pictures"].items()}
    start = {**nothing(params["start"]), "bias": jnp.asarray(angle)}
    return {
        **variables,
        "params": params | {"steps": nothing(params["steps"]), "start": start, "reach": reach, "pictures": pictures},
    }


def moved(a, b):
    """Numbers of the frames that differ between two clips [T, H, W, C]."""
    return np.flatnonzero(np.abs(np.asarray(a - b)).max((1, 2, 3)) > 1e-6).tolist()


def test_noise_of_a_frame_reaches_that_and_later_ones_and_the_content_all():
    variables, clips = made(3)
    z, noise = normal(0, 1, 3), normal(1, 1, 9, 4)
    other = noise.copy()
    other[:, 4] += 3.0  # what the GRU is given at frame 3
    one = clips(variables, z, noise)
    assert moved(one[0], clips(variables, z, other)[0]) == list(range(3, 8))
    assert moved(one[0], clips(variables, z + 1.0, noise)[0]) == list(range(8))
    short = clips(variables, z, noise[:, :5])
    assert short.shape == (1, 4, *SIZE, 2)
    assert_close(short, one[:, :4])


def test_the_content_alone_makes_the_pictures_and_the_motion_alone_moves_them():
    variables, clips = made(1)
    z, noise = normal(0, 1, 3), normal(1, 1, 4, 4)
    here = clips(still(variables, (0, 0)), z, noise)
    assert np.abs(here).max() <= 1 and np.std(here) > 0.1
    assert_close(here, np.broadcast_to(here[:, :1], here.shape))  # all frames are one
    assert_close(here, clips(still(variables, (0, 0)), z, noise + normal(2, 1, 4, 4)))
    assert np.abs(here - clips(still(variables, (0, 0)), z + 1, noise)).max() > 0.1
    there = np.asarray(clips(still(variables, (2, -5)), z, noise))
    around = np.pad(here, ((0, 0), (0, 0), (2, 0), (0, 5), (0, 0)), mode="edge")  # the rearmost has no end
    assert_close(there, around[:, :, :8, 5:])


def test_parts_move_over_the_rearmost():
    variables, clips = made(3)
    z, noise, away = normal(0, 1, 3), normal(1, 1, 2, 4), (4, 8)  # half a frame each way: a quarter is left of it
    at = lambda *places: np.asarray(clips(still(variables, (0, 0), *places), z, noise))[0, 0]
    back = at(away, away)
    np.testing.assert_allclose(back[:4], at(away, (4, -8))[:4], atol=1e-5)  # nothing is over the upper half
    np.testing.assert_allclose(back[:, :8], at(away, (-4, 8))[:, :8], atol=1e-5)
    behind = [np.asarray(clips(still(variables, place, (0, 0), (0, 0)), z, noise)) for place in ((0, 0), (2, -5))]
    assert np.abs(behind[0] - behind[1]).max() > 0.1  # they do not cover all
    for k in range(2):
        there, moved = ([away, away] for _ in range(2))
        there[k], moved[k] = (0, 0), (2, -3)
        assert np.abs(at(*there) - back)[:4].max() > 0.1
        assert np.abs(at(*there) - at(*moved)).max() > 0.1
        np.testing.assert_allclose(
            at(*moved)[:2], back[:2], atol=1e-5
        )  # zero comes in from outside, and covers nothing
        np.testing.assert_allclose(at(*moved)[:4, 13:], back[:4, 13:], atol=1e-5)


def test_each_way_goes_on_and_has_a_slope():
    net = mocogan.generator(SIZE, 1, width=4, parts=2)
    z, noise = normal(0, 2, 3), normal(1, 2, 8, 4)
    variables = net.init(KEY, z, noise)
    total = lambda params: (net.apply({**variables, "params": params}, z, noise)[0] ** 2).sum()
    slope = quick(jax.grad(total))(variables["params"])
    assert all(np.abs(x).max() > 0 for x in jax.tree.leaves([slope[name] for name in ("start", "steps", "reach")]))


@pytest.mark.parametrize("parts", [1, 3])
def test_parameter_counts_sizes_and_numbers(parts):
    net = mocogan.generator((12, 16), 3, width=4, parts=parts, classes=2, dtype=jnp.bfloat16)
    z, noise, label = jnp.zeros((2, 5)), jnp.zeros((2, 4, 6)), jnp.zeros(2, jnp.int32)
    variables = jax.eval_shape(net.init, KEY, z, noise, label)
    gru, dense, norms = 2 * (6 * 18 + 18), 7 * 6 * 8 * 4, 2 * (4 + 4)  # 6 x 8 pixels, doubled once
    pictures = 9 * 4 * 4 + (9 * 4 + 1) * (4 * parts - 1)
    places = 2 * (6 + 1) * 2 * parts + 2 * parts
    assert sum(p.size for p in jax.tree.leaves(variables["params"])) == gru + dense + norms + pictures + places
    clips = jax.eval_shape(lambda v: net.apply(v, z, noise, label)[0], variables)
    assert clips.shape == (2, 3, 12, 16, 3) and clips.dtype == jnp.float32

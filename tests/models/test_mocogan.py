"""MoCoGAN: what depends on what, in clips and in logits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal, quick

from jaxgan import BadInput
from jaxgan.models import mocogan

KEY = jax.random.key(0)


def clips_of(net, z, noise):
    """Clips of fresh variables, out of training: no sample sees another."""
    variables = net.init(KEY, z, noise)
    return quick(lambda z, noise: net.apply(variables, z, noise, train=False)[0])


def moved(a, b):
    """Numbers of the frames that differ between two clips [T, H, W, C]."""
    return np.flatnonzero(np.abs(np.asarray(a - b)).max((1, 2, 3)) > 1e-7).tolist()


def test_noise_of_a_frame_reaches_that_and_later_ones_and_a_convolution_over_time_one_more_on_either_side():
    z, noise = normal(0, 1, 3), normal(1, 1, 7, 2)
    other = noise.copy()
    other[:, 4] += 3.0  # what the GRU is given at frame 3
    for temporal, first in ((0, 3), (3, 2)):
        clips = clips_of(mocogan.generator(16, 1, width=2, temporal=temporal), z, noise)
        assert moved(clips(z, noise)[0], clips(z, other)[0]) == list(range(first, 6))
        assert moved(clips(z, noise)[0], clips(z + 1.0, noise)[0]) == list(range(6))  # the content is of all frames


def test_clips_have_any_length_and_the_first_frames_do_not_know_of_it():
    net, z, noise = mocogan.generator((8, 16), 3, width=2, temporal=0), normal(0, 2, 3), normal(1, 2, 9, 2)
    clips = clips_of(net, z, noise)
    long, short = clips(z, noise), clips(z, noise[:, :5])
    assert long.shape == (2, 8, 8, 16, 3)
    np.testing.assert_allclose(long[:, :4], short, atol=1e-6)


def test_frames_are_drawn_for_each_index_whatever_batch_it_is_in():
    index = jnp.array([5, 90, 7, 5])
    drawn = mocogan.chosen_frames(KEY, index, 4, 10, 4)
    assert all(len(set(row)) == 4 and 0 <= min(row) <= max(row) < 10 for row in np.asarray(drawn).tolist())
    np.testing.assert_array_equal(drawn[0], drawn[3])
    np.testing.assert_array_equal(drawn[1:2], mocogan.chosen_frames(KEY, index[1:2], 1, 10, 4))
    assert len({tuple(row) for row in np.asarray(mocogan.chosen_frames(KEY, jnp.arange(50), 50, 10, 4)).tolist()}) > 40
    assert mocogan.chosen_frames(None, None, 2, 10, 4).tolist() == [[1, 3, 6, 8]] * 2


def test_each_image_logit_sees_one_frame_and_each_clip_logit_those_that_its_kernels_reach():
    net, x = mocogan.discriminator(8, width=2, frames=3), normal(0, 1, 10, 8, 8, 1)
    variables, index = net.init(KEY, x), jnp.array([3])
    look = lambda x: net.apply(variables, x, key=KEY, index=index, train=False)[0]
    reach = quick(jax.jacobian(look))(x)
    seen = {name: np.abs(np.asarray(slope)).max((0, 2, 4, 5, 6)) > 0 for name, slope in reach.items()}
    assert seen["image"].sum(1).tolist() == [1, 1, 1] and len(set(seen["image"].argmax(1))) == 3
    # one halving and the last layer, each of one frame before and two after
    around = [list(range(max(0, t - 2), min(10, t + 5))) for t in range(10)]
    assert [np.flatnonzero(row).tolist() for row in seen["clip"]] == around


@pytest.mark.parametrize("frames", [2, 4, 5])
def test_clips_of_any_length_are_judged(frames):
    net, x = mocogan.discriminator(16, width=2), normal(0, 2, frames, 16, 16, 1)
    shape = jax.eval_shape(lambda: net.apply(net.init(KEY, x), x, train=False)[0])
    assert shape["clip"].shape == (2, frames) and shape["image"].shape == (2, 1)


def test_parameter_counts():
    count = lambda net, *x: sum(p.size for p in jax.tree.leaves(jax.eval_shape(net.init, KEY, *x)["params"]))
    z, noise, x = jnp.zeros((1, 50)), jnp.zeros((1, 17, 10)), jnp.zeros((1, 16, 32, 32, 1))
    gru, dense, norms = 2 * (10 * 30 + 30), 60 * 16 * 64, 2 * (64 + 32 + 16)
    doublings, last = 16 * (64 * 32 + 32 * 16), 16 * 16 + 1
    assert count(mocogan.generator(32, 1, width=16, temporal=0), z, noise) == gru + dense + norms + doublings + last
    over_time = 3 * (32 * 32 + 16 * 16)
    with_time = gru + dense + norms + doublings + last + over_time
    assert count(mocogan.generator(32, 1, width=16, temporal=3), z, noise) == with_time
    convs = lambda over: sum(16 * a * b + b + over * (4 * b * b + b) for a, b in ((1, 16), (16, 32), (32, 64)))
    heads = (4 * 16 * 64 + 1) + (16 * 64 + 1)
    plain = mocogan.discriminator(32, width=16, spectral=False)
    norms_d = 2 * 2 * (32 + 64)  # scales and shifts of "none" are none
    assert count(plain, x) == convs(1) + convs(0) + heads
    batch = mocogan.discriminator(32, width=16, spectral=False, norm="batch")
    assert count(batch, x) == convs(1) + convs(0) + heads + norms_d - 2 * (32 + 64)  # and no bias before a norm


def test_what_cannot_be_built_is_told():
    with pytest.raises(BadInput, match=r"for clips, not for samples of shape \(32, 32, 3\): give --data video:FOLDER"):
        mocogan.check_shape((32, 32, 3))
    with pytest.raises(BadInput, match=r"a MoCoGAN makes images of a 2.n x b 2.n pixels"):
        mocogan.check_shape((16, 33, 33, 3))
    with pytest.raises(BadInput, match="unknown norm 'layer'"):
        mocogan.discriminator(32, norm="layer")

"""U-Net and PatchGAN: the papers' sizes, patches that are as large as they say, noise that belongs to the sample."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.models import patchgan, unet
from jaxgan.models.patchgan import halved


def size(net, *shapes):
    """(parameters, shapes of what comes out) of a Net for such inputs."""
    inputs = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    variables = jax.eval_shape(lambda *x: net.init(jax.random.key(0), *x), *inputs)
    index = {"index": jax.ShapeDtypeStruct((shapes[0][0],), jnp.int32)} if net.indexed else {}
    key = jax.eval_shape(lambda: jax.random.key(0))
    out = jax.eval_shape(
        lambda v, key, index, *x: net.apply(v, *x, key=key, **index)[0], variables, key, index, *inputs
    )
    return sum(x.size for x in jax.tree.leaves(variables["params"])), out


def test_the_networks_have_the_sizes_of_the_paper():
    count, out = size(unet.generator(), (1, 256, 256, 3))
    assert (count, out.shape, out.dtype) == (54_413_955, (1, 256, 256, 3), jnp.float32)
    shapes = {1: (256, 256), 16: (126, 126), 70: (30, 30), 286: (6, 6)}
    counts = {patch: size(patchgan.discriminator(patch=patch), (1, 256, 256, 3), (1, 256, 256, 3)) for patch in shapes}
    assert {patch: out.logits.shape[1:] for patch, (_, out) in counts.items()} == shapes
    assert counts[70][0] == 2_768_705  # the authors' program says 54.414 and 2.769 million
    three = size(patchgan.discriminator(scales=3, norm="instance"), (1, 256, 512, 3), (1, 256, 512, 3))[1]
    assert [x.shape for x in three.logits] == [(1, 30, 62), (1, 14, 30), (1, 6, 14)]
    assert [len(x) for x in three.features] == [4, 4, 4]


@pytest.mark.parametrize("patch", patchgan.LAYERS)
def test_a_logit_sees_a_patch_of_so_many_pixels(patch):
    side = max(8, patch + 2 + patch % 2)
    net = patchgan.discriminator(1, patch, norm="none")
    x = jnp.ones((1, 2 * side, 2 * side, 1))
    variables = quick(net.init)(jax.random.key(0), x)
    middle = lambda x: (lambda y: y[0, y.shape[1] // 2, y.shape[2] // 2])(net.apply(variables, x)[0].logits)
    seen = np.asarray(quick(jax.grad(middle))(x))[0, :, :, 0] != 0
    assert seen.any(axis=0).sum() == seen.any(axis=1).sum() == patch


def test_sizes_that_cannot_be_used_are_refused():
    assert [unet.halvings(shape) for shape in ((256, 256), (512, 256), (96, 128), (64, 48))] == [8, 8, 5, 4]
    with pytest.raises(BadInput, match="130x64 cannot be halved twice"):
        unet.halvings((130, 64))
    with pytest.raises(BadInput, match="patches of 64 pixels: give one of 1, 16"):
        patchgan.discriminator(patch=64)
    small = patchgan.discriminator(4, 70, scales=2)
    assert [x.shape for x in size(small, (1, 48, 48, 3))[1].logits] == [(1, 4, 4), (1, 1, 1)]
    with pytest.raises(BadInput, match="D is shown 23x23, and patches of 70 pixels take 24 a side"):
        size(small, (1, 46, 46, 3))


def test_a_picture_alone_is_what_it_is_among_others_and_noise_is_its_own():
    net, x = unet.generator(3, 4, 4), normal(0, 3, 16, 16, 3)
    variables, key = quick(net.init)(jax.random.key(0), x), jax.random.key(1)
    made = quick(lambda x, index, key: net.apply(variables, x, key=key, train=False, index=index)[0])
    whole = made(x, jnp.arange(3), key)
    for i in range(3):
        assert_close(made(x[i : i + 1], jnp.array([i]), key)[0], whole[i])
    assert np.abs(made(x[:1], jnp.array([5]), key)[0] - whole[0]).max() > 1e-3  # another place, another draw
    assert np.abs(made(x[:1], jnp.array([0]), jax.random.key(2))[0] - whole[0]).max() > 1e-3
    trained = quick(lambda x: net.apply(variables, x, key=key, index=jnp.arange(len(x)))[0])
    assert np.abs(trained(x)[0] - whole[0]).max() > 1e-3  # a batch has statistics together


def test_halving_is_the_mean_of_the_pixels_that_there_are():
    x = normal(0, 1, 6, 5, 2)
    expected = np.zeros((1, 3, 3, 2), np.float32)
    for i in range(3):
        for j in range(3):
            rows, columns = slice(max(0, 2 * i - 1), 2 * i + 2), slice(max(0, 2 * j - 1), 2 * j + 2)
            expected[0, i, j] = x[0, rows, columns].mean(axis=(0, 1))
    assert_close(halved(jnp.asarray(x)), expected)

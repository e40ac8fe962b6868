"""Equalised layers, minibatch statistics, attention, projection, pixel norm and noise against NumPy."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from arrays import assert_close, normal, quick

from jaxgan.errors import BadInput
from jaxgan.layers import (
    EqualConv,
    EqualDense,
    NoiseInput,
    Norm,
    PixelNorm,
    Projection,
    SelfAttention,
    conv,
    conv_filtered,
    minibatch_stddev,
)
from jaxgan.net import from_flax


def started(layer, x, *args):
    return quick(lambda x: layer.init(jax.random.key(0), x, *args))(x)


EQUAL = {
    "dense": (EqualDense(512), (64, 128), 128),
    "conv": (EqualConv(24), (2, 16, 16, 32), 9 * 32),
    "up": (EqualConv(24, up=2), (2, 16, 16, 32), 9 * 32),
    "down": (EqualConv(24, kernel=1, down=2), (2, 16, 16, 32), 32),
}
MAPS = {
    "dense": lambda x, w: x @ w,
    "conv": conv,
    "up": partial(conv_filtered, up=2),
    "down": partial(conv_filtered, down=2),
}


@pytest.mark.parametrize(("gain", "lr"), [(1.0, 1.0), (2**0.5, 0.01)])
@pytest.mark.parametrize("name", EQUAL)
def test_equalised_weights_are_kept_at_variance_one_and_scaled_as_they_are_used(name, gain, lr):
    layer, shape, fan_in = EQUAL[name]
    layer, x = layer.copy(gain=gain, lr=lr, bias_init=0.5), normal(1, *shape)
    params = started(layer, x)["params"]
    kernel, bias = params["kernel"], params["bias"]
    assert abs(np.std(kernel) * lr - 1) < 0.03
    np.testing.assert_allclose(bias, np.full(layer.features, 0.5 / lr), rtol=1e-6)
    params = {"kernel": kernel, "bias": bias + normal(2, layer.features)}
    ours, exact = quick(
        lambda params, x: (
            layer.apply({"params": params}, x),
            MAPS[name](x, params["kernel"] * (gain * lr / np.sqrt(fan_in))),
        )
    )(params, x)
    end = np.asarray(params["bias"] * lr).reshape(*(1,) * (len(shape) - 1), -1)
    assert_close(ours, np.asarray(exact) + end)
    if name in ("dense", "conv"):
        assert abs(np.std(np.asarray(exact)[..., 1:-1, :]) / gain - 1) < 0.05  # variance 1 in, gain**2 out
    assert set(started(layer.copy(bias=False), x)["params"]) == {"kernel"}


@pytest.mark.parametrize("lr", [1.0, 0.1])
def test_adam_moves_equalised_layers_at_their_relative_pace(lr):
    opt = optax.adam(1e-3)
    for wide in (16, 256):
        x, layer = normal(1, 4, wide), EqualDense(8, lr=lr)
        params = started(layer, x)["params"]
        grads = jax.grad(lambda params: jnp.sum(layer.apply({"params": params}, x) ** 2))(params)  # noqa: B023
        updates, _ = opt.update(grads, opt.init(params))
        # each weight moves by the step; as it is used, by its share of the standard deviation of all of them
        used = np.abs(updates["kernel"]) / np.std(params["kernel"])
        np.testing.assert_allclose(used, 1e-3 * lr, rtol=0.15)


def test_parameters_of_new_layers_are_float32_and_compute_is_in_dtype():
    x, key = jnp.ones((4, 4, 4, 8), jnp.float32), jax.random.key(0)
    index = jnp.arange(4)
    calls = {
        EqualDense(8, dtype=jnp.bfloat16): (x,),
        EqualConv(8, dtype=jnp.bfloat16): (x,),
        SelfAttention(spectral=True, dtype=jnp.bfloat16): (x, True),
        PixelNorm(dtype=jnp.bfloat16): (x,),
        NoiseInput(dtype=jnp.bfloat16): (x, True, index),
    }
    for layer, args in calls.items():
        out, variables = jax.eval_shape(lambda x, layer=layer, args=args: layer.init_with_output(key, x, *args[1:]), x)
        assert (out.shape, out.dtype) == (x.shape if layer.__class__ is not EqualDense else (4, 4, 4, 8), jnp.bfloat16)
        assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(variables.get("params", {})))
    logits = jax.eval_shape(lambda x: Projection(dtype=jnp.bfloat16).init_with_output(key, x, True)[0], x[:, 0, 0])
    assert (logits.shape, logits.dtype) == ((4,), jnp.float32)
    assert minibatch_stddev(x.astype(jnp.bfloat16)).dtype == jnp.bfloat16


def deviation(x, group, features):
    """New channels of minibatch_stddev, one by one."""
    x = np.asarray(x, np.float64)
    b, h, w, c = x.shape
    new, run = np.zeros((b, h, w, features)), c // features
    for first in range(0, b, group):
        for i in range(features):
            stds = np.sqrt(x[first : first + group, :, :, i * run : (i + 1) * run].var(0) + 1e-8)
            new[first : first + group, :, :, i] = stds.mean()
    return np.concatenate([x, new], -1)


@pytest.mark.parametrize(("rows", "group", "features"), [(8, 4, 1), (12, 4, 3), (6, 3, 2), (3, 4, 1), (5, 1, 6)])
def test_minibatch_stddev_is_the_mean_deviation_of_neighbours(rows, group, features):
    x = normal(1, rows, 3, 2, 6) * np.exp(normal(2, rows, 1, 1, 6))
    y = minibatch_stddev(x, group, features)
    assert_close(y, deviation(x, min(group, rows), features), 1e-6)
    np.testing.assert_array_equal(y[..., :6], x)


@pytest.mark.parametrize("devices", [2, 3, 4, 6, 8, 24])  # 12, 8, 6, 4, 3 rows and 1 row each
def test_minibatch_stddev_ignores_the_number_of_devices(devices):
    x, c = normal(1, 24, 2, 2, 4) * np.exp(normal(2, 24, 1, 1, 4)), normal(3, 24, 2, 2, 6)
    loss = lambda x, c, **options: jnp.sum(c * minibatch_stddev(x, 4, 2, **options))
    split = lambda x: x.reshape(devices, 24 // devices, *x.shape[1:])
    mapped = lambda f: jax.vmap(f, axis_name="data")
    one = quick(lambda x, c: (minibatch_stddev(x, 4, 2), jax.grad(loss)(x, c)))(x, c)
    many = quick(
        lambda x, c: (
            mapped(lambda x: minibatch_stddev(x, 4, 2, axis_name="data"))(x),
            # each device differentiates the sum over all, as the transposes of collectives do under pmap
            jax.grad(lambda x: jnp.sum(mapped(lambda x, c: loss(x, c, axis_name="data"))(x, c)))(x),
        )
    )(split(x), split(c))
    for ours, whole in zip(many, one, strict=True):
        assert_close(ours.reshape(whole.shape), np.asarray(whole), 1e-6)
    alone = quick(jax.vmap(lambda x: minibatch_stddev(x, 4, 2)))(split(x)) if 24 // devices % 4 == 0 else None
    if alone is not None:  # whole groups need no other shard
        assert_close(alone.reshape(one[0].shape), np.asarray(one[0]), 1e-6)


@pytest.mark.parametrize("rows", [1, 3])
def test_gathered_minibatch_stddev_under_pmap_is_that_of_the_whole_batch(rows):
    x = normal(1, 8, rows, 2, 2, 3)
    sharded = jax.pmap(lambda x: minibatch_stddev(x, axis_name="data"), axis_name="data")(x)
    assert_close(np.asarray(sharded).reshape(8 * rows, 2, 2, 4), deviation(x.reshape(8 * rows, 2, 2, 3), 4, 1), 1e-6)


def test_batches_and_channels_that_do_not_divide_are_bad_input():
    with pytest.raises(BadInput, match="batch of 6 does not divide into groups of 4"):
        minibatch_stddev(jnp.ones((6, 2, 2, 4)))
    with pytest.raises(BadInput, match="4 channels do not divide into features=3"):
        minibatch_stddev(jnp.ones((4, 2, 2, 4)), features=3)


def attended(params, x, scale=lambda w: 1.0):
    """Eq. 1 to 3 place by place."""
    x = np.asarray(x, np.float64)
    f, g, h, v = (np.asarray(params[name]["kernel"], np.float64) for name in "fghv")
    f, g, h, v = (w / scale(w) for w in (f, g, h, v))
    out = np.empty_like(x)
    for image, new in zip(x, out, strict=True):
        places = image.reshape(-1, image.shape[-1])
        for j, place in enumerate(places):
            s = np.array([(other @ f) @ (place @ g) for other in places])
            beta = np.exp(s - s.max()) / np.exp(s - s.max()).sum()
            o = sum(b * (other @ h) for b, other in zip(beta, places, strict=True)) @ v
            new.reshape(-1, image.shape[-1])[j] = float(params["gamma"]) * o + place
    return out


def largest(w):
    return np.linalg.svd(w.reshape(-1, w.shape[-1]), compute_uv=False)[0]


@pytest.mark.parametrize("spectral", [True, False])
@pytest.mark.parametrize(("channels", "reduce", "small"), [(16, 8, 2), (6, 2, 3), (4, 8, 1)])
def test_attention_is_that_of_the_paper(channels, reduce, small, spectral):
    x = normal(1, 2, 3, 4, channels)
    layer = SelfAttention(reduce, spectral)
    variables = started(layer, x, True)
    params = variables["params"]
    assert {name: params[name]["kernel"].shape for name in "fghv"} == {
        **dict.fromkeys("fgh", (channels, small)),
        "v": (small, channels),
    }
    np.testing.assert_array_equal(layer.apply(variables, x, False), x)  # gamma starts at 0
    params = {**params, "gamma": jnp.float32(0.7)}
    y = quick(lambda variables, x: layer.apply(variables, x, False))({**variables, "params": params}, x)
    assert np.abs(y - x).max() > 0.05
    assert_close(y, attended(params, x, largest if spectral else lambda w: 1.0))


def test_gradients_of_attention_at_the_start_reach_gamma_alone():
    x, layer = normal(1, 2, 3, 4, 16), SelfAttention()
    variables = started(layer, x, True)
    grads = jax.grad(lambda params: jnp.sum(layer.apply({"params": params}, x, True) ** 2))(variables["params"])
    assert abs(grads["gamma"]) > 1e-3
    assert all(not np.any(grads[name]["kernel"]) for name in "fghv")


@pytest.mark.parametrize("spectral", [True, False])
def test_projection_is_the_inner_product_with_the_embedded_label(spectral):
    phi, label = normal(1, 5, 12), np.eye(4, dtype=np.float32)[[0, 3, 1, 1, 2]]
    head = Projection(spectral)
    variables = started(head, phi, True, label)
    params = variables["params"]
    assert params["embed"]["kernel"].shape == (4, 12) and set(params["embed"]) == {"kernel"}
    params = {**params, "psi": {**params["psi"], "bias": jnp.float32([0.3])}}
    psi, v = (np.asarray(params[name]["kernel"], np.float64) for name in ("psi", "embed"))
    psi, v = (w / largest(w) if spectral else w for w in (psi, v))
    exact = phi @ psi[:, 0] + 0.3
    assert_close(head.apply({**variables, "params": params}, phi, False), exact)
    exact = exact + np.sum((label @ v) * phi, axis=1)
    assert_close(head.apply({**variables, "params": params}, phi, False, label), exact)


def test_an_unconditional_projection_has_no_embedding():
    assert set(started(Projection(), normal(1, 5, 12), True)["params"]) == {"psi"}


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 5, 6)])
def test_pixel_norm_divides_by_the_root_mean_square_of_the_channels(shape):
    x = 3 * normal(1, *shape)
    x[0] = 0
    exact = x / np.sqrt(np.mean(x.astype(np.float64) ** 2, -1, keepdims=True) + 1e-8)
    assert_close(PixelNorm().apply({}, x), exact, 1e-6)
    assert_close(Norm("pixel").apply({}, x, True), exact, 1e-6)
    wide = PixelNorm(dtype=jnp.bfloat16).apply({}, jnp.asarray(1e-3 * x, jnp.bfloat16))
    assert wide.dtype == jnp.bfloat16


class Noisy(nn.Module):
    """Two noise inputs of strength 1 each, seen apart."""

    @nn.compact
    def __call__(self, x, index=None, *, train):
        return jnp.stack([NoiseInput(name=name)(x, train, index) - x for name in ("a", "b")])


def noisy(x, rows):
    net = from_flax(Noisy())
    variables = net.init(jax.random.key(0), x, jnp.arange(rows))
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(variables["params"]))  # no noise at the start
    return net, {**variables, "params": jax.tree.map(jnp.ones_like, variables["params"])}


def test_noise_in_training_belongs_to_a_sample_s_place_in_the_batch():
    x = normal(1, 6, 16, 16, 3)
    net, variables = noisy(x, 6)
    draw = lambda x, index, seed=1: net.apply(variables, x, index, key=jax.random.key(seed))
    noise, moved = draw(x, jnp.arange(6))
    jax.tree.map(np.testing.assert_array_equal, moved, {"noise": variables["noise"]})
    np.testing.assert_allclose(noise, np.broadcast_to(noise[..., :1], noise.shape), atol=1e-6)  # one for all channels
    for rows in (slice(0, 2), slice(2, 6)):  # shards draw what one device does
        assert_close(draw(x[rows], jnp.arange(6)[rows])[0], np.asarray(noise)[:, rows], 1e-6)
    flat = np.asarray(noise)[..., 0].reshape(12, -1)
    np.testing.assert_allclose(np.corrcoef(flat), np.eye(12), atol=0.3)  # of samples and of layers: independent
    assert abs(flat.mean()) < 0.08 and abs(flat.std() - 1) < 0.08
    assert np.abs(draw(x, jnp.arange(6), 2)[0] - noise).max() > 1


def test_noise_out_of_training_is_one_image_for_all():
    x = normal(1, 6, 16, 16, 3)
    net, variables = noisy(x, 6)
    noise, moved = net.apply(variables, x, train=False)
    assert moved == {}
    np.testing.assert_allclose(noise, np.broadcast_to(noise[:, :1, :, :, :1], noise.shape), atol=1e-6)
    np.testing.assert_array_equal(noise, net.apply(variables, x, train=False, key=jax.random.key(5))[0])
    a, b = np.asarray(noise)[:, 0, :, :, 0].reshape(2, -1)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.3 and abs(a.std() - 1) < 0.15
    assert all(leaf.dtype == jnp.uint32 for leaf in jax.tree.leaves(variables["noise"]))
    other = from_flax(Noisy()).init(jax.random.key(1), x, jnp.arange(6))["noise"]
    assert any(np.any(old != new) for old, new in zip(*map(jax.tree.leaves, (variables["noise"], other)), strict=True))


def test_noise_in_training_without_an_index_is_bad_input():
    x = normal(1, 6, 4, 4, 3)
    net, variables = noisy(x, 6)
    with pytest.raises(BadInput, match=r"noise for 6 samples in training, and index=None: give batch\['index'\]"):
        net.apply(variables, x, key=jax.random.key(1))


LAYERS = {
    "conv": (EqualConv(3, up=2), ()),
    "stddev": (lambda x: minibatch_stddev(x, 2), None),
    "attention": (SelfAttention(2), (True,)),
    "pixel": (PixelNorm(), ()),
}


@pytest.mark.parametrize("name", LAYERS)
def test_second_derivatives_of_new_layers_are_finite_differences(name):
    layer, args = LAYERS[name]
    with jax.enable_x64(True):
        x, way, other = (jnp.asarray(normal(i, 2, 3, 4, 4), jnp.float64) for i in range(3))
        if args is None:
            play = lambda x: layer(x)
        else:
            variables = jax.tree.map(lambda p: 0.3 + p.astype(jnp.float64), started(layer, x, *args))
            play = lambda x: layer.copy(dtype=jnp.float64).apply(variables, x, *args)
        slope = lambda x: jnp.vdot(way, jax.grad(lambda x: jnp.sum(jnp.sin(play(x))))(x))
        both = quick(lambda x: (slope(x), jnp.vdot(other, jax.grad(slope)(x))))
        step = 1e-4 if name in ("stddev", "pixel", "attention") else 1e-5
        differences = (both(x + step * other)[0] - both(x - step * other)[0]) / (2 * step)
        second = both(x)[1]
        assert abs(second) > 1e-2
        np.testing.assert_allclose(second, differences, rtol=1e-4 if name == "conv" else 2e-3)

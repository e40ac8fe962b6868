"""SNGAN against the tables of its papers; its residual blocks against the order that the papers draw."""

import json
from dataclasses import asdict
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan import build, losses
from jaxgan.config import from_json
from jaxgan.data import Spec
from jaxgan.errors import BadInput
from jaxgan.layers import Residual, ResizedConv, conv, conv_doubled, conv_halved, downsample, upsample
from jaxgan.models import sngan
from jaxgan.recipes import sngan as recipe
from jaxgan.sharing import with_index
from jaxgan.tasks import adversarial

TINY = {"width": 1 / 64}  # at 32 pixels 4 channels in G and 2 in D
BFLOAT16 = jnp.dtype(jnp.bfloat16)


def inputs(net, shape, rows=3):
    """Noise of this shape, with labels where the net takes them."""
    return normal(0, rows, *shape), *((np.arange(rows, dtype=np.int32),) if net.classes else ())


def shapes(net, *args):
    """Variables and output as shapes: nothing is computed."""

    def both(*args):
        variables = net.init(jax.random.key(0), *args)
        return variables, net.apply(variables, *args)[0]

    return jax.eval_shape(both, *args)


def count(net, shape):
    return sum(leaf.size for leaf in jax.tree.leaves(shapes(net, *inputs(net, shape))[0]["params"]))


def shaken(net, *args):
    """Initial variables with noise on all parameters: labels and attention act through some that start at zero."""
    draw = np.random.default_rng(1)
    variables = quick(net.init)(jax.random.key(0), *args)
    noisy = lambda leaf: leaf + draw.normal(0, 0.2, leaf.shape).astype(np.float32)
    return {**variables, "params": jax.tree.map(noisy, variables["params"])}


def judged(net, variables, *args):
    return np.asarray(quick(lambda *args: net.apply(*args)[0])(variables, *args))


def three(c, o):
    return 9 * c * o + o


def one(c, o):
    return c * o + o


def up(c, o, norm=2):
    """Parameters of a block of G: two norms, two convolutions and the shortcut, all without bias."""
    return norm * (c + o) + 9 * c * o + 9 * o * o + c * o


def down(c, o, hidden, shortcut=True):
    return three(c, hidden) + three(hidden, o) + shortcut * one(c, o)


def test_at_32_the_parameters_are_those_of_table_4():
    # 4,276,739 with the 256 biases of three layers in each of three blocks, all of which batch norms take away
    expected = one(128, 16 * 256) + 3 * up(256, 256) + 2 * 256 + three(256, 3)
    assert count(sngan.generator(32), (128,)) == expected == 4_276_739 - 9 * 256
    expected = down(3, 128, 128) + down(128, 128, 128) + 2 * down(128, 128, 128, shortcut=False) + one(128, 1)
    assert count(sngan.discriminator(32), (32, 32, 3)) == expected == 1_053_825


def test_labels_have_a_scale_and_a_shift_in_each_block_norm_and_an_embedding():
    expected = one(128, 16 * 256) + 3 * up(256, 256, norm=2 * 10) + 2 * 256 + three(256, 3)
    assert count(sngan.generator(32, classes=10), (128,)) == expected
    assert count(sngan.discriminator(32, classes=10), (32, 32, 3)) == 1_053_825 + 10 * 128


@pytest.mark.parametrize("resolution", [64, 128])
def test_above_32_the_channels_are_those_of_figure_14(resolution):
    blocks = [(1024, 512), (512, 256), (256, 128), (128, 64)]
    blocks = [(1024, 1024), *blocks] if resolution == 128 else blocks
    expected = one(128, 16 * 1024) + sum(up(*block) for block in blocks) + 2 * 64 + three(64, 3)
    assert count(sngan.generator(resolution), (128,)) == expected
    blocks = [(3, 64, 64), (64, 128, 64), (128, 256, 128), (256, 512, 256), (512, 1024, 512)]
    last = down(1024, 1024, 1024, shortcut=False) if resolution == 128 else 0
    expected = sum(down(*block) for block in blocks) + last + one(1024, 1)
    assert count(sngan.discriminator(resolution), (resolution, resolution, 3)) == expected


@pytest.mark.parametrize("dtype", [jnp.float32, BFLOAT16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize(("classes", "attention"), [(None, ()), (3, (8, 16))])
@pytest.mark.parametrize("resolution", [32, 64, 128])
def test_images_and_logits_are_float32_at_every_resolution(resolution, classes, attention, dtype):
    same = {**TINY, "attention": attention, "spectral": True, "classes": classes, "dtype": dtype}
    g, d = sngan.generator(resolution, 1, **same), sngan.discriminator(resolution, **same)
    for net, shape, out in ((g, (6,), (resolution, resolution, 1)), (d, (resolution, resolution, 1), ())):
        variables, shown = shapes(net, *inputs(net, shape))
        assert net.classes == classes and shown.shape == (3, *out) and shown.dtype == jnp.float32
        assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}
        assert sum("SelfAttention" in name for name in variables["params"]) == len(attention)


@pytest.mark.parametrize("resolution", [32, 64, 128])
def test_attention_stands_behind_the_block_of_its_size(resolution):
    for net, shape, size in (
        (sngan.generator(resolution, 1, attention=(resolution // 2,)), (6,), resolution // 2),
        (sngan.discriminator(resolution, attention=(resolution // 2,)), (resolution, resolution, 1), resolution // 2),
    ):
        args = inputs(net, shape)
        variables = jax.eval_shape(net.init, jax.random.key(0), *args)
        program = jax.make_jaxpr(lambda v: net.apply(v, *args)[0])(variables)  # noqa: B023
        scores = [v.aval.shape for e in program.eqns for v in e.outvars if e.primitive.name == "exp"]
        assert scores == [(3, size**2, size**2)]


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_resizing_in_the_convolution_is_resizing_beside_it(kernel):
    x, w = normal(1, 2, 6, 4, 3), normal(2, kernel, kernel, 3, 5)
    assert_close(conv_doubled(x, w), conv(upsample(x), w))
    assert_close(conv_halved(x, w), downsample(conv(x, w)))
    with pytest.raises(BadInput, match=r"a kernel of \(2, 2\).*odd"):
        conv_doubled(x, w[:2, :2] if kernel > 1 else np.zeros((2, 2, 3, 5)))
    with pytest.raises(BadInput, match=r"\(5, 4\) cannot be halved.*even"):
        conv_halved(x[:, 1:], w)
    with pytest.raises(BadInput, match="unknown resize 'dwon': did you mean down"):
        jax.eval_shape(ResizedConv(5, resize="dwon").init, jax.random.key(0), x, True)


def drawn(params, x, resize, first=jax.nn.relu, second=jax.nn.relu):
    """A residual block in the order that the papers draw, with what stands before its convolutions."""
    biased = lambda name, x: x + params[name]["bias"].reshape(1, 1, 1, -1) if "bias" in params[name] else x
    double, halve = (f if resize == way else lambda x: x for f, way in ((upsample, "up"), (downsample, "down")))
    h = biased("ResizedConv_0", conv(double(first(x)), params["ResizedConv_0"]["kernel"]))
    h = halve(biased("ResizedConv_1", conv(second(h), params["ResizedConv_1"]["kernel"])))
    if "shortcut" not in params:
        return h + x
    return h + halve(biased("shortcut", double(x) @ params["shortcut"]["kernel"]))


@pytest.mark.parametrize("preactivate", [True, False])
@pytest.mark.parametrize("resize", ["none", "up", "down"])
def test_a_residual_block_is_what_the_papers_draw_to_the_second_derivative(resize, preactivate):
    block = Residual(4, resize, hidden=5, preactivate=preactivate)
    x, mix = normal(1, 2, 4, 6, 3), normal(2, 4)
    params = block.init(jax.random.key(0), x, True)["params"]
    first = jax.nn.relu if preactivate else lambda x: x

    def all_of(play):
        score = lambda params, x: jnp.sum(jnp.tanh(play(params, x) @ mix))
        penalty = lambda params: jnp.sum(jax.grad(score, 1)(params, x) ** 2)
        return quick(lambda params: (play(params, x), penalty(params), jax.grad(penalty)(params)))(params)

    ours = all_of(lambda params, x: block.apply({"params": params}, x, True))
    jax.tree.map(lambda a, b: assert_close(a, b, 1e-4), ours, all_of(lambda params, x: drawn(params, x, resize, first)))


def test_the_networks_are_what_the_papers_draw():
    def normed(params, label, x):
        y = (x - x.mean((0, 1, 2), keepdims=True)) / jnp.sqrt(x.var((0, 1, 2), keepdims=True) + 1e-5)
        if label is None:
            return jax.nn.relu(y * params["scale"].reshape(1, 1, 1, -1) + params["bias"].reshape(1, 1, 1, -1))
        scale, shift = (params[name]["kernel"][label][:, None, None] for name in ("scale", "shift"))
        return jax.nn.relu(y * (1 + scale) + shift)

    def generator(params, z, label):
        x = (z @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"].reshape(1, -1)).reshape(3, 4, 4, -1)
        for i in range(3):
            block = params[f"Residual_{i}"]
            x = drawn(block, x, "up", *(partial(normed, block[n], label) for n in ("Norm_0", "Norm_1")))
        x = conv(normed(params["Norm_0"], None, x), params["Conv_0"]["kernel"])
        return jnp.tanh(x + params["Conv_0"]["bias"].reshape(1, 1, 1, -1))

    def discriminator(params, x, label):
        for i, resize in enumerate(("down", "down", "none", "none")):
            x = drawn(params[f"Residual_{i}"], x, resize, jax.nn.relu if i > 0 else lambda x: x)
        phi, head = jax.nn.relu(x).sum((1, 2)), params["Projection_0"]
        psi = (phi @ head["psi"]["kernel"])[:, 0] + head["psi"]["bias"]
        return psi + (head["embed"]["kernel"][label] * phi).sum(1)

    same = {**TINY, "classes": 3}
    for net, shape, ours in (
        (sngan.generator(32, 2, **same), (6,), generator),
        (sngan.discriminator(32, **same, spectral=False), (32, 32, 2), discriminator),
    ):
        args = inputs(net, shape)
        variables = shaken(net, *args)
        assert_close(judged(net, variables, *args), quick(ours)(variables["params"], *args), 1e-4)


def test_a_block_of_the_same_size_and_channels_has_the_identity_beside_it():
    x = normal(1, 2, 4, 4, 3)
    params = Residual(3).init(jax.random.key(0), x, True)["params"]
    assert set(params) == {"ResizedConv_0", "ResizedConv_1"}
    zero = jax.tree.map(jnp.zeros_like, params)
    np.testing.assert_array_equal(Residual(3).apply({"params": zero}, x, True), x)


@pytest.mark.parametrize("side", ["g", "d"])
def test_spectral_norm_of_every_weight_is_right_from_step_0(side):
    same = {**TINY, "attention": (16,), "spectral": True, "classes": 3}
    net, shape = (
        (sngan.generator(32, 1, **same), (6,)) if side == "g" else (sngan.discriminator(32, **same), (32, 32, 1))
    )
    variables = quick(net.init)(jax.random.key(3), *inputs(net, shape))
    flat = lambda tree: {tuple(k.key for k in path): np.asarray(x) for path, x in jax.tree.leaves_with_path(tree)}
    kernels = {path[:-1]: x for path, x in flat(variables["params"]).items() if path[-1] == "kernel"}
    kernels = {path: x for path, x in kernels.items() if path[-1] not in ("scale", "shift")}  # the labels' in G's norms
    found = {path[: path.index("spectral")]: u for path, u in flat(variables["spectral"]).items()}
    assert found.keys() == kernels.keys() and len(kernels) > 12
    for path, u in found.items():
        matrix = kernels[path].reshape(-1, len(u))
        np.testing.assert_allclose(np.linalg.norm(matrix @ u), np.linalg.norm(matrix, 2), rtol=2e-3, err_msg=str(path))
    louder = {**variables, "params": jax.tree.map(lambda x: 3 * x if x.ndim > 1 else x, variables["params"])}
    if side == "d":  # all biases are 0, so that only what is normalised counts
        assert_close(judged(net, louder, *inputs(net, shape)), judged(net, variables, *inputs(net, shape)))


def test_a_judgement_does_not_depend_on_the_other_samples():
    net = sngan.discriminator(32, **TINY, attention=(8,), classes=3)
    x, label = inputs(net, (32, 32, 1))
    variables = shaken(net, x, label)
    other = np.where(np.arange(3)[:, None, None, None] == 1, x, normal(7, *x.shape))
    a, b = judged(net, variables, x, label), judged(net, variables, other, label)
    np.testing.assert_allclose(a[1], b[1], rtol=1e-5)
    assert (np.abs(a - b) > 1e-3).tolist() == [True, False, True]


def test_the_label_changes_what_both_networks_give():
    for net, shape in (
        (sngan.generator(32, 1, **TINY, classes=3), (6,)),
        (sngan.discriminator(32, **TINY, classes=3), (32, 32, 1)),
    ):
        x, label = inputs(net, shape)
        variables = shaken(net, x, label)
        play = quick(lambda *args: net.apply(*args, train=False)[0])  # noqa: B023
        change = np.abs(play(variables, x, label) - play(variables, x, np.array([0, 2, 2], np.int32)))
        assert (np.asarray(change).reshape(3, -1).max(1) > 1e-3).tolist() == [False, True, False]


def test_a_gradient_penalty_trains_every_weight_of_the_discriminator():
    d = sngan.discriminator(32, **TINY, attention=(16,))
    gan = adversarial(sngan.generator(32, 1, **TINY), d, loss=losses.hinge, penalties=(losses.r1(1.0),))
    batch = with_index({"image": normal(0, 2, 32, 32, 1)})
    variables = shaken(d, batch["image"])

    def penalty(params):
        fakes, key = normal(1, 2, 32, 32, 1), jax.random.key(0)
        return gan.losses({**variables, "params": params}, fakes, batch, key).metrics.d["penalty"]

    value, grads = quick(jax.value_and_grad(penalty))(variables["params"])
    assert value > 0
    for path, grad in jax.tree.leaves_with_path(grads):  # biases behind attention do not change the slope of ReLUs
        assert np.isfinite(grad).all() and (grad.ndim < 2 or np.abs(grad).max() > 1e-6), path


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: sngan.generator(20), r"n from 3 to 5, not 20x20: set --resolution 24$"),
        (lambda: sngan.discriminator(512), r"not 512x512: set --resolution 128"),
        (lambda: sngan.check_shape((16, 36, 3)), r"not 16x36: set --resolution 16 --aspect 2.5"),
        (lambda: sngan.check_shape((2,)), r"for images, not for samples of shape \(2,\)"),
        (
            lambda: sngan.generator(32, attention=(64,)),
            r"attention at 64: the generator of 32x32 has the sizes 8, 16, 32",
        ),
        (lambda: sngan.generator(64, attention=(4,)), r"attention at 4: .* 8, 16, 32, 64: take one"),
        (
            lambda: sngan.discriminator(32, attention=(32,)),
            r"attention at 32: the discriminator of 32x32 .* 8, 16: take",
        ),
        (lambda: sngan.discriminator(64, attention=(16, 64)), r"attention at 64: .* 2, 4, 8, 16, 32: take"),
        (lambda: sngan.generator(32, width=0), "width is 0: give a number above 0"),
        (
            lambda: shapes(sngan.discriminator(64, **TINY), np.zeros((2, 32, 32, 3), np.float32)),
            r"images are 32x32, the discriminator is for 64x64: build it with resolution=\(32, 32\)",
        ),
    ],
)
def test_what_the_networks_cannot_do_is_bad_input(build, said):
    with pytest.raises(BadInput, match=said):
        build()


def test_the_recipe_is_the_papers_and_goes_through_json():
    config = recipe.Config(**{**recipe.TINY, "attention": (16, 8)}, spectral_norm_g=True, conditional=True)
    assert from_json(recipe.Config, json.loads(json.dumps(asdict(config))), "there") == config
    assert (config.loss, config.lr_g, config.b1, config.b2) == ("hinge", 2e-4, 0.0, 0.9)
    assert (config.z_dim, config.d_steps, config.schedule) == (128, 5, "linear")
    specs = {"image": Spec((32, 32, 1)), "label": Spec((), "int32", "", ("a", "b", "c"))}
    gan = build.experiment(recipe, config, specs).gan
    batch = with_index({"image": np.zeros((2, 32, 32, 1), np.uint8), "label": np.zeros(2, np.int32)})
    pair = jax.eval_shape(gan.init, jax.random.key(0), batch)
    for variables in pair:
        assert {"SelfAttention_0", "SelfAttention_1"} < set(variables["params"]) and variables["spectral"]
    with pytest.raises(BadInput, match="--attention is 32: give a list"):
        from_json(recipe.Config, {"attention": 32}, "there")
    with pytest.raises(BadInput, match=r"attention at 32: the discriminator of 32x32"):
        build.experiment(recipe, recipe.Config(attention=(32,)), specs)

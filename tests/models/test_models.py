"""Networks: what they promise in shape, type and size, what labels do, and what they refuse."""

from itertools import pairwise

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import build, losses
from jaxgan.errors import BadInput
from jaxgan.layers import NORMS, Norm
from jaxgan.models import dcgan, mlp, texture
from jaxgan.net import DiscriminatorOutput, Net, from_flax
from jaxgan.sharing import with_index
from jaxgan.tasks import adversarial

FLOAT32, BFLOAT16 = jnp.dtype(jnp.float32), jnp.dtype(jnp.bfloat16)
SMALL = {"width": 4, "max_width": 8}


def inputs(net, shape, rows=2):
    """Shapes of what the net takes: x or z, and a label where there are classes."""
    label = (jax.ShapeDtypeStruct((rows,), jnp.int32),) if net.classes else ()
    return jax.ShapeDtypeStruct((rows, *shape), jnp.float32), *label


def shapes(net, *args, train=True):
    """Variables and output as shapes: nothing is computed."""

    def both(*args):
        variables = net.init(jax.random.key(0), *args)
        return variables, net.apply(variables, *args, train=train)

    variables, (out, moved) = jax.eval_shape(both, *args)
    assert jax.tree.structure(moved) == jax.tree.structure({k: variables[k] for k in moved})
    assert set(moved) == (set(variables) - {"params"} if train else set())
    assert {leaf.dtype for leaf in jax.tree.leaves((variables, moved))} == {FLOAT32}
    return variables, out


def count(variables, collection="params"):
    return sum(leaf.size for leaf in jax.tree.leaves(variables.get(collection, {})))


GENERATORS = [
    *({"resolution": r, "channels": c} for r, c in ((8, 1), (16, 3), (32, 4), (128, 3))),
    *({"norm": norm} for norm in NORMS),
    *({"up": up} for up in ("transpose", "nearest", "bilinear")),
    {"kernel": 5},
    {"classes": 3},
    *({"classes": 3, "labels": "norm", "norm": norm} for norm in NORMS if norm != "none"),
    {"classes": 3, "norm": "none"},
]


@pytest.mark.parametrize("options", GENERATORS, ids=str)
@pytest.mark.parametrize("dtype", [FLOAT32, BFLOAT16], ids=str)
def test_dcgan_generator_gives_float32_images_of_its_resolution(options, dtype):
    options = {"resolution": 16, "channels": 1, **SMALL, **options}
    net = dcgan.generator(**options, dtype=dtype)
    assert net.classes == options.get("classes")
    for train in (True, False) if dtype == FLOAT32 else (True,):
        _, out = shapes(net, *inputs(net, (6,)), train=train)
        assert out.shape == (2, options["resolution"], options["resolution"], options["channels"])
        assert out.dtype == FLOAT32


DISCRIMINATORS = [
    *({"shape": (r, r, c)} for r, c in ((8, 1), (32, 4), (128, 3))),
    *({"norm": norm} for norm in NORMS),
    {"kernel": 5},
    {"spectral": True, "norm": "none"},
    *({"classes": 3, "labels": labels} for labels in ("concat", "projection")),
    {"classes": 3, "labels": "projection", "spectral": True},
]


@pytest.mark.parametrize("options", DISCRIMINATORS, ids=str)
@pytest.mark.parametrize("dtype", [FLOAT32, BFLOAT16], ids=str)
def test_dcgan_discriminator_gives_a_logit_for_each_image(options, dtype):
    options = dict(options)
    shape = options.pop("shape", (16, 16, 1))
    net = dcgan.discriminator(**SMALL, **options, dtype=dtype)
    _, out = shapes(net, *inputs(net, shape))
    assert out.shape == (2,) and jnp.issubdtype(out.dtype, jnp.floating)
    if dtype == FLOAT32:
        assert out.dtype == FLOAT32


@pytest.mark.parametrize("classes", [None, 3])
@pytest.mark.parametrize("dtype", [FLOAT32, BFLOAT16], ids=str)
def test_mlp_pair_gives_float32_samples_and_a_logit_for_each(classes, dtype):
    for shape in ((2,), (5, 4, 3)):
        g = mlp.generator(shape, (7, 8), classes=classes, dtype=dtype)
        d = mlp.discriminator((8, 7), classes=classes, spectral=True, dtype=dtype)
        _, out = shapes(g, *inputs(g, (6,)))
        assert out.shape == (2, *shape) and out.dtype == FLOAT32
        _, out = shapes(d, *inputs(d, shape))
        assert out.shape == (2,) and jnp.issubdtype(out.dtype, jnp.floating)


@pytest.mark.parametrize("family", ["mlp", "dcgan"])
def test_losses_of_bfloat16_networks_are_float32(family):
    if family == "mlp":
        g, d = mlp.generator((8, 8, 1), (6,), dtype=BFLOAT16), mlp.discriminator((6,), dtype=BFLOAT16)
    else:
        g, d = dcgan.generator(8, 1, **SMALL, dtype=BFLOAT16), dcgan.discriminator(**SMALL, dtype=BFLOAT16)
    gan = adversarial(g, d, penalties=(losses.r1(),))
    batch = {"image": np.zeros((2, 8, 8, 1), np.float32)}

    def play(key):
        pair = gan.init(key, with_index(batch))
        fakes, _ = gan.generate(pair.g, with_index(batch), key)
        return gan.losses(pair.d, fakes, with_index(batch), key)

    out = jax.eval_shape(play, jax.random.key(0))
    for scalar in (out.g, out.d, *out.metrics.d.values()):
        assert scalar.shape == () and scalar.dtype == FLOAT32


def test_mlp_pair_has_the_parameters_of_its_layers():
    g, d = mlp.generator(), mlp.discriminator()
    variables, out = shapes(g, *inputs(g, (100,)))
    assert out.shape == (2, 28, 28, 1)
    # 100 x 128 + 128, 128 x 256 + 256, 256 x 512 + 512, 512 x 784 + 784
    assert count(variables) == 12_928 + 33_024 + 131_584 + 402_192 == 579_728
    assert set(variables) == {"params"}
    variables, _ = shapes(d, *inputs(d, (28, 28, 1)))
    # 784 x 512 + 512, 512 x 256 + 256, 256 x 128 + 128, 128 x 1 + 1
    assert count(variables) == 401_920 + 131_328 + 32_896 + 129 == 566_273


def test_the_deep_mlp_pair_has_the_parameters_of_its_layers():
    from jaxgan.config import Config
    from jaxgan.data import Spec
    from jaxgan.recipes import deep_mlp

    specs = {"image": Spec((28, 28, 1))}
    made = build.experiment(deep_mlp, deep_mlp.Config(), specs)
    state = jax.eval_shape(lambda: build.initial_state(made, Config(batch_size=2), specs))
    widths = lambda params: [leaf.shape for leaf in jax.tree.leaves(params) if len(leaf.shape) == 2]
    dense = lambda *sizes: sorted(pairwise(sizes))
    assert sorted(widths(state.g.params)) == dense(100, 128, 256, 512, 1024, 2048, 4096, 8192, 784)
    assert sorted(widths(state.d.params)) == dense(784, 8192, 4096, 2048, 512, 256, 128, 1)
    assert round(sum(count(v.variables) for v in (state.g, state.d)) / 1e6) == 101
    assert deep_mlp.Config().keep_latest == 1 and deep_mlp.Config().loss == "bce"


def test_activations_are_one_for_each_hidden_layer():
    z = jnp.ones((3, 4))
    net = mlp.generator((2,), (4, 4), act=(mlp.linear, mlp.linear), final=mlp.linear)
    variables = net.init(jax.random.key(0), z)
    at = lambda z: net.apply(variables, z)[0]
    np.testing.assert_allclose(at(-2 * z), -2 * at(z), rtol=1e-5)  # linear all the way: the biases start at 0
    net = mlp.generator((2,), (4, 4), act=(mlp.linear, mlp.relu), final=mlp.linear)
    assert np.abs(net.apply(variables, -2 * z)[0] + 2 * net.apply(variables, z)[0]).max() > 1e-3
    with pytest.raises(BadInput, match="1 activations for 2 hidden layers"):
        mlp.generator((2,), (4, 4), act=(mlp.relu,))


@pytest.mark.parametrize("classes", [None, 3])
def test_the_texture_pair_is_what_the_tutorial_says(classes):
    generator, discriminator = texture.generator(classes=classes), texture.discriminator(classes=classes)
    more = classes or 0
    variables, images = shapes(generator, *inputs(generator, (100,)))
    assert images.shape == (2, 64, 64, 3) and images.dtype == FLOAT32
    sizes = sorted(leaf.shape for leaf in jax.tree.leaves(variables["params"]) if len(leaf.shape) > 1)
    assert sizes == sorted([(100 + more, 8 * 8 * 256), (5, 5, 128, 256), (5, 5, 64, 128), (5, 5, 3, 64)])
    variables, judged = shapes(discriminator, *inputs(discriminator, (64, 64, 3)))
    assert judged.logits.shape == (2,) and judged.features.shape == (2, 512)
    sizes = sorted(leaf.shape for leaf in jax.tree.leaves(variables["params"]) if len(leaf.shape) > 1)
    assert sizes == sorted([(64 * 64 * 3 + more, 1024), (1024, 512), (512, 1)])


def test_only_the_logits_of_a_judgement_are_judged_by():
    def net(outputs):
        def apply(variables, x, key=None, train=True):
            logits = x.reshape(len(x), -1).sum(1) * variables["params"]
            return outputs(logits, 1e6 * x), {}

        return Net(lambda key, x: {"params": jnp.ones(())}, apply)

    losses_of = []
    for outputs in (lambda logits, x: logits, DiscriminatorOutput):
        gan = adversarial(mlp.generator((4,), (3,)), net(outputs))
        out = gan.losses(
            {"params": jnp.ones(())}, jnp.ones((2, 4)), with_index({"image": jnp.zeros((2, 4))}), jax.random.key(0)
        )
        losses_of.append((float(out.g), float(out.d)))
    assert losses_of[0] == losses_of[1]


def test_a_batch_norm_behind_the_pixels_hides_brightness_and_moment_matching_tells_it():
    class Judge(nn.Module):
        @nn.compact
        def __call__(self, x, *, train):
            return Norm("batch")(x, train)[:, 0]

    bright = {"image": jnp.full((4, 1), 0.9) + 0.01 * jnp.arange(4.0)[:, None]}
    dark, judge = -bright["image"], from_flax(Judge())
    d = judge.init(jax.random.key(0), dark)
    plain = adversarial(mlp.generator((1,), (3,)), judge).losses(d, dark, with_index(bright), jax.random.key(0))
    assert abs(plain.metrics.d["real"] - plain.metrics.d["fake"]) < 1e-3
    told = adversarial(mlp.generator((1,), (3,)), judge, content={"matching": losses.moment_matching(2.0)})
    told = told.losses(d, dark, with_index(bright), jax.random.key(0))
    square = float(jnp.mean(bright["image"] - dark)) ** 2  # the mean squares are equal
    np.testing.assert_allclose(told.g - plain.g, 2 * square, rtol=1e-4)
    assert told.d == plain.d and told.metrics.g["matching"] == pytest.approx(2 * square, rel=1e-4)


def test_labels_of_an_mlp_are_more_inputs():
    g, d = mlp.generator(classes=10), mlp.discriminator(classes=10)
    assert count(shapes(g, *inputs(g, (100,)))[0]) == 579_728 + 10 * 128
    assert count(shapes(d, *inputs(d, (28, 28, 1)))[0]) == 566_273 + 10 * 512


def test_dcgan_of_64_pixels_has_the_parameters_of_its_layers():
    g, d = dcgan.generator(64, 3), dcgan.discriminator()
    variables, _ = shapes(g, *inputs(g, (100,)))
    # no bias before a batch norm, which has a scale and a shift for each channel and as many means and variances
    dense = 100 * (4 * 4 * 512)
    convolutions = 4 * 4 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 3
    norms = 2 * (512 + 256 + 128 + 64)
    assert count(variables) == dense + convolutions + norms == 3_576_707
    assert count(variables, "batch_stats") == norms
    variables, _ = shapes(d, *inputs(d, (64, 64, 3)))
    # a bias on the first layer, where no norm follows, and on the dense one
    convolutions = 4 * 4 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 64
    norms = 2 * (128 + 256 + 512)
    dense = 4 * 4 * 512 + 1
    assert count(variables) == convolutions + norms + dense == 2_765_633
    assert count(variables, "batch_stats") == norms


def test_width_doubles_towards_4x4_up_to_its_maximum():
    g = dcgan.generator(64, 3, width=16, max_width=40)
    kernels = {leaf.shape for leaf in jax.tree.leaves(shapes(g, *inputs(g, (10,)))[0]["params"]) if leaf.ndim == 4}
    assert kernels == {(4, 4, 40, 40), (4, 4, 32, 40), (4, 4, 16, 32), (4, 4, 3, 16)}
    d = dcgan.discriminator(width=16, max_width=40)
    kernels = {
        leaf.shape for leaf in jax.tree.leaves(shapes(d, *inputs(d, (64, 64, 3)))[0]["params"]) if leaf.ndim == 4
    }
    assert kernels == {(4, 4, 3, 16), (4, 4, 16, 32), (4, 4, 32, 40), (4, 4, 40, 40)}


@pytest.mark.parametrize("norm", NORMS)
def test_a_layer_before_a_norm_that_takes_the_mean_has_no_bias(norm):
    g, d = dcgan.generator(16, 1, **SMALL, norm=norm), dcgan.discriminator(**SMALL, norm=norm)
    for net, shape, ends in ((g, (6,), 1), (d, (16, 16, 1), 2)):  # the last of G; the first and the last of D
        params = shapes(net, *inputs(net, shape))[0]["params"]
        with_bias = [name for name, layer in params.items() if "Norm" not in name and "bias" in layer]
        assert len(with_bias) == (ends if norm in ("batch", "instance") else 3)


PAIRS = {
    "mlp": lambda classes: (
        mlp.generator((8, 8, 1), (9, 9), classes=classes),
        mlp.discriminator((9,), classes=classes),
    ),
    "dcgan_concat": lambda classes: (
        dcgan.generator(8, 1, **SMALL, classes=classes),
        dcgan.discriminator(**SMALL, classes=classes),
    ),
    "dcgan_norm_projection": lambda classes: (
        dcgan.generator(8, 1, **SMALL, classes=classes, labels="norm", up="nearest"),
        dcgan.discriminator(**SMALL, classes=classes, labels="projection", norm="none"),
    ),
}


def shaken(net, scale, *args):
    """Variables that are noise and statistics that are 1: labels act on parameters that start at zero."""
    draw = np.random.default_rng(0)
    variables = jax.eval_shape(net.init, jax.random.key(0), *args)
    fill = lambda leaf: draw.normal(0, scale, leaf.shape).astype(np.float32)
    return {
        k: jax.tree.map(fill if k == "params" else lambda leaf: np.ones(leaf.shape, leaf.dtype), v)
        for k, v in variables.items()
    }


def play(net, train):
    """What a net gives, compiled for a single run."""
    options = {"xla_backend_optimization_level": 0}
    return jax.jit(lambda variables, *args: net.apply(variables, *args, train=train)[0], compiler_options=options)


@pytest.mark.parametrize("name", PAIRS)
def test_label_changes_what_a_conditional_network_gives(name):
    draw = np.random.default_rng(1)
    one, other = np.array([0, 1, 2, 0], np.int32), np.array([0, 2, 2, 1], np.int32)
    for net, shape in zip(PAIRS[name](3), ((4, 6), (4, 8, 8, 1)), strict=True):
        x = draw.normal(size=shape).astype(np.float32)
        variables, judge = shaken(net, 0.5, x, one), play(net, False)
        a, b = judge(variables, x, one), judge(variables, x, other)
        changed = np.abs(np.asarray(a - b)).reshape(4, -1).max(1)
        np.testing.assert_array_equal(changed > 1e-3, one != other)
        np.testing.assert_allclose(judge(variables, x, np.eye(3, dtype=np.float32)[one]), a, atol=1e-5)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("name", PAIRS)
def test_generated_images_are_within_the_unit_range_and_differ_by_latent(name, train):
    g, _ = PAIRS[name](None)
    z = np.random.default_rng(1).normal(size=(16, 6)).astype(np.float32)
    images = np.asarray(play(g, train)(shaken(g, 2.0, z), z))
    assert 0.9 < np.abs(images).max() <= 1
    assert images.min() < -0.5 and images.max() > 0.5
    assert np.unique(images.reshape(16, -1), axis=0).shape[0] == 16


@pytest.mark.parametrize("size", [36, 27, 4, 0, 7])
def test_resolution_that_no_doublings_reach_is_bad_input(size):
    near = {36: 40, 27: 28, 4: 8, 0: 8, 7: 8}[size]
    with pytest.raises(BadInput, match=rf"a 2\^n x b 2\^n.*{size}x{size}.*--resolution {near}$"):
        dcgan.generator(size, 1)
    if size:
        d = dcgan.discriminator(**SMALL)
        with pytest.raises(BadInput, match=rf"a 2\^n x b 2\^n.*{size}x{size}.*--resolution {near}"):
            shapes(d, *inputs(d, (size, size, 1)))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: dcgan.generator(8, 1, norm="bacth"), "unknown norm 'bacth': did you mean batch"),
        (lambda: dcgan.generator(8, 1, up="bilnear"), "unknown up 'bilnear': did you mean bilinear"),
        (lambda: dcgan.generator(8, 1, classes=3, labels="projection"), "unknown labels 'projection': .*concat"),
        (lambda: dcgan.generator(8, 1, norm=None), "unknown norm 'None'"),
        (lambda: dcgan.discriminator(norm="spectral"), "unknown norm 'spectral'"),
        (lambda: dcgan.discriminator(classes=3, labels="norm"), "unknown labels 'norm'.*(concat|projection)"),
        (
            lambda: dcgan.generator(8, 1, classes=3, labels="norm", norm="none"),
            "labels='norm' with norm='none'.*choose a norm, or labels='concat'",
        ),
    ],
)
def test_unknown_and_contradictory_options_are_bad_input(build, said):
    with pytest.raises(BadInput, match=said):
        build()


def images(rows=4, size=8, channels=1, **more):
    return with_index({"image": np.zeros((rows, size, size, channels), np.uint8), **more})


@pytest.mark.parametrize(("classes_g", "classes_d"), [(3, None), (None, 3), (3, 4)])
def test_paired_networks_of_different_classes_are_bad_input(classes_g, classes_d):
    said = rf"generator has classes={classes_g}, the discriminator classes={classes_d}.*same number, or neither"
    with pytest.raises(BadInput, match=said):
        adversarial(mlp.generator(classes=classes_g), mlp.discriminator(classes=classes_d))


@pytest.mark.parametrize("name", PAIRS)
def test_missing_labels_are_bad_input_when_a_game_starts(name):
    gan = adversarial(*PAIRS[name](3))
    with pytest.raises(BadInput, match=r"classes=3 needs labels.*batch\['label'\]"):
        jax.eval_shape(gan.init, jax.random.key(0), images())
    jax.eval_shape(gan.init, jax.random.key(0), images(label=np.zeros(4, np.int32)))


@pytest.mark.parametrize("name", PAIRS)
def test_labels_of_another_number_of_classes_are_bad_input_when_a_game_starts(name):
    gan = adversarial(*PAIRS[name](3))
    with pytest.raises(BadInput, match=r"label is float32\[4, 5\], the network has classes=3"):
        jax.eval_shape(gan.init, jax.random.key(0), images(label=np.zeros((4, 5), np.float32)))


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (images(size=16), r"generator gives \(8, 8, 1\), the data set has \(16, 16, 1\).*--resolution"),
        (images(channels=3), r"generator gives \(8, 8, 1\), the data set has \(8, 8, 3\)"),
        (images(size=28), r"generator gives \(8, 8, 1\), the data set has \(28, 28, 1\)"),
    ],
)
@pytest.mark.parametrize("name", PAIRS)
def test_generator_of_another_shape_than_the_data_is_bad_input_when_a_game_starts(name, batch, said):
    gan = adversarial(*PAIRS[name](None))
    with pytest.raises(BadInput, match=said):
        jax.eval_shape(gan.init, jax.random.key(0), batch)

"""StyleGAN2: sizes, statistics, styles, path lengths, and the game on one device and on two."""

from itertools import pairwise
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import CLOSE, assert_close, far, normal, quick
from flax.traverse_util import flatten_dict
from games import sgd

import jaxgan
from jaxgan import losses, models, noise, parallel, recipes, tasks
from jaxgan.data import Spec
from jaxgan.errors import BadInput
from jaxgan.layers import EqualConv, conv
from jaxgan.models import stylegan2
from jaxgan.models.stylegan2.blocks import Mapping, Styled
from jaxgan.net import TRACKERS

SMALL = {"width": 64, "max_width": 8, "mapping_layers": 1}
STYLE = {**SMALL, "w_dim": 4}


def shapes(net, *inputs, **options):
    """Variables and output as shapes: nothing is computed."""
    inputs = [x if hasattr(x, "dtype") else jax.ShapeDtypeStruct(x, jnp.float32) for x in inputs]

    def both(*inputs):
        variables = net.init(jax.random.key(0), *inputs)
        return variables, net.apply(variables, *inputs, **options)[0]

    return jax.eval_shape(both, *inputs)


def count(variables):
    return sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))


def started(net, *inputs):
    return quick(lambda *inputs: net.init(jax.random.key(0), *inputs))(*inputs)


def by_hand(maps):
    """Parameters of G and D at 1024x1024 where feature maps of 4, 8, ... 1024 pixels have so many channels."""
    styled = lambda kernel, c, o: kernel**2 * c * o + o + 512 * c + c  # weight, bias, affine map of w
    g = 8 * (512 * 512 + 512) + 4 * 4 * maps[0]
    d = 3 * maps[-1] + maps[-1] + 9 * (maps[0] + 1) * maps[0] + maps[0] + (16 * maps[0] + 1) * maps[0] + maps[0] + 1
    g += styled(3, maps[0], maps[0]) + 1 + styled(1, maps[0], 3)  # one strength of noise for each 3x3
    for small, large in pairwise(maps):
        g += styled(3, small, large) + 1 + styled(3, large, large) + 1 + styled(1, large, 3)
        d += 9 * large * large + large + 9 * large * small + small + large * small
    return g, d


@pytest.mark.parametrize(
    ("width", "maps", "millions"),
    [
        (16384, [512, 512, 512, 512, 256, 128, 64, 32, 16], (25, 24)),
        (32768, [512, 512, 512, 512, 512, 256, 128, 64, 32], (30, 29)),
    ],
    ids="EF",
)
def test_parameters_at_1024_are_those_of_the_paper(width, maps, millions):
    g, image = shapes(stylegan2.generator(1024, width=width), (2, 512), train=False)
    d, logits = shapes(stylegan2.discriminator(width=width), (2, 1024, 1024, 3))
    assert image.shape == (2, 1024, 1024, 3) and logits.shape == (2,)
    assert (count(g), count(d)) == by_hand(maps)
    assert tuple(round(n / 1e6) for n in by_hand(maps)) == millions  # section 4.2: 25M -> 30M and 24M -> 29M
    assert by_hand(maps) == {16384: (24_900_764, 24_038_161), 32768: (30_370_060, 29_012_513)}[width]


OPTIONS = [
    *({"resolution": r, "channels": c} for r, c in ((8, 1), (16, 4), (32, 3), (256, 1))),
    *({"architecture": a} for a in ("residual", "plain")),
    {"classes": 3},
    {"dtype": "bfloat16", "classes": 3},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_images_and_logits_are_float32_in_the_shapes_that_are_promised(options):
    options = {"resolution": 16, "channels": 3, **SMALL, "width": 1024, **options}
    size, channels = options.pop("resolution"), options.pop("channels")
    label = (jax.ShapeDtypeStruct((4,), jnp.int32),) if "classes" in options else ()
    g, d = stylegan2.generator(size, channels, w_dim=5, **options), stylegan2.discriminator(**options)
    for train in (True, False):
        place = {"key": jax.random.key(1), "index": jnp.arange(4)} if train else {}
        variables, image = shapes(g, (4, 7), *label, train=train, **place)
        assert (image.shape, image.dtype) == ((4, size, size, channels), jnp.float32)
    assert variables["w_avg"]["w"].shape == (5,) and variables[TRACKERS]["path"].shape == ()
    _, ws = shapes(g, (4, 7), *label, train=False, method="mapping")
    assert (ws.shape, ws.dtype) == ((4, 2 * size.bit_length() - 4, 5), jnp.float32)
    other, logits = shapes(d, (4, size, size, channels), *label)
    assert (logits.shape, logits.dtype) == ((4,), jnp.float32)
    assert {leaf.dtype for leaf in jax.tree.leaves((variables["params"], other))} == {jnp.dtype("float32")}


@pytest.mark.parametrize("architecture", ["skip", "residual"])
def test_features_keep_a_variance_of_about_one_at_the_start(architecture):
    wide = {"width": 2048, "max_width": 64, "architecture": architecture}
    kinds = (Styled, EqualConv)
    watched = {
        "capture_intermediates": lambda module, name: isinstance(module, kinds) and name == "__call__",
        "mutable": ["intermediates"],
    }
    g, d = stylegan2.generator(32, 3, w_dim=64, **wide), stylegan2.discriminator(**wide)
    spreads = {}
    for net, x in ((g, normal(1, 16, 64)), (d, normal(2, 16, 4, 4, 3).repeat(8, 1).repeat(8, 2))):
        run = lambda variables, x, net=net: net.apply(variables, x, train=False, **watched)[0][1]["intermediates"]
        for path, values in flatten_dict(quick(run)(started(net, x), x)).items():
            spreads["/".join(path[:-1])] = float(np.std(values[0]))
    assert all(0.3 < spread < 1.6 for spread in spreads.values()), spreads


def test_a_styled_convolution_is_one_with_weights_of_its_own_for_each_sample():
    x, w = normal(1, 3, 5, 5, 4), normal(2, 3, 6)
    layer = Styled(7)
    params = jax.tree.map(lambda p: p + 0.1, started(layer, x, w)["params"])
    style = np.float32(w @ (params["style"]["kernel"] / 6**0.5)) + np.asarray(params["style"]["bias"])
    own = np.asarray(params["kernel"]) * style[:, None, None, :, None]
    own = own / np.sqrt(np.sum(own**2, (1, 2, 3), keepdims=True))
    exact = np.stack([conv(image[None], kernel)[0] for image, kernel in zip(x, own, strict=True)]) + 0.1
    assert_close(layer.apply({"params": params}, x, w), exact, 1e-5)


def test_features_do_not_know_the_scale_of_their_weights_and_images_do():
    net, z = stylegan2.generator(8, 1, **STYLE), normal(1, 3, 6)
    variables = started(net, z)
    scaled = lambda name: jax.tree_util.tree_map_with_path(
        lambda path, p: 3 * p if path[-2].key.startswith(name) and path[-1].key == "kernel" else p, variables
    )
    draw = quick(lambda variables: net.apply(variables, z, train=False)[0])
    image = draw(variables)
    assert_close(draw(scaled("conv")), image, 1e-5)  # demodulated
    assert_close(draw(scaled("rgb")), 3 * image, 1e-5)
    params = flatten_dict(variables["params"])
    starts = [p for path, p in params.items() if path[-2:] == ("style", "bias")]
    assert len(starts) == 5 and all((start == 1).all() for start in starts)  # as if there were no styles


def test_the_mapping_learns_at_a_hundredth_of_the_rate():
    net, z = stylegan2.generator(8, 1, **SMALL, w_dim=64), normal(1, 3, 64)
    params = started(net, z)["params"]["mapper"]
    assert all(abs(np.std(layer["kernel"]) / 100 - 1) < 0.05 for layer in params.values())  # scaled down as it is used


def styles(rows=64, **options):
    """(w of each layer [B, L, W] of z and places, those without mixing) of a generator of 6 layers."""
    net = stylegan2.generator(16, 1, **{**STYLE, **options})
    z = normal(1, rows, 6)
    variables = started(net, z)

    @quick
    def draw(z, index, seed=1):
        return net.apply(variables, z, key=jax.random.key(seed), index=index, method="mapping")[0]

    return z, draw, np.asarray(net.apply(variables, z, train=False, method="mapping")[0])


def test_mixing_changes_the_layers_behind_a_random_one_of_a_share_of_the_samples():
    z, draw, alone = styles(400, mixing=0.75)
    mixed = np.asarray(draw(z, np.arange(400)))
    same = np.isclose(mixed, alone, atol=1e-6).all(-1)
    start = same.sum(1)
    np.testing.assert_array_equal(same, np.arange(6) < start[:, None])  # a run of the first z, then the other
    last = np.broadcast_to(mixed[:, -1:], mixed.shape)
    assert_close(np.where(same[..., None], last, mixed), last, 1e-6)
    assert set(start) == {1, 2, 3, 4, 5, 6} and abs((start < 6).mean() - 0.75) < 0.07
    assert np.ptp(np.bincount(start)[1:6]) < 40  # of 60 each
    assert len(np.unique(mixed[start < 6, -1].round(5), axis=0)) == (start < 6).sum()  # every sample has its own
    assert_close(np.concatenate([draw(z[:5], np.arange(5)), draw(z[5:], np.arange(5, 400))]), mixed, 1e-6)
    assert np.abs(draw(z, np.arange(400), seed=2) - mixed).max() > 0.1


def test_without_mixing_all_layers_have_one_w():
    z, draw, alone = styles(4, mixing=0.0)
    assert_close(draw(z, np.arange(4)), alone, 1e-6)
    np.testing.assert_array_equal(alone, np.broadcast_to(alone[:, :1], alone.shape))


def test_w_avg_moves_to_the_mean_of_w_in_training_alone():
    net, z = stylegan2.generator(8, 1, **STYLE, w_decay=0.75), normal(1, 5, 6)
    variables = started(net, z)
    w = net.apply(variables, z, train=False, method="mapping")[0][:, 0]
    place = {"key": jax.random.key(1), "index": jnp.arange(5)}
    images, moved = quick(lambda variables: net.apply(variables, z, **place))(variables)
    assert_close(moved["w_avg"]["w"], 0.25 * w.mean(0), 1e-6)
    again = net.apply({**variables, **moved}, z, **place, method="mapping")[1]
    assert_close(again["w_avg"]["w"], (0.25 + 0.75 * 0.25) * w.mean(0), 1e-6)
    assert images.shape == (5, 8, 8, 1) and TRACKERS not in moved


def test_truncation_draws_towards_the_mean_of_w():
    z = normal(1, 5, 6)
    nets = {psi: stylegan2.generator(8, 1, **STYLE, truncation=psi) for psi in (0.0, 0.5, 1.0)}
    variables = started(nets[1.0], z)
    variables = {**variables, "w_avg": {"w": jnp.arange(4.0)}}
    ws = {psi: net.apply(variables, z, train=False, method="mapping")[0] for psi, net in nets.items()}
    assert_close(ws[0.5], (np.asarray(ws[1.0]) + np.arange(4.0)) / 2, 1e-6)
    assert_close(ws[0.0], np.broadcast_to(np.arange(4.0), ws[0.0].shape), 1e-6)
    image = quick(lambda: nets[0.0].apply(variables, z, train=False)[0])()
    np.testing.assert_array_equal(image, np.broadcast_to(image[:1], image.shape))
    trained = nets[0.0].apply(variables, z, key=jax.random.key(1), index=jnp.arange(5), method="mapping")[0]
    assert_close(trained[:, 0], ws[1.0][:, 0], 1e-6)  # training does not know it


def test_noise_has_no_effect_until_its_strengths_are_learned():
    net, z = stylegan2.generator(8, 1, **STYLE, mixing=0.0), normal(1, 4, 6)
    variables = started(net, z)
    draw = quick(lambda variables, key, index: net.apply(variables, z, key=key, index=index)[0])
    still = quick(lambda variables: net.apply(variables, z, train=False)[0])
    keys, index = (jax.random.key(1), jax.random.key(2)), jnp.arange(4)
    assert_close(*(draw(variables, key, index) for key in keys), 1e-6)
    assert_close(draw(variables, keys[0], index), still(variables), 1e-6)
    lift = lambda path, p: p + 1.0 if path[-1].key == "strength" else p
    lifted = {**variables, "params": jax.tree_util.tree_map_with_path(lift, variables["params"])}
    a, b = (np.asarray(draw(lifted, key, index)) for key in keys)
    assert (np.abs(a - b).max((1, 2, 3)) > 0.1).all()
    assert (np.abs(a - draw(lifted, keys[0], index[::-1])).max((1, 2, 3)) > 0.1).all()  # noise belongs to the place


def test_labels_change_what_networks_give():
    label, other = np.array([0, 1, 2, 0], np.int32), np.array([0, 2, 2, 1], np.int32)
    for net, x in (
        (stylegan2.generator(8, 1, **STYLE, classes=3), normal(1, 4, 6)),
        (stylegan2.discriminator(**SMALL, group=1, classes=3), normal(1, 4, 8, 8, 1)),
    ):
        play = quick(lambda variables, label, net=net, x=x: net.apply(variables, x, label, train=False)[0])
        variables = started(net, x, label)
        change = np.abs(play(variables, label) - play(variables, other)).reshape(4, -1).max(1)
        np.testing.assert_array_equal(change > 1e-3, label != other)
        assert_close(play(variables, np.eye(3, dtype=np.float32)[label]), play(variables, label), 1e-6)


def test_logits_of_a_conditional_discriminator_are_an_inner_product_by_the_root_of_its_length():
    net, x = stylegan2.discriminator(**SMALL, classes=3), normal(1, 4, 8, 8, 1)
    label = np.arange(4, dtype=np.int32) % 3
    variables = started(net, x, label)
    params = variables["params"]
    mapped = Mapping(1, 8, jnp.float32).apply({"params": params["Mapping_0"]}, None, jnp.eye(3)[label])
    feature = normal(2, 8)
    head = {"kernel": jnp.zeros((8, 8)), "bias": feature}
    logits = net.apply({"params": {**params, "EqualDense_1": head}}, x, label)[0]
    assert_close(logits, mapped @ feature / 8**0.5, 1e-5)


def at_work(dtype=jnp.float32, rows=4, **options):
    """A generator at 8x8 with a memory of path lengths, and what its penalty takes but for the key."""
    net = stylegan2.generator(8, 1, **{**STYLE, "mixing": 0.5, **options}, dtype=dtype)
    z = jnp.asarray(normal(1, rows, 3), dtype)
    variables = jax.tree.map(lambda p: p.astype(dtype) if jnp.issubdtype(p.dtype, jnp.floating) else p, started(net, z))
    lift = lambda path, p: p + 0.3 if path[-1].key == "strength" else p
    variables = {**variables, "params": jax.tree_util.tree_map_with_path(lift, variables["params"])}
    return net, {**variables, TRACKERS: {"path": jnp.asarray(0.25, dtype)}}, z, jnp.arange(rows)


def test_path_lengths_are_those_of_the_whole_jacobian(shrink=2):
    net, g, z, index = at_work()
    key = jax.random.key(3)
    penalty, moved = quick(lambda g: stylegan2.path_length(net, 3.0, 0.1, shrink)(g, z, key=key, index=index))(g)
    key_y, key_net = jax.random.split(key)
    place = {"key": key_net, "index": index[::shrink]}
    ws = net.apply(g, z[::shrink], **place, method="mapping")[0]
    synthesis = lambda ws: net.apply(g, ws, **place, method="synthesis")[0]
    jacobian = np.asarray(quick(jax.jacrev(synthesis))(ws))  # [B, 8, 8, 1, B, L, W]
    lengths = []
    for b, at in enumerate(np.asarray(index[::shrink])):
        y = np.asarray(jax.random.normal(jax.random.fold_in(key_y, at), (8, 8, 1))) / 8
        lengths.append(np.sqrt(np.mean(np.sum(np.tensordot(y, jacobian[b, ..., b, :, :], 3) ** 2, -1))))
    assert np.std(lengths) > 1e-3
    np.testing.assert_allclose(penalty, 3 * np.mean((np.array(lengths) - 0.25) ** 2), rtol=1e-4)
    np.testing.assert_allclose(moved[TRACKERS]["path"], 0.9 * 0.25 + 0.1 * np.mean(lengths), rtol=1e-5)


def test_the_gradient_of_path_lengths_is_that_of_finite_differences():
    with jax.enable_x64(True):
        net, g, z, index = at_work(jnp.float64, width=8)
        penalty = stylegan2.path_length(net)
        value = lambda params: penalty({**g, "params": params}, z, key=jax.random.key(3), index=index)[0]
        draw = np.random.default_rng(0)
        way = jax.tree.map(lambda p: jnp.asarray(draw.normal(size=p.shape)), g["params"])
        along = lambda s: jax.tree.map(lambda p, v: p + s * v, g["params"], way)
        both = quick(lambda s: (value(along(s)), jax.grad(lambda s: value(along(s)))(s)))
        slope, step = both(0.0)[1], 1e-6
        assert slope.dtype == jnp.float64 and abs(slope) > 1e-3
        np.testing.assert_allclose(slope, (both(step)[0] - both(-step)[0]) / (2 * step), rtol=1e-6)


def game(axis_name=None):
    """A game with all that a shard might see otherwise: mixing, noise, both regularisers, groups across shards."""
    generator = stylegan2.generator(8, 1, **STYLE)
    discriminator = stylegan2.discriminator(**SMALL, axis_name=axis_name)
    terms = {"penalties": (losses.r1(1.0),), "penalties_g": (stylegan2.path_length(generator),)}
    return tasks.adversarial(generator, discriminator, noise=noise.normal(4), **terms)


def test_two_devices_play_the_game_of_one():
    # 12 rows in groups of 4: the shards of 6 have to be gathered for the deviation within groups
    draw = np.random.default_rng(0)
    batch = {"image": draw.integers(0, 256, (12, 8, 8, 1), np.uint8)}
    after = []
    for axis in (None, parallel.AXIS):
        step = jaxgan.make_step(game(axis), sgd(), axis_name=axis)
        play = parallel.pmap(step, jax.devices()[:2]) if axis else parallel.single(step)
        state = jaxgan.init_state(game(), sgd(), jax.random.key(0), batch)
        for _ in range(2):
            state, metrics = play(state, batch)
        after.append(jax.tree.map(np.asarray, (state._replace(key=0), metrics)))
    assert far(*after) < CLOSE
    memory = after[0][0].g.stats
    assert memory[TRACKERS]["path"] > 0 and np.abs(memory["w_avg"]["w"]).max() > 0
    np.testing.assert_array_equal(after[0][0].ema["w_avg"]["w"], memory["w_avg"]["w"])  # copied, not averaged once more


def test_lazy_penalties_come_at_their_steps_and_as_many_times_as_strong():
    class Config(recipes.digits.Config):
        penalty_g_every = 2

    def made(config, specs, ingredients):
        term = lambda g, z, *, key, index: (jnp.float32(7.0), {})
        return ingredients.adversarial(
            models.mlp.generator((2,), (4,)), models.mlp.discriminator((4,)), penalties_g=(term,)
        )

    specs = {"image": Spec((2,), "float32", "points")}
    config = Config(conditional=False, penalty_every=4, z_dim=3, batch_size=4)
    built = jaxgan.build.experiment(SimpleNamespace(build=made), config, specs)
    batch = {"image": np.zeros((4, 2), np.float32)}
    state, step = jaxgan.init_state(built.gan, built.opt, jax.random.key(0), batch), quick(built.step)
    seen = []
    for _ in range(5):
        state, metrics = step(state, batch)
        seen.append((not np.isnan(metrics.d["penalty"]), float(metrics.g["penalty"]) == 7))
    assert seen == [(True, True), (False, False), (False, True), (False, False), (True, True)]


CONFIG = recipes.stylegan2.Config


def test_the_recipe_s_groups_and_decay_are_those_that_are_asked_for():
    specs, seen = {"image": Spec((8, 8, 1))}, []
    config = CONFIG(**{**recipes.stylegan2.TINY, "stddev_group": 8, "path_weight": 0.0, "mixing": 0.0})
    assert config.batch_unit == 8
    ingredients = jaxgan.build.ingredients_of(config, specs)
    around = lambda d: seen.append(d) or d
    recipes.stylegan2.build(config, specs, ingredients._replace(wrap_discriminator=around, see=seen.append))
    generator, judge = seen
    x, z = normal(1, 8, 8, 8, 1), normal(2, 8, 8)
    variables, of_g = started(judge, x), started(generator, z)
    logits = quick(lambda x: judge.apply(variables, x)[0])
    swapped = np.concatenate([x[:3], x[4:5], x[3:4], x[5:]])  # across groups of 4
    assert_close(np.asarray(logits(swapped))[[0, 1, 2, 4, 3, 5, 6, 7]], logits(x), 1e-5)
    moved = generator.apply(of_g, z, key=jax.random.key(0), index=np.arange(8), method="mapping")[1]["w_avg"]["w"]
    w = generator.apply(of_g, z, train=False, method="mapping")[0][:, 0].mean(0)
    np.testing.assert_allclose(moved, (1 - 0.995**2) * w, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: stylegan2.generator(72), "a 2.n x b 2.n.*72x72.*--resolution 80$"),
        (lambda: stylegan2.generator(7), "a 2.n x b 2.n.*7x7.*--resolution 8$"),
        (lambda: stylegan2.check_shape((16, 72, 3)), "16x72.*--resolution 32 --aspect 2.5$"),
        (lambda: stylegan2.check_shape((2,)), r"not for samples of shape \(2,\)"),
        (lambda: stylegan2.generator(64, width=32), "width 32 leaves no channel at 64x64: give --width 2048"),
        (lambda: stylegan2.generator(8, architecture="resnet"), "unknown architecture 'resnet'"),
        (lambda: stylegan2.discriminator(architecture="skp"), "unknown architecture 'skp': did you mean skip"),
        (lambda: stylegan2.generator(8, mixing=1.5), r"mixing is 1.5: give a number in \[0, 1\]"),
        (lambda: stylegan2.generator(8, mapping_layers=0), "give numbers above 0"),
        (lambda: shapes(stylegan2.discriminator(), (2, 72, 72, 3)), "not 72x72"),
        (lambda: CONFIG(path_every=0), "--path-every is 0: give a number above 0"),
        (lambda: CONFIG(noise="uniform"), "--noise is uniform: add --mixing 0"),
    ],
)
def test_what_does_not_fit_is_bad_input(build, said):
    with pytest.raises(BadInput, match=said):
        build()


def test_training_without_a_place_and_halves_of_odd_batches_are_bad_input():
    net, g, z, index = at_work(rows=3)
    with pytest.raises(BadInput, match=r"mixing for 3 samples.*index=None: give batch\['index'\]"):
        net.apply(g, z, key=jax.random.key(0))
    with pytest.raises(BadInput, match="3 samples on a device and shrink=2: give a batch that it divides"):
        stylegan2.path_length(net)(g, z, key=jax.random.key(0), index=index)

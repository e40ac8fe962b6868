"""R3GAN: its networks as the paper has them, and schedules in images seen, for any recipe."""

import dataclasses
import json
import math
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick

from jaxgan import augment, build, core, losses, recipes, sharing
from jaxgan.cli import main
from jaxgan.data import Spec
from jaxgan.data.batch import zeros
from jaxgan.errors import BadInput
from jaxgan.layers import downsample_filtered, setup_filter, upsample_filtered
from jaxgan.models import r3gan
from jaxgan.models.pyramid import pyramid
from jaxgan.net import from_flax
from jaxgan.options import burn_in

SMALL = {"width": 8, "blocks": 1, "cardinality": 4, "embedding": 6}


def shapes(net, shape, label=True):
    """Variables and output of a net as shapes: nothing is computed."""
    args = [jax.ShapeDtypeStruct((2, *shape), jnp.float32)]
    args += [jax.ShapeDtypeStruct((2,), jnp.int32)] if net.classes else []
    variables = jax.eval_shape(lambda *args: net.init(jax.random.key(0), *args), *args)
    out, moved = jax.eval_shape(lambda variables, *args: net.apply(variables, *args), variables, *args)
    assert set(variables) == {"params"} and moved == {}
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    return variables["params"], out


def count(params):
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))


def started(net, *args):
    return quick(lambda *args: net.init(jax.random.key(0), *args))(*args)


def test_the_paper_s_network_for_cifar_10_has_the_parameters_of_its_layers():
    # a block: 768 -> 1536, 96 groups of 16 channels in 3x3, 1536 -> 768, a bias before each of its two activations
    block = 768 * 1536 + 9 * 16 * 1536 + 1536 * 768 + 2 * 1536
    blocks = 4 * 2 * block
    params, out = shapes(r3gan.generator(), (64,))
    assert count(params) == 4 * 4 * 768 + 64 * 768 + blocks + 768 * 3 == 20_732_160
    assert out.shape == (2, 32, 32, 3)
    params, out = shapes(r3gan.discriminator(), (32, 32, 3))
    assert count(params) == 3 * 768 + blocks + 4 * 4 * 768 + 768 == 20_683_776
    assert out.shape == (2,)


def test_a_stage_past_32_pixels_is_half_as_wide_and_is_reached_by_a_pointwise_map():
    sizes = {"width": 16, "blocks": 1, "cardinality": 8}
    block = lambda width, groups: 4 * width**2 + 9 * (2 * width) ** 2 // groups + 4 * width
    blocks = 4 * block(16, 8) + block(8, 4) + block(4, 2)
    changes = 16 * 8 + 8 * 4
    params, out = shapes(r3gan.generator(128, 1, **sizes), (5,))
    assert count(params) == 16 * 16 + 5 * 16 + blocks + changes + 4
    assert out.shape == (2, 128, 128, 1)
    params, _ = shapes(r3gan.discriminator(**sizes), (128, 128, 1))
    assert count(params) == 4 + blocks + changes + 16 * 16 + 16
    early, _ = shapes(r3gan.discriminator(**sizes, halve_past=8), (32, 32, 1))  # 16, 16, 8, 4
    assert count(early) == count(params) - 2 * block(16, 8)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("resolution", "channels", "options"),
    [
        (8, 1, {}),
        (16, 4, {"classes": 3}),
        (16, 3, {"width": (12, 8, 4), "blocks": [2, 1, 1], "cardinality": (6, 4, 2)}),
        (256, 3, {"width": 16, "cardinality": 8}),
        (32, 2, {"expansion": 3}),
    ],
    ids=str,
)
def test_images_and_logits_are_float32_at_any_resolution(resolution, channels, options, dtype):
    options = {**SMALL, **options, "dtype": dtype}
    params, out = shapes(r3gan.generator(resolution, channels, **options), (6,))
    assert out.shape == (2, resolution, resolution, channels) and out.dtype == jnp.float32
    others, out = shapes(r3gan.discriminator(**options), (resolution, resolution, channels))
    assert out.shape == (2,) and out.dtype == jnp.float32
    assert sum(name.startswith("Stage") for name in params) == sum(name.startswith("Stage") for name in others)


def test_at_the_start_every_block_is_the_identity():
    net, x = r3gan.discriminator(**SMALL), normal(1, 3, 16, 16, 2)
    variables = started(net, x)
    params = variables["params"]

    @quick
    def without(params, x):
        x = x @ params["see"]["kernel"]
        for _ in range(2):
            x = downsample_filtered(x, setup_filter((1, 3, 3, 1)))
        return (jnp.einsum("bhwc,hwc->bc", x, params["basis"]) @ params["judge"]["kernel"])[:, 0]

    judged = quick(lambda variables, x: net.apply(variables, x)[0])
    np.testing.assert_allclose(judged(variables, x), without(params, x), rtol=1e-6, atol=1e-6)
    params["Stage_1"]["Block_0"]["narrow"]["kernel"] = np.full((16, 8), 0.1, np.float32)
    assert np.abs(judged(variables, x) - without(params, x)).min() > 1e-2


def test_a_branch_starts_at_the_scale_of_fixup():
    shape, blocks = (4, 4, 1), 3
    stage = from_flax(r3gan.Stage(blocks, 8, 2, 12, jnp.float32))
    params = started(stage, normal(1, 1, *shape[:2], 64))["params"]
    gain = math.sqrt(2 / 1.04) * 12 ** (-1 / 4)
    for block in params.values():
        assert np.std(block["widen"]["kernel"]) == pytest.approx(gain / math.sqrt(64), rel=0.03)
        assert np.std(block["kernel"]) == pytest.approx(gain / math.sqrt(9 * 16), rel=0.03)
        assert not np.any(block["narrow"]["kernel"])


def shaken(net, *args):
    """Initial variables with noise on all parameters: branches start at zero."""
    draw = np.random.default_rng(1)
    noisy = lambda leaf: leaf + draw.normal(0, 0.2, leaf.shape).astype(np.float32)
    return jax.tree.map(noisy, started(net, *args))


@pytest.mark.parametrize("axis", [1, 2])
def test_the_networks_commute_with_a_mirror(axis):
    both = lambda variables: jax.tree.map(lambda x: np.flip(x, axis - 1) if x.ndim > 2 else x, variables)  # [h, w, ...]
    g, d, z, x = r3gan.generator(16, 2, **SMALL), r3gan.discriminator(**SMALL), normal(1, 3, 6), normal(2, 3, 16, 16, 2)
    of_g, of_d = shaken(g, z), shaken(d, x)
    made, judged = (quick(lambda variables, x, net=net: net.apply(variables, x)[0]) for net in (g, d))
    assert_close(made(both(of_g), z), np.flip(made(of_g, z), axis), 1e-5)
    assert_close(judged(both(of_d), np.flip(x, axis)), judged(of_d, x), 1e-5)
    assert np.abs(judged(of_d, np.flip(x, axis)) - judged(of_d, x)).max() > 1e-2


@pytest.mark.parametrize(
    ("resolution", "wide"), [(8, [4]), (16, [4]), (64, [4]), (128, [4, 8]), (256, [4, 8, 16])], ids=str
)
def test_in_bfloat16_at_most_the_four_largest_stages_compute_and_4x4_never_does(resolution, wide):
    sizes = r3gan.Sizes(8, 1, 4, 2, 32)
    dtypes = sizes.dtypes(pyramid(resolution), jnp.dtype("bfloat16"))
    assert [4 << i for i, dtype in enumerate(dtypes) if dtype == jnp.float32] == wide
    assert sizes.dtypes(pyramid(resolution), jnp.dtype("float32")) == [jnp.dtype("float32")] * len(dtypes)


def test_stages_compute_in_their_dtypes():
    watched = {"capture_intermediates": lambda module, _: isinstance(module, r3gan.Stage), "mutable": ["intermediates"]}
    sizes = {**SMALL, "classes": 3, "dtype": "bfloat16"}
    label = jnp.zeros((2,), jnp.int32)
    for net, x, last in (
        (r3gan.generator(16, 3, **sizes), jnp.zeros((2, 6)), 0),
        (r3gan.discriminator(**sizes), jnp.zeros((2, 16, 16, 3)), 2),
    ):
        variables = jax.eval_shape(net.init, jax.random.key(0), x, label)
        run = lambda variables, net=net, x=x: net.apply(variables, x, label, train=False, **watched)[0][1]
        seen = jax.eval_shape(run, variables)["intermediates"]
        found = {name: stage["__call__"][0].dtype for name, stage in seen.items()}
        assert found == {f"Stage_{i}": jnp.float32 if i == last else jnp.bfloat16 for i in range(3)}


def test_the_discriminator_s_embedding_is_as_long_as_its_last_stage_is_wide():
    sizes = {**SMALL, "width": (12, 8), "blocks": 1, "cardinality": 4, "classes": 7}
    del sizes["embedding"]
    params, _ = shapes(r3gan.discriminator(**sizes), (8, 8, 3))
    assert params["embed"]["kernel"].shape == (7, 12) and params["judge"]["kernel"].shape == (12, 12)
    config = recipes.r3gan.Config(**{**recipes.r3gan.TINY, "conditional": True, "width": 16})
    specs = {"image": Spec((8, 8, 1)), "label": Spec((), "int32", "", classes=("a", "b", "c"))}
    batch = sharing.with_index(zeros(config, specs))
    made = jax.eval_shape(lambda: build.game(recipes.r3gan, config, specs).init(jax.random.key(0), batch))
    assert made.d["params"]["embed"]["kernel"].shape == (3, 16) and made.g["params"]["embed"]["kernel"].shape == (3, 8)


def test_a_pointwise_map_and_the_upsampling_commute():
    x, w, f = normal(1, 2, 4, 4, 6), normal(2, 6, 3), setup_filter((1, 3, 3, 1))
    assert_close(quick(lambda x: upsample_filtered(x @ w, f))(x), np.asarray(upsample_filtered(x, f) @ w))


def test_both_penalties_are_the_slopes_that_finite_differences_show():
    with jax.enable_x64(True):
        net = r3gan.discriminator(**SMALL, dtype="float64")
        real, fake = (jnp.asarray(np.float64(normal(seed, 2, 8, 8, 1))) for seed in (1, 2))
        draw = lambda seed, leaf: leaf + 0.1 * np.random.default_rng(seed).normal(size=leaf.shape)
        params = {k: jax.tree.map(lambda x: draw(3, x), v) for k, v in started(net, real)["params"].items()}
        along = jax.tree.map(lambda x: draw(4, 0 * x), params)

        def slopes(params):
            d = lambda x: net.apply({"params": params}, x)[0]
            return sum(jnp.sum(jax.grad(lambda x: jnp.sum(d(x)))(x) ** 2) for x in (real, fake))

        def penalty(params):
            d = lambda x: net.apply({"params": params}, x)[0]
            return sum(jnp.sum(each(2.0)(d, real, fake, None)) for each in (losses.r1, losses.r2))

        f, step = quick(slopes), 1e-6
        moved = lambda sign: f(jax.tree.map(lambda p, a: p + sign * step * a, params, along))
        found, value = quick(lambda params: (jax.grad(slopes)(params), penalty(params)))(params)
        np.testing.assert_allclose(value, f(params), rtol=1e-5)
        slope = sum(jax.tree.leaves(jax.tree.map(jnp.vdot, found, along)))
        np.testing.assert_allclose(slope, (moved(1) - moved(-1)) / (2 * step), rtol=1e-6)


def test_labels_reach_both_networks():
    same, labels = {**SMALL, "classes": 3}, np.array([0, 1, 2], np.int32)
    g, d = r3gan.generator(8, 1, **same), r3gan.discriminator(**same)
    z = np.broadcast_to(normal(1, 1, 6), (3, 6))
    images = quick(lambda v, *x: g.apply(v, *x)[0])(started(g, z, labels), z, labels)
    assert np.abs(np.diff(images, axis=0)).max((1, 2, 3)).min() > 1e-2
    x = np.broadcast_to(normal(2, 1, 8, 8, 1), (3, 8, 8, 1))
    variables, judged = started(d, x, labels), quick(lambda v, *x: d.apply(v, *x)[0])
    logits = judged(variables, x, labels)
    assert np.abs(np.diff(logits)).min() > 1e-3
    mixed = judged(variables, x, np.full((3, 3), 1 / 3, np.float32))  # linear in the label: a product
    np.testing.assert_allclose(mixed, np.full(3, np.mean(logits)), rtol=1e-4, atol=1e-6)
    variables["params"]["judge"]["kernel"] = 2 * variables["params"]["judge"]["kernel"]
    np.testing.assert_allclose(judged(variables, x, labels), 2 * logits, rtol=1e-4, atol=1e-6)
    with pytest.raises(BadInput, match="needs labels"):
        g.init(jax.random.key(0), z)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resolution": 36}, "not 36x36: set --resolution 40"),
        ({"resolution": 7}, "not 7x7: set --resolution 8"),
        ({"cardinality": 5}, "cardinality 5"),
        ({"resolution": 128, "width": 16, "cardinality": 2}, "cardinality 0"),
        ({"width": (8, 8, 8)}, "width (8, 8, 8) is for 3 stages, and 8x8 has 2"),
        ({"blocks": 0}, "0 blocks"),
    ],
    ids=str,
)
def test_sizes_that_do_not_fit_are_refused(options, words):
    with pytest.raises(BadInput) as error:
        r3gan.generator(**{"resolution": 8, **SMALL, **options})
    assert words in str(error.value)
    options = {**SMALL, **options}
    size = options.pop("resolution", 8)
    d = r3gan.discriminator(**options)
    with pytest.raises(BadInput) as error:
        d.init(jax.random.key(0), jnp.zeros((1, size, size, 1)))
    assert words in str(error.value)


# schedules

ENDS = {
    "lr_g_end": 1e-4,
    "lr_d_end": 4e-4,
    "b2_end": 0.99,
    "penalty_weight_end": 0.1,
    "ema_halflife_images_end": 500.0,
}
RING = {
    "schedule": "constant",
    "penalty": "r1",
    "batch_size": 8,
    "ema_halflife_images": 100.0,
    "ema_ramp": 10.0,
    "b2": 0.9,
}
SPECS = {"image": Spec((2,), "float32", "points")}


def ring(**options):
    return recipes.ring.Config(**{**recipes.ring.TINY, **RING, **options})


def first_state(made, config, specs=SPECS):
    return jax.jit(lambda: build.initial_state(made, config, specs))()


@pytest.mark.parametrize(("images", "gone"), [(0, 0.0), (250, (2 - 2**0.5) / 4), (500, 0.5), (1000, 1.0), (9000, 1.0)])
def test_values_go_along_half_a_cosine_and_stay(images, gone):
    config = ring(**ENDS, burn_in_images=1000)
    values = lambda images: burn_in.moved(config, images)
    for found in (values(images), jax.jit(values)(images)):
        assert {f"{name}_end" for name in found} == ENDS.keys()
        for name, value in found.items():
            first, last = getattr(config, name), ENDS[f"{name}_end"]
            assert float(value) == pytest.approx(first + gone * (last - first), rel=1e-5)
    assert config == ring(**ENDS, burn_in_images=1000)  # untouched


def test_the_paper_s_schedules_for_cifar_10():
    config = recipes.r3gan.Config()
    assert config.steps * config.batch_size == 200_000_000 == 10 * config.burn_in_images
    half = burn_in.moved(config, 10_000_000)
    expected = {
        "lr_g": (2e-4 + 5e-5) / 2,
        "lr_d": (2e-4 + 5e-5) / 2,
        "b2": 0.945,
        "penalty_weight": 0.0275,
        "ema_halflife_images": 2_500_000,
        "augment_p": 0.275,
    }
    assert config.ends.keys() == expected.keys()
    for name, value in expected.items():
        assert float(half[name]) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("step", [0, 40, 500])
def test_a_scheduled_step_is_the_step_of_the_config_of_that_moment(step):
    config = ring(**ENDS, burn_in_images=1000)
    now = burn_in.moved(config, step * 8)
    values = {name: float(x) for name, x in now.items()}
    fixed = dataclasses.replace(config, burn_in_images=0, **dict.fromkeys(ENDS), **values)
    ours, theirs = (build.experiment(recipes.ring, each, SPECS) for each in (config, fixed))
    state = first_state(ours, config)
    nudge = lambda tree: jax.tree.map(lambda x: x + 1e-3 if x.dtype == jnp.float32 else x + step, tree)
    state = state._replace(step=state.step + step, g=nudge(state.g), d=nudge(state.d))
    batch = {"image": normal(1, 8, 2)}
    after, metrics = jax.jit(ours.step)(state, batch)
    expected, wanted = jax.jit(theirs.step)(state, batch)
    assert jax.tree.structure(after) == jax.tree.structure(expected)
    for a, b, old in zip(*map(jax.tree.leaves, (after[2:], expected[2:], state[2:])), strict=True):
        np.testing.assert_allclose(a - old, b - old, rtol=2e-3, atol=1e-7)
    np.testing.assert_allclose(metrics.d["penalty"], wanted.d["penalty"], rtol=1e-5)


def test_without_an_end_the_program_is_what_it_was():
    config = ring()
    made = build.experiment(recipes.ring, config, SPECS)
    plain = core.make_step(
        made.gan,
        made.opt,
        d_steps=config.d_steps,
        new_fakes=config.new_fakes,
        ema_halflife_images=config.ema_halflife_images,
        ema_ramp=config.ema_ramp,
    )
    state, batch = first_state(made, config), {"image": normal(1, 8, 2)}
    programs = [jax.jit(step).lower(state, batch).as_text() for step in (made.step, plain)]
    assert programs[0] == programs[1]
    moving = build.experiment(recipes.ring, ring(lr_g_end=1e-4, burn_in_images=99), SPECS)
    assert jax.jit(moving.step).lower(state, batch).as_text() != programs[0]


def test_a_scheduled_step_is_compiled_once():
    config = ring(**ENDS, burn_in_images=16)
    made = build.experiment(recipes.ring, config, SPECS)
    state, step = first_state(made, config), jax.jit(made.step)
    for _ in range(3):
        state, _ = step(state, {"image": normal(1, 8, 2)})
    assert step._cache_size() == 1


def test_a_resumed_scheduled_run_is_an_uninterrupted_one(tmp_path):
    every = ["--save-every-steps", "8", "--log-every-steps", "8", "--batch-size", "16"]
    still = ["train", "ring", "--tiny", "--schedule", "constant", "--penalty", "r1", *every]
    ends = [word for end, value in ENDS.items() for word in ("--" + end.replace("_", "-"), str(value))]

    def run(name, steps, flags):
        assert main([*still, *flags, "--steps", steps, "--out", str(tmp_path / name)]) == 0
        return json.loads((tmp_path / name / "result.json").read_text())["state_sha256"]

    ends += ["--burn-in-images", "200"]
    whole = run("whole", "16", ends)
    assert run("parts", "8", ends) != whole
    assert run("parts", "16", [*ends, "--resume", "must"]) == whole
    assert run("still", "16", []) != whole


def test_a_fixed_probability_of_augmentation_is_that_probability():
    seen, eye = [], SimpleNamespace(build=lambda config, specs, ingredients: seen.append(ingredients))
    specs = {"image": Spec((8, 8, 1))}
    options = {"augment": "ada", "augment_p": 0.0, "augment_p_end": 1.0, "burn_in_images": 100}
    config = recipes.r3gan.Config(**{**recipes.r3gan.TINY, **options})
    groups = "bgc0.5o"  # the authors': half of the probability for colours, and cutout
    net = r3gan.discriminator(**SMALL)._replace(apply=lambda variables, x, key, train: x)
    images, key = normal(1, 4, 8, 8, 1), jax.random.key(3)
    keys = sharing.sample_keys(jax.random.split(key)[1], np.arange(4))

    @quick
    def both(moment):
        eye.build(None, None, build.ingredients_of(config, specs, values=burn_in.moved(config, moment)))
        return seen[-1].wrap_discriminator(net).apply({}, images, key=key, train=True), augment.ada(groups)(
            images, keys, moment / 100
        )

    for moment, p in ((0.0, 0.0), (100.0, 1.0)):
        ours, theirs = both(moment)
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
        assert (np.abs(ours - images).max() > 0.1) == (p > 0)
    assert seen[-1].trackers == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"augment_p": 1.5, "augment": "ada"}, "--augment-p is 1.5: give a number in [0, 1]"),
        ({"lr_g_end": 0.0, "burn_in_images": 9}, "--lr-g-end is 0.0: give a number above 0"),
        ({"b2_end": 1.0, "burn_in_images": 9}, "--b2-end is 1.0"),
        ({"penalty_weight_end": -1.0, "burn_in_images": 9}, "--penalty-weight-end is -1.0: give 0 or more"),
        ({"burn_in_images": -1}, "--burn-in-images is -1: give 0 or more"),
        ({"lr_g_end": "fast", "burn_in_images": 9}, "--lr-g-end is 'fast': give a number"),
    ],
    ids=str,
)
def test_ends_out_of_range_are_refused(options, words):
    with pytest.raises(BadInput) as error:
        ring(**options)
    assert words in str(error.value)

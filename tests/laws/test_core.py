"""The laws of the step: turns, purity, repetition, the average, terms that are rare."""

import dataclasses
import itertools
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from arrays import CLOSE, far
from games import GAMES, ada_game, batch, equal, sgd

import jaxgan
from jaxgan import Pair, losses, models, noise, recipes, tasks
from jaxgan.errors import BadInput
from jaxgan.layers import direct_form
from jaxgan.net import TRACKERS


def begin(name, opt=None, axis_name=None):
    gan, opt = GAMES[name](axis_name), opt or sgd()
    return gan, opt, jaxgan.init_state(gan, opt, jax.random.key(0), batch())


@pytest.mark.parametrize("name", GAMES)
def test_each_turn_moves_its_own_side_alone(name):
    gan, opt, state = begin(name)
    frozen = lambda side: side._replace(opt=optax.set_to_zero().init(side.params))
    only_d = jaxgan.make_step(gan, Pair(optax.set_to_zero(), opt.d))
    only_g = jaxgan.make_step(gan, Pair(opt.g, optax.set_to_zero()))
    after_d = jax.jit(only_d)(state._replace(g=frozen(state.g)), batch())[0]
    after_g = jax.jit(only_g)(state._replace(d=frozen(state.d)), batch())[0]
    assert equal(after_d.g.params, state.g.params) and not equal(after_d.d.params, state.d.params)
    assert equal(after_g.d.params, state.d.params) and not equal(after_g.g.params, state.g.params)
    assert equal(after_d.key, state.key)


def test_gradients_of_a_step_are_those_of_the_two_losses():
    gan, opt, state = begin("mlp_non_saturating")
    data = jaxgan.sharing.with_index(batch())
    keys = jax.random.split(jax.random.fold_in(state.key, state.step), (1, 4))[0]

    def loss(side, g, d):
        fakes, _ = gan.generate({"params": g}, data, keys[0])
        out = gan.losses({"params": d}, fakes, data, keys[1])
        return getattr(out, side)

    g, d = state.g.params, state.d.params
    d_after = jax.tree.map(lambda p, q: p - 0.01 * q, d, jax.grad(lambda d: loss("d", g, d))(d))
    g_after = jax.tree.map(lambda p, q: p - 0.01 * q, g, jax.grad(lambda g: loss("g", g, d_after))(g))
    after, metrics = jaxgan.make_step(gan, opt)(state, batch())
    for ours, theirs in ((after.d.params, d_after), (after.g.params, g_after)):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-7), ours, theirs)
    np.testing.assert_allclose(metrics.d["loss"], loss("d", g, d), rtol=1e-6)
    np.testing.assert_allclose(metrics.g["loss"], loss("g", g, d_after), rtol=1e-6)


@pytest.mark.parametrize("d_steps", [1, 3])
def test_repeat_equals_as_many_steps(d_steps):
    gan, opt, state = begin("mlp_wgan_gp")
    step = jaxgan.make_step(gan, opt, d_steps=d_steps)
    draw = np.random.default_rng(1)
    shape = (4, d_steps, 16, 8, 8, 1) if d_steps > 1 else (4, 16, 8, 8, 1)
    batches = {"image": draw.integers(0, 256, shape, dtype=np.uint8)}
    together, metrics = jax.jit(jaxgan.repeat(step, 4))(state, batches)
    one = jax.jit(step)
    for i in range(4):
        state, last = one(state, jax.tree.map(lambda x: x[i], batches))  # noqa: B023
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-6), *_numbers(together, state))
    np.testing.assert_allclose(metrics.d["loss"], last.d["loss"], rtol=1e-4)


def test_several_turns_of_d_are_single_turns_in_a_row():
    gan, opt, state = begin("mlp_non_saturating")
    draw = np.random.default_rng(1)
    batches = {"image": draw.integers(0, 256, (3, 16, 8, 8, 1), dtype=np.uint8)}
    after, _ = jaxgan.make_step(gan, opt, d_steps=3)(state, batches)

    turns = jaxgan.make_turns(gan, opt)
    keys = jax.random.split(jax.random.fold_in(state.key, state.step), (3, 4))
    d = state.d
    for i in range(3):
        data = jaxgan.sharing.with_index(jax.tree.map(lambda x: x[i], batches))  # noqa: B023
        played = turns.generate(state.g, data, keys[i][0])
        d, _ = turns.d(d, lambda batch, played=played: played[0], data, keys[i][1])
    g, _ = turns.g(state.g, d, lambda g, batch: played, data, keys[-1][3])
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), after.d.params, d.params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), after.g.params, g.params)


@pytest.mark.parametrize("new_fakes", [False, True])
@pytest.mark.parametrize("name", ["mlp_wgan_gp", "mlp_rpgan_r1_r2", "mlp_augmented", "dcgan_spectral_r1", "mlp_lecam"])
def test_microbatches_give_the_step_of_the_whole_batch(name, new_fakes):
    gan, opt, state = begin(name)
    whole, parts = (jax.jit(jaxgan.make_step(gan, opt, new_fakes=new_fakes, microbatches=n)) for n in (1, 4))
    other = state
    for _ in range(3):
        (state, metrics), (other, theirs) = whole(state, batch()), parts(other, batch())
    assert_close = lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=2e-6 * (1 + np.abs(b).max()))
    jax.tree.map(assert_close, *_numbers(state, other))
    jax.tree.map(assert_close, metrics, theirs)
    with pytest.raises(BadInput, match=r"16 a device .* 3 microbatches"):
        jaxgan.make_step(gan, opt, microbatches=3)(state, batch())


def test_adas_probability_moves_as_of_the_whole_batch():
    states = []
    for parts in (1, 4):
        gan, opt = ada_game(per=400), sgd()
        step = jax.jit(jaxgan.make_step(gan, opt, microbatches=parts))
        state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
        for _ in range(5):
            state, _ = step(state, batch())
        states.append(_numbers(state, state)[0])
    assert states[0].d.stats["trackers"]["ada"].p != 0.5
    assert_close = lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=4e-6 * (1 + np.abs(b).max()))
    jax.tree.map(assert_close, *states)


def test_microbatches_need_less_memory():
    gan = tasks.adversarial(
        models.dcgan.generator(16, 1, width=8, norm="none"), models.dcgan.discriminator(width=8, norm="none")
    )
    data, opt = batch(rows=64, size=16), sgd()
    state = jaxgan.init_state(gan, opt, jax.random.key(0), data)
    compiled = lambda n: jax.jit(jaxgan.make_step(gan, opt, microbatches=n)).lower(state, data).compile()
    whole, parts = (compiled(n).memory_analysis().temp_size_in_bytes for n in (1, 8))
    assert parts < 0.4 * whole


def test_fresh_fakes_are_other_fakes():
    gan, opt, state = begin("mlp_non_saturating")
    shared, new = (jaxgan.make_step(gan, opt, new_fakes=f)(state, batch())[0] for f in (False, True))
    assert equal(shared.d.params, new.d.params)
    assert not equal(shared.g.params, new.g.params)


def test_step_compiles_once_and_goes_on_where_it_stopped():
    gan, opt, state = begin("dcgan_batch_norm", Pair(optax.adam(1e-3), optax.adam(1e-3)))
    step = jax.jit(jaxgan.make_step(gan, opt), donate_argnums=0)
    whole = jax.tree.map(jnp.copy, state)
    for _ in range(6):
        whole, _ = step(whole, batch())
    for _ in range(3):
        state, _ = step(state, batch())
    state = jax.tree.map(lambda x: jnp.array(np.asarray(x)) if x.dtype != state.key.dtype else x, state)
    for _ in range(3):
        state, _ = step(state, batch())
    assert equal(whole, state)
    assert step._cache_size() == 1


def test_a_step_can_be_looked_into_without_jit():
    gan, opt, state = begin("dcgan_batch_norm")
    step = jaxgan.make_step(gan, opt)
    compiled = jax.jit(step)(state, batch())
    with jax.disable_jit():
        plain = step(state, batch())
    numbers = lambda state, metrics: jax.tree.map(np.asarray, (state._replace(key=0), metrics))
    assert far(numbers(*plain), numbers(*compiled)) < CLOSE


def test_a_step_has_no_convolution_too_many():
    """Its generator's pass serves both turns, D's of real samples both loss and penalty, no gradient goes to D's pixels."""
    g, d = models.dcgan.generator(8, 1, width=4), models.dcgan.discriminator(width=4, norm="none")
    x, z = jnp.zeros((2, 8, 8, 1)), jnp.zeros((2, 100))
    layers_g, layers_d = (
        len(
            [
                leaf
                for leaf in jax.tree.leaves(jax.eval_shape(net.init, jax.random.key(0), x)["params"])
                if leaf.ndim == 4
            ]
        )
        for net, x in ((g, z), (d, x))
    )

    def count(*penalties):
        gan = tasks.adversarial(g, d, penalties=penalties)
        state = jax.eval_shape(lambda: jaxgan.init_state(gan, sgd(), jax.random.key(0), {"image": x}))
        with direct_form():
            text = jax.jit(jaxgan.make_step(gan, sgd())).lower(state, {"image": x}).compile().as_text()
        return len(re.findall(r" convolution\(", text))

    d_turn = 2 * (3 * layers_d - 1)  # forward, for weights, for inputs but the first layer's; real and fake
    g_turn = 2 * layers_d + 3 * layers_g  # D forward and to its input; G forward, for weights, for inputs
    assert count() == d_turn + g_turn
    of_penalty = 3 * layers_d  # to the input, and from there forward and for weights: no pass of its own before that
    assert count(losses.r1(1.0)) - count() == of_penalty
    assert count(losses.r1(1.0), losses.r2(1.0)) - count() == 2 * of_penalty


def test_average_has_its_halflife_and_its_ramp():
    gan, _, state = begin("dcgan_batch_norm")
    marked = state._replace(ema=jax.tree.map(jnp.ones_like, state.ema), step=jnp.int32(10**6))
    frozen = Pair(optax.set_to_zero(), optax.set_to_zero())
    marked = marked._replace(
        g=marked.g._replace(opt=frozen.g.init(state.g.params)), d=marked.d._replace(opt=frozen.d.init(state.d.params))
    )
    after, _ = jax.jit(jaxgan.make_step(gan, frozen, ema_halflife_images=16.0))(marked, batch())
    expected = jax.tree.map(lambda x: (x + 1) / 2, after.g.variables)  # 16 images: half of it is new
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), after.ema, expected)
    assert "batch_stats" in after.ema

    first, _ = jax.jit(jaxgan.make_step(gan, frozen))(marked._replace(step=jnp.int32(0)), batch())
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), first.ema, first.g.variables)
    off, _ = jax.jit(jaxgan.make_step(gan, frozen, ema_halflife_images=0))(marked, batch())
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), off.ema, off.g.variables)


@pytest.mark.parametrize(("d_steps", "microbatches"), [(1, 1), (1, 4), (2, 1)])
def test_rare_terms_are_due_at_every_kth_step_and_add_to_what_is_always_due(d_steps, microbatches):
    opt, options = sgd(), {"d_steps": d_steps, "microbatches": microbatches}
    networks = models.mlp.generator((8, 8, 1), (16, 16)), models.mlp.discriminator((16, 16))
    of_d, draw = losses.r1(30.0), np.random.default_rng(1)

    def of_g(g, z, *, key, index):
        return 0.3 * optax.tree.norm(g["params"], squared=True), {TRACKERS: {"seen": g[TRACKERS]["seen"] + 1}}

    def game(g, d, **more):
        gan = tasks.adversarial(*networks, noise=noise.uniform(8), penalties_g=g, penalties=d, **more)
        start = lambda g, d: Pair({**g, TRACKERS: {"seen": jnp.zeros(())}}, d)
        return gan._replace(init=lambda *given: start(*gan.init(*given)))

    lazy = game((), (), rare=Pair((of_g,), (of_d,)))
    step = jax.jit(jaxgan.make_step(lazy, opt, rare_every=Pair(2, 3), **options))
    state = jaxgan.init_state(lazy, opt, jax.random.key(0), batch())
    of_kind = lambda g, d: jax.jit(jaxgan.make_step(game((of_g,) * g, (of_d,) * d), opt, **options))
    kinds = {due: of_kind(*due) for due in itertools.product((True, False), repeat=2)}
    for i in range(7):
        images = draw.integers(0, 256, (*(d_steps,) * (d_steps > 1), 16, 8, 8, 1), dtype=np.uint8)
        due = Pair(i % 2 == 0, i % 3 == 0)
        expected, theirs = kinds[due](state, {"image": images})
        state, metrics = step(state, {"image": images})
        assert Pair(*(not bool(jnp.isnan(side["penalty"])) for side in metrics)) == due
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), *_numbers(state, expected))
        for ours, side in zip(metrics, theirs, strict=True):
            np.testing.assert_allclose([ours[name] for name in side], [*side.values()], rtol=1e-4)
    assert float(state.g.stats[TRACKERS]["seen"]) == 4  # moved where it was due alone


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (TRACKERS, "both move trackers"),
        ("memory", "a rare term moves memory"),
        ("novel", "moves novel, which `init` has not made: it has trackers"),
    ],
)
def test_a_rare_term_that_moves_what_it_must_not_is_bad_input(name, words):
    gan, opt, state = begin("mlp_lecam")
    term = lambda d, *given: (jnp.float32(0), {name: d[TRACKERS]}, {})
    with pytest.raises(BadInput, match=words):
        jaxgan.make_step(gan._replace(rare=Pair(None, term)), opt)(state, batch())


def test_metrics_of_rare_terms_may_be_counts():
    gan, opt, state = begin("mlp_non_saturating")

    def losses(*given):
        out = gan.losses(*given)
        return out._replace(metrics=out.metrics._replace(d={"both": jnp.int32(1)}))

    term = lambda d, *given: (jnp.float32(0), {}, {"both": 0.5, "own": 2})
    step = jax.jit(jaxgan.make_step(gan._replace(losses=losses, rare=Pair(None, term)), opt, rare_every=Pair(1, 2)))
    for both, own in ((1.5, 2), (1, np.nan)):
        state, metrics = step(state, batch())
        np.testing.assert_array_equal([metrics.d["both"], metrics.d["own"]], [both, own])


def test_what_is_always_due_is_in_the_program_once_whatever_is_rare():
    networks = models.dcgan.generator(8, 1, width=8), models.dcgan.discriminator(width=8, norm="none")
    made = lambda **terms: tasks.adversarial(*networks, noise=noise.uniform(8), **terms)
    state = jaxgan.init_state(made(), sgd(), jax.random.key(0), batch())

    def convolutions(gan, **options):
        traced = jax.jit(jaxgan.make_step(gan, sgd(), **options)).trace(state, batch())
        return traced.lower(lowering_platforms=("cuda",)).as_text().count("stablehlo.convolution")

    plain, strong = convolutions(made()), convolutions(made(penalties=(losses.r1(1.0),)))
    lazy = convolutions(made(rare=Pair((), (losses.r1(1.0),))), rare_every=Pair(1, 16))
    assert plain < lazy <= strong + 2  # the penalty's own pass forward, and not the step once more
    assert lazy < 2 * plain


def test_population_by_vmap_equals_its_members():
    gan, opt = GAMES["mlp_rpgan_r1_r2"](None), sgd()
    step = jaxgan.make_step(gan, opt)
    keys = jax.random.split(jax.random.key(0), 2)
    states = jax.vmap(lambda key: jaxgan.init_state(gan, opt, key, batch()))(keys)
    after, _ = jax.jit(jax.vmap(step, (0, None)))(states, batch())
    for i in range(2):
        alone, _ = jax.jit(step)(jax.tree.map(lambda x: x[i], states), batch())  # noqa: B023
        member = jax.tree.map(lambda x: x[i], after)  # noqa: B023
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), *_numbers(member, alone))


def test_gradient_goes_through_two_whole_steps():
    gan = GAMES["mlp_non_saturating"](None)

    def score(rate):
        opt = Pair(optax.sgd(rate), optax.sgd(rate))
        state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
        for _ in range(2):
            state, metrics = jaxgan.make_step(gan, opt)(state, batch())
        return metrics.g["loss"]

    slope = jax.jit(jax.grad(score))(0.01)
    around = (jax.jit(score)(0.0105) - jax.jit(score)(0.0095)) / 0.001
    np.testing.assert_allclose(slope, around, rtol=0.05)


def test_no_discriminator_pass_that_no_loss_needs():
    gan, opt, state = begin("mlp_non_saturating")
    ours = jax.jit(jaxgan.make_step(gan, opt)).lower(state, batch()).compile().cost_analysis()["flops"]
    # multiply-adds of dense layers: forward 1, gradient in the input 1, in the weights 1
    g = 8 * 16 + 16 * 16 + 16 * 64
    d, d_first = 64 * 16 + 16 * 16 + 16, 64 * 16
    d_turn = 2 * (3 * d - d_first)  # real and fake; the first layer has no gradient in its input
    g_turn = 2 * d + (3 * g - 8 * 16)
    least = 2 * 16 * (d_turn + g_turn)
    assert ours < least * 1.25  # elementwise work is a quarter at most of so small networks
    more = tasks.adversarial(
        models.mlp.generator((8, 8, 1), (16, 16)),
        models.mlp.discriminator((16, 16)),
        noise=noise.uniform(8),
        loss=losses.relativistic(losses.non_saturating),  # needs D(real) in G's turn
    )
    theirs = jax.jit(jaxgan.make_step(more, opt)).lower(state, batch()).compile().cost_analysis()["flops"]
    assert theirs > ours + 2 * 16 * d * 0.9


def test_bfloat16_keeps_parameters_losses_and_average_in_float32():
    same = {"width": 8, "dtype": jnp.bfloat16}
    gan = tasks.adversarial(
        models.dcgan.generator(8, 1, **same), models.dcgan.discriminator(**same), penalties=(losses.r1(1.0),)
    )
    opt = Pair(optax.adam(1e-3), optax.adam(1e-3))
    state = jaxgan.init_state(gan, opt, jax.random.key(0), batch())
    step = jax.jit(jaxgan.make_step(gan, opt))
    assert "bf16" in step.lower(state, batch()).as_text()
    state, metrics = step(state, batch())
    floats = [x.dtype for x in jax.tree.leaves((state, metrics)) if jnp.issubdtype(x.dtype, jnp.floating)]
    assert set(floats) == {jnp.dtype("float32")}
    assert np.isfinite(jax.tree.leaves(metrics)).all()


def test_every_recipe_says_what_it_is():
    for name in recipes.names():
        recipe = recipes.get(name)
        assert recipes.describe(name) == recipe.__doc__.partition("\n")[0]
        assert f"jaxgan train {name}" in recipe.__doc__
        assert dataclasses.replace(recipe.Config(), **recipe.TINY).steps <= 100


def _numbers(*states):
    return [state._replace(key=jax.random.key_data(state.key)) for state in states]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"d_steps": 0}, "d_steps is 0: give a whole number above 0"),
        ({"microbatches": 0}, "microbatches is 0"),
        ({"rare_every": 4}, "rare_every is 4: give Pair"),
        ({"rare_every": Pair(None, 1)}, "rare_every.g is None: give a whole number above 0"),
        ({"rare_every": [1, 0]}, "rare_every.d is 0"),
    ],
)
def test_counts_of_a_step_that_are_none_are_refused(given, words):
    gan, opt, _ = begin("mlp_non_saturating")
    with pytest.raises(BadInput, match=words):
        jaxgan.make_step(gan, opt, **given)


def test_counts_around_a_step_are_checked_as_its_own():
    gan, opt, _ = begin("mlp_non_saturating")
    with pytest.raises(BadInput, match="k is 0: give a whole number above 0"):
        jaxgan.repeat(jaxgan.make_step(gan, opt), 0)
    with pytest.raises(BadInput, match="microbatches is 0"):
        jaxgan.make_turns(gan, opt, microbatches=0)


@pytest.mark.parametrize("given", [{}, {"image": 3.0}, {"label": [0, 1, 2]}])
def test_a_batch_says_how_many_samples_it_has(given):
    gan, _, state = begin("mlp_non_saturating")
    with pytest.raises(BadInput, match=r"how many samples there are: give .*jnp.arange"):
        gan.sample(state.ema, given, jax.random.key(0))
    drawn = gan.sample(state.ema, {"index": jnp.arange(3)}, jax.random.key(0))
    assert drawn.shape[0] == 3


def test_columns_say_the_same_of_how_many_samples_there_are():
    gan, opt, state = begin("mlp_non_saturating")
    step, index = jax.jit(jaxgan.make_step(gan, opt)), np.arange(len(batch()["label"]))
    with pytest.raises(BadInput, match=r"1 in image, .* in label: give each as many rows"):
        step(state, {**batch(), "image": batch()["image"][:1]})
    for more in ({"a": np.float32(1)}, {"a": np.zeros(3), "index": index}):  # what is of all samples
        assert int(step(state, {**more, **batch()})[0].step) == 1
    with pytest.raises(BadInput, match="a of the batch has no axis 0 of samples"):
        jaxgan.make_step(gan, opt, microbatches=2)(state, {"a": np.float32(1), **batch()})


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "bool"])
def test_pictures_of_whole_numbers_of_unknown_range_are_refused(dtype):
    gan, opt, state = begin("mlp_non_saturating")
    data = {**batch(), "image": (batch()["image"] > 0).astype(dtype)}
    with pytest.raises(BadInput, match=rf"image is {dtype}\[.*give uint8 or int16, or floats in \[-1, 1\]"):
        jax.jit(jaxgan.make_step(gan, opt))(state, data)


def test_columns_that_are_no_samples_may_be_of_whole_numbers():
    gan, opt, state = begin("mlp_non_saturating")
    rows = len(batch()["label"])
    more = {"boxes": np.zeros((rows, 3, 4), np.int32), "hole": np.zeros((rows, 8, 8, 1), bool)}
    assert int(jax.jit(jaxgan.make_step(gan, opt))(state, {**batch(), **more})[0].step) == 1


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_a_game_may_be_given_masks(dtype):
    fill = models.mlp.discriminator((8,)).map(after=lambda out: jnp.zeros((4, 8, 8, 1)) + jnp.mean(out))
    flat = fill.map(before=lambda x: (x.astype(jnp.float32),))
    gan = tasks.adversarial(flat, models.mlp.discriminator((8,)), given="mask")
    data = {"image": np.zeros((4, 8, 8, 1), np.uint8), "mask": np.zeros((4, 8, 8), dtype)}
    assert gan.init(jax.random.key(0), {**data, "index": np.arange(4)}).g


def test_what_a_function_says_is_real_is_no_whole_number_either():
    networks = models.mlp.generator((8, 8, 1), (8,)), models.mlp.discriminator((8,))
    gan = tasks.adversarial(*networks, noise=noise.normal(4), real=lambda batch: batch["picture"])
    with pytest.raises(BadInput, match="what is real is int32"):
        gan.init(jax.random.key(0), {"picture": np.zeros((4, 8, 8, 1), np.int32), "index": np.arange(4)})

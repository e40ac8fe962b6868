"""CycleGAN's game: its closed form on networks of one number, which term moves whom, what is remembered."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from arrays import assert_close, quick
from games import equal

import jaxgan
from jaxgan import BadInput, Pair, losses, models
from jaxgan.net import Net
from jaxgan.sharing import MEMORY, with_index
from jaxgan.tasks.cycle import cycle, pooled_part, with_pooled
from jaxgan.tasks.pooled import pooled

KEY = jax.random.key(0)


def scaled(gain):
    """A G that multiplies its picture by a parameter."""
    return Net(lambda key, x: {"params": jnp.float32(gain)}, lambda v, x, **_: (v["params"] * x, {}))


def judge(gain):
    """A D of two patches: a parameter times the mean of each half."""

    def apply(variables, x, **_):
        return variables["params"] * jnp.stack([x[:, :4].mean((1, 2, 3)), x[:, 4:].mean((1, 2, 3))], 1), {}

    return Net(lambda key, x: {"params": jnp.float32(gain)}, apply)


def pictures(rows=4, channels=3):
    draw = np.random.default_rng(0)
    return with_index({k: draw.integers(0, 256, (rows, 8, 8, channels), dtype=np.uint8) for k in ("image", "input")})


def game(gains=(0.5, 2.0), judges=(1.5, -0.5), **options):
    return cycle(*map(scaled, gains), *map(judge, judges), **options)


def outcome(gan, batch=None):
    batch = pictures() if batch is None else batch

    @quick
    def played(batch):
        g, d = gan.init(KEY, batch)
        return gan.losses(d, gan.generate(g, batch, KEY)[0], batch, KEY)

    return played(batch)


def halves(x):
    return np.stack([x[:, :4].mean((1, 2, 3)), x[:, 4:].mean((1, 2, 3))], 1)


def distance(x, y):
    return np.abs(x - y).mean()


# of G's logits, of D's real and fake ones: as the paper has them before D's are halved
WHOLE = {
    "least_squares": (lambda f: (f - 1) ** 2, lambda r, f: (r - 1) ** 2 + f**2),
    "non_saturating": (lambda f: np.log1p(np.exp(-f)), lambda r, f: np.log1p(np.exp(-r)) + np.log1p(np.exp(f))),
}


@pytest.mark.parametrize("name", WHOLE)
def test_losses_are_the_paper_s_with_d_halved(name):
    out, batch = outcome(game(loss=losses.half_d(getattr(losses, name)), weight=7.0, identity=0.25)), pictures()
    y, x = (batch[column] / np.float32(127.5) - 1 for column in ("image", "input"))
    of_g, of_d = WHOLE[name]
    to_image, to_input = of_g(1.5 * halves(0.5 * x)).mean(), of_g(-0.5 * halves(2 * y)).mean()
    around = distance(0.5 * 2 * x, x) + distance(2 * 0.5 * y, y)
    kept = distance(0.5 * y, y) + distance(2 * x, x)
    terms = out.metrics.g
    expected = {"adversarial_image": to_image, "adversarial_input": to_input, "cycle": around, "identity": kept}
    assert terms.keys() == expected.keys()
    for term, value in expected.items():
        np.testing.assert_allclose(terms[term], value, rtol=1e-5, atol=1e-6, err_msg=term)
    np.testing.assert_allclose(out.g, to_image + to_input + 7 * around + 7 * 0.25 * kept, rtol=1e-5)
    in_d = of_d(1.5 * halves(y), 1.5 * halves(0.5 * x)).mean() + of_d(-0.5 * halves(x), -0.5 * halves(2 * y)).mean()
    np.testing.assert_allclose(out.d, in_d / 2, rtol=1e-5)
    means = {"real": 1.5 * y, "fake": 0.75 * x, "real_input": -0.5 * x, "fake_input": -y}
    assert out.metrics.d.keys() == means.keys()
    for metric, values in means.items():
        np.testing.assert_allclose(out.metrics.d[metric], values.mean(), rtol=1e-4, atol=1e-6, err_msg=metric)


def test_generators_that_change_nothing_lose_to_the_adversaries_alone():
    out = outcome(game(gains=(1.0, 1.0)))
    assert out.metrics.g["cycle"] == out.metrics.g["identity"] == 0
    np.testing.assert_allclose(
        out.g, out.metrics.g["adversarial_image"] + out.metrics.g["adversarial_input"], rtol=1e-6
    )


def test_generators_that_undo_each_other_have_no_cycle_loss_and_others_do():
    assert outcome(game(gains=(4.0, 0.25))).metrics.g["cycle"] == 0
    assert outcome(game(gains=(4.0, 0.5))).metrics.g["cycle"] > 0.5


def test_swapped_domains_are_the_same_game():
    one = outcome(game((0.5, 3.0), (1.5, -0.5)))
    other = outcome(game((3.0, 0.5), (-0.5, 1.5), real="input", given="image"))
    np.testing.assert_allclose((one.g, one.d), (other.g, other.d), rtol=1e-6)
    np.testing.assert_allclose(one.metrics.g["adversarial_image"], other.metrics.g["adversarial_input"], rtol=1e-6)


def test_each_term_moves_the_networks_that_it_is_of():
    gan, batch = game((0.5, 3.0), identity=0.5), pictures()
    g, d = gan.init(KEY, batch)

    def terms(params):
        fakes, _ = gan.generate({"params": params}, batch, KEY)
        return gan.losses(d, fakes, batch, KEY).metrics.g

    slopes = quick(jax.jacrev(terms))(g["params"])
    moved = {term: {name for name, slope in of.items() if abs(slope) > 1e-6} for term, of in slopes.items()}
    both = {"forward", "backward"}
    assert moved == {
        "adversarial_image": {"forward"},
        "adversarial_input": {"backward"},
        "cycle": both,
        "identity": both,
    }
    fakes, _ = gan.generate(g, batch, KEY)
    of_d = quick(jax.grad(lambda params: gan.losses({"params": params}, fakes, batch, KEY).d))(d["params"])
    assert of_d.keys() == {"image", "input"} and all(abs(slope) > 1e-3 for slope in of_d.values())


def test_without_identity_channels_may_differ_and_with_it_they_are_refused():
    batch = {**pictures(), "input": pictures(channels=1)["input"]}
    grey = Net(
        lambda key, x: {"params": jnp.float32(1)}, lambda v, x, **_: (v["params"] * x.mean(-1, keepdims=True), {})
    )
    colour = Net(lambda key, x: {"params": jnp.float32(1)}, lambda v, x, **_: (v["params"] * jnp.tile(x, 3), {}))
    networks = (colour, grey, judge(1.0), judge(1.0))
    out = outcome(cycle(*networks, identity=0), batch)
    assert "identity" not in out.metrics.g and out.metrics.g["cycle"] > 0
    with pytest.raises(BadInput, match="as many channels, input has 1 and image 3: give --identity 0, or --channels 3"):
        cycle(*networks).init(KEY, batch)
    with pytest.raises(
        BadInput, match=r"backward gives \(8, 8, 3\) of \(8, 8, 3\), and the pictures there are \(8, 8, 1\)"
    ):
        cycle(colour, scaled(1.0), judge(1.0), judge(1.0), identity=0).init(KEY, batch)
    with pytest.raises(BadInput, match="takes a column 'input', and the batch has image, index"):
        game().init(KEY, {"image": pictures()["image"]})


def test_samples_are_of_the_inputs_alone_and_reversed_of_the_images_alone():
    gan, batch = game((0.5, 2.0)), pictures()
    g, _ = gan.init(KEY, batch)
    one, other = (batch[name] / np.float32(127.5) - 1 for name in ("input", "image"))
    assert_close(gan.sample(g, {"input": batch["input"]}, KEY), 0.5 * one)
    assert_close(gan.sample(g, batch, KEY), 0.5 * one)
    pool = pooled(gan, 8, pooled_part, with_pooled)
    assert_close(pool.sample(g, {"image": batch["image"]}, KEY), 2 * other)
    with pytest.raises(BadInput, match="takes a column 'input', and the batch has index, mask"):
        gan.sample(g, {"mask": batch["image"]}, KEY)


def test_a_pool_keeps_both_translations_and_g_learns_from_the_new_ones():
    plain = game((0.5, 2.0))
    gan, batch = pooled(plain, 4, pooled_part, with_pooled), pictures()
    g, d = gan.init(KEY, batch)
    shapes = jax.tree.map(lambda x: x.shape, d[MEMORY]["pool"]["samples"])
    assert shapes == dict.fromkeys(("image", "input"), (4, 8, 8, 3))
    first, _ = gan.generate(g, batch, KEY)
    out = gan.losses(d, first, batch, KEY)
    assert_close(out.moved[MEMORY]["pool"]["samples"]["input"], first.input)
    zero = jax.tree.map(jnp.zeros_like, first)
    d = {**d, **out.moved}
    later, alone = (each.losses(d, zero, batch, KEY) for each in (gan, plain))
    np.testing.assert_array_equal(later.g, alone.g)
    shown = [float(later.metrics.d[name]) for name in ("fake", "fake_input")]
    assert float(alone.metrics.d["fake"]) == 0 and all(shown)  # older ones among them


def test_networks_that_draw_draw_for_each_sample_and_pass():
    def noisy(variables, x, key=None, index=None, train=True):
        assert key is not None and index is not None
        noise = jax.vmap(lambda key: jax.random.normal(key, x.shape[1:]))(jaxgan.sharing.sample_keys(key, index))
        return variables["params"] * x + noise, {}

    net = Net(lambda key, x: {"params": jnp.float32(0)}, noisy, indexed=True)
    gan, batch = cycle(net, net, judge(1.0), judge(1.0)), pictures()
    g, _ = gan.init(KEY, batch)
    fakes, _ = gan.generate(g, batch, KEY)
    rows = np.concatenate([np.asarray(x).reshape(4, -1)[:, :5] for x in fakes])
    assert len(np.unique(rows, axis=0)) == 6 * 4
    part = {name: x[2:] for name, x in batch.items()}
    assert_close(gan.generate(g, part, KEY)[0].image_again, np.asarray(fakes.image_again)[2:])
    assert gan.sample(g, {"input": batch["input"]}, KEY).shape == (4, 8, 8, 3)


def test_statistics_move_with_every_pass_of_either_side():
    def counted(variables, x, **_):
        return variables["params"] * x, {"stats": variables["stats"] + 1}

    net = Net(lambda key, x: {"params": jnp.float32(1), "stats": jnp.float32(0)}, counted)
    mean = net.map(after=lambda x: x.mean((1, 2, 3)))
    gan, batch = cycle(net, net, mean, mean), pictures()
    g, d = gan.init(KEY, batch)
    fakes, moved = gan.generate(g, batch, KEY)
    assert moved["stats"] == {"forward": 3, "backward": 3}
    assert gan.losses(d, fakes, batch, KEY).moved["stats"] == {"image": 2, "input": 2}


def test_a_turn_moves_its_own_side_alone_and_the_cycle_closes():
    flat = lambda x: x.reshape(len(x), -1)
    generator = lambda: models.mlp.generator((8, 8, 1), (16,)).map(before=flat)
    gan = cycle(generator(), generator(), models.mlp.discriminator((8,)), models.mlp.discriminator((8,)))
    batch, opt = pictures(8, 1), Pair(optax.adam(3e-3), optax.adam(1e-4))
    state, step = jaxgan.init_state(gan, opt, KEY, batch), quick(jaxgan.make_step(gan, opt))
    still = quick(jaxgan.make_step(gan, opt._replace(g=optax.set_to_zero())))
    other, _ = still(
        jax.tree.map(jnp.copy, jaxgan.init_state(gan, opt._replace(g=optax.set_to_zero()), KEY, batch)), batch
    )
    assert equal(other.g.params, state.g.params) and not equal(other.d.params, state.d.params)
    found = []
    for _ in range(100):
        state, metrics = step(state, batch)
        found.append(float(metrics.g["cycle"]))
    assert found[-1] < 0.6 * found[0]

"""What G is given and what D is shown: the default game is the old one, and every other one is arguments."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from arrays import assert_close
from games import batch

import jaxgan
from jaxgan import BadInput, Pair, augment, losses, models, tasks
from jaxgan.net import DiscriminatorOutput, Net
from jaxgan.sharing import sample_keys, with_index

KEY = jax.random.key(0)


def pairs(rows=4, size=8):
    draw = np.random.default_rng(0)
    columns = {name: draw.integers(0, 256, (rows, size, size, 3), dtype=np.uint8) for name in ("image", "input")}
    return with_index({**columns, "mask": draw.integers(0, 5, (rows, size, size), dtype=np.uint8)})


def copied(gain=1.0):
    """A G that shows its input, times a parameter."""
    return Net(lambda key, x: {"params": jnp.float32(gain)}, lambda v, x, **_: (v["params"] * x, {}))


def seeing(seen):
    """A D that tells what it is shown, and hands out the mean of x as its feature."""

    def apply(variables, x, *others, **_):
        seen.append((x, *others))
        mean = jnp.mean(x, axis=(1, 2, 3))
        return DiscriminatorOutput(variables["params"] * mean, mean), {}

    return Net(lambda key, *inputs: {"params": jnp.float32(1)}, apply)


def test_all_columns_of_bytes_but_masks_and_labels_are_in_the_steps_range():
    seen, contexts = [], []
    gan = tasks.adversarial(
        copied(),
        seeing(seen),
        given=lambda batch, key: batch["input"],
        shown=lambda x, batch: (x, batch["input"], batch["mask"]),
        content={"seen": lambda real, fake, context: contexts.append((real, fake, context)) or jnp.float32(0)},
    )
    batch = pairs()
    scaled = {name: batch[name] / np.float32(127.5) - 1 for name in ("image", "input")}
    g, d = gan.init(KEY, batch)
    fakes, _ = gan.generate(g, batch, KEY)
    assert_close(fakes.image, scaled["input"])
    out = gan.losses(d, fakes, batch, KEY)
    (x, beside, mask), (fake, *_) = seen[-2:]
    for ours, name in ((x, "image"), (beside, "input"), (fake, "input")):
        assert_close(ours, scaled[name])
    np.testing.assert_array_equal(mask, batch["mask"])
    real, fake, context = contexts[-1]
    assert_close(real, scaled["image"])
    assert_close(context.given[0], scaled["input"])
    assert_close(context.batch["input"], beside)
    assert_close(context.features_real, scaled["image"].mean(axis=(1, 2, 3)))
    assert context.batch["mask"].dtype == np.uint8 and out.metrics.g["seen"] == 0
    assert_close(gan.sample(g, {"input": batch["input"]}, KEY), scaled["input"])


def test_a_term_sees_what_g_was_given_and_no_other_draw():
    noisy = lambda batch, key: (
        batch["input"] + jax.vmap(lambda k: jax.random.normal(k, (8, 8, 3)))(sample_keys(key, batch["index"]))
    )
    apart = {"apart": lambda real, fake, context: jnp.max(jnp.abs(fake - context.given[0]))}
    gan = tasks.adversarial(copied(), seeing([]), given=noisy, content=apart)
    batch = pairs()
    g, d = gan.init(KEY, batch)
    fakes, _ = gan.generate(g, batch, jax.random.key(1))
    assert gan.losses(d, fakes, batch, jax.random.key(2)).metrics.g["apart"] == 0


def test_real_may_be_a_function_and_the_adversarial_term_has_a_weight():
    logits = lambda batch: jnp.log(0.9 * jax.nn.one_hot(batch["mask"], 3) + 0.1 / 3)
    mean = {"mean": lambda real, fake, context: jnp.mean(real)}
    batch = pairs()
    game = lambda weight: tasks.adversarial(
        copied(), seeing([]), real=logits, given=lambda batch, key: batch["input"], content=mean, weight=weight
    )
    g, d = game(1.0).init(KEY, batch)
    fakes, _ = game(1.0).generate(g, batch, KEY)
    one, none = (game(w).losses(d, fakes, batch, KEY) for w in (1.0, 0.0))
    assert one.metrics.g["mean"] == pytest.approx(float(jnp.mean(logits(batch))))
    np.testing.assert_allclose(none.g, none.metrics.g["mean"], rtol=1e-6)
    np.testing.assert_allclose(one.g, one.metrics.g["adversarial"] + one.metrics.g["mean"], rtol=1e-6)
    half = jax.jit(lambda w: game(w).losses(d, fakes, batch, KEY).g)(0.5)
    np.testing.assert_allclose(half, (one.g + none.g) / 2, rtol=1e-6)


@pytest.mark.parametrize("scales", [1, 3])
def test_the_game_of_pix2pix_hd_is_its_equation_over_the_number_of_its_d(scales):
    """Wang et al. 2018, arXiv:1711.11585, eq. 5: the sums over all D of L_GAN, and of L_FM times 10."""
    judge = models.patchgan.discriminator(2, 16, norm="none", scales=scales)
    game = tasks.adversarial(
        copied(0.5),
        judge,
        loss=losses.half_d(losses.least_squares),
        given="input",
        content={"feature_matching": losses.feature_matching(10.0)},
    )
    batch = pairs(size=24)
    g, d = game.init(KEY, batch)
    fakes, _ = game.generate(g, batch, KEY)
    out = game.losses(d, fakes, batch, KEY)
    real, fake = (judge.apply(d, x)[0] for x in (batch["image"] / 127.5 - 1, fakes.image))
    logits, features = (jax.tree.leaves(x) for x in (fake.logits, (real.features, fake.features)))
    assert len(logits) == scales
    half = len(features) // 2
    gan = sum(np.mean((np.asarray(x) - 1) ** 2) for x in logits)
    matching = sum(np.abs(a - b).mean() for a, b in zip(features[:half], features[half:], strict=True))
    np.testing.assert_allclose(scales * out.g, gan + 10 * matching, rtol=1e-5)


def test_pictures_beside_x_are_moved_by_the_same_draw_and_keep_their_colours():
    seen = []
    x = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 3)).astype(np.float32)
    key, keys = jax.random.key(3), sample_keys(jax.random.split(jax.random.key(3))[1], np.arange(6))
    both = augment.diff_augment(("color", "translation"))
    for moved, beside in (
        (both, augment.diff_augment("translation")),
        (
            lambda images, keys: augment.ada("bgc")(images, keys, 0.8),
            lambda x, k: augment.ada_geometry("bgc")(x, k, 0.8),
        ),
    ):
        net = augment.augmented(seeing(seen), moved, beside=beside)
        net.apply({"params": jnp.float32(1)}, x, x, np.arange(6), key=key, index=np.arange(6))
        first, other, label = seen[-1]
        assert_close(first, np.asarray(moved(x, keys)))
        assert_close(other, np.asarray(beside(x, keys)))
        np.testing.assert_array_equal(label, np.arange(6))
        assert np.abs(np.asarray(first) - np.asarray(other)).max() > 0.1  # colours


def test_pictures_beside_x_are_refused_by_what_moves_x_alone():
    net = augment.augmented(seeing([]), augment.diff_augment())
    x = np.zeros((2, 8, 8, 3), np.float32)
    with pytest.raises(BadInput, match=r"\[2, 8, 8, 3\] beside x .* the augmentation moves x alone"):
        net.apply({"params": jnp.float32(1)}, x, x, key=KEY, index=np.arange(2))
    whole = augment.augmented(seeing([]), augment.diff_augment(), beside=augment.diff_augment("translation"))
    for other in (np.zeros((2, 8, 8), np.uint8), np.zeros((2, 4, 4, 3), np.float32)):  # a mask, another size
        with pytest.raises(BadInput, match="moves x alone"):
            whole.apply({"params": jnp.float32(1)}, x, other, key=KEY, index=np.arange(2))


def test_content_terms_have_names_of_their_own():
    for name in ("loss", "penalty", "adversarial"):
        with pytest.raises(BadInput, match=f"content has {name}, which are metrics of every game"):
            tasks.adversarial(copied(), seeing([]), content={name: lambda real, fake, context: 0.0})


def test_a_column_that_is_missing_is_named():
    gan = tasks.adversarial(models.mlp.generator((8, 8, 3)), models.mlp.discriminator(), real="photo")
    with pytest.raises(BadInput, match="takes a column 'photo', and the batch has image, index, input, mask"):
        jax.eval_shape(gan.init, KEY, pairs())


def test_a_game_of_pairs_is_a_step_like_any_other():
    gan = tasks.adversarial(
        models.mlp.generator((8, 8, 3), (8,)).map(before=lambda x: x.reshape(len(x), -1)),
        models.mlp.discriminator((8,)).map(before=lambda x, y: jnp.concatenate([x, y], -1)),
        given=lambda batch, key: batch["input"],
        shown=lambda x, batch: (x, batch["input"]),
        content={"l1": lambda real, fake, context: 10 * jnp.mean(jnp.abs(real - fake))},
        penalties=(losses.r1(1.0),),
    )
    opt, batch = Pair(optax.adam(1e-2), optax.adam(1e-3)), pairs()
    state, step = jaxgan.init_state(gan, opt, KEY, batch), jax.jit(jaxgan.make_step(gan, opt))
    found = []
    for _ in range(60):
        state, metrics = step(state, batch)
        found.append(float(metrics.g["l1"]))
    assert found[-1] < 0.7 * found[0] and {"adversarial", "l1", "loss"} == metrics.g.keys()


def test_each_penalty_has_d_draw_what_the_loss_draws_for_the_samples_that_it_is_of():
    scale = lambda key: jax.random.normal(key)

    def apply(variables, x, key=None, **_):
        return variables["params"] * scale(key) * x.sum((1, 2, 3)), {}

    judge = Net(lambda key, x: {"params": jnp.float32(1)}, apply)
    batch, found = pairs(), {}
    for name, penalty in (
        ("r1", losses.r1(2.0)),
        ("r2", losses.r2(2.0)),
        ("packed", augment.packed_penalty(losses.r2(2.0))),
    ):
        gan = tasks.adversarial(copied(), judge, given=lambda batch, key: batch["input"], penalties=(penalty,))
        g, d = gan.init(KEY, batch)
        out = gan.losses(d, gan.generate(g, batch, KEY)[0], batch, KEY)
        found[name] = float(out.metrics.d["penalty"]) / (8 * 8 * 3)
    of_real, of_fake, _ = jax.random.split(KEY, 3)
    expected = {"r1": scale(of_real) ** 2, "r2": scale(of_fake) ** 2, "packed": 2 * scale(of_fake) ** 2}
    assert abs(expected["r1"] - expected["r2"]) > 0.1
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5)


def test_samples_that_do_not_count_teach_d_nothing_and_g_all_the_same():
    networks = models.mlp.generator((8, 8, 1), (16,)), models.mlp.discriminator((16,))
    shown = batch()
    counted = tasks.adversarial(*networks, counted=lambda batch: batch["index"] < 4)
    plain = tasks.adversarial(*networks)
    pair = plain.init(jax.random.key(0), {**shown, "index": jnp.arange(16)})
    few = {name: x[:4] for name, x in shown.items()}

    def outcome(gan, shown):
        shown = {**shown, "index": jnp.arange(len(shown["image"]))}
        fakes, _ = gan.generate(pair.g, shown, jax.random.key(1))
        of_d = jax.grad(lambda d: gan.losses(d, fakes, shown, jax.random.key(2)).d)(pair.d)
        return gan.losses(pair.d, fakes, shown, jax.random.key(2)), of_d

    (ours, slope), (whole, _), (alone, expected) = outcome(counted, shown), outcome(plain, shown), outcome(plain, few)
    np.testing.assert_allclose(ours.d, alone.d / 4, rtol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b / 4, rtol=1e-4, atol=1e-6), slope, expected)
    assert ours.g == whole.g

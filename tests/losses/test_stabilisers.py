"""Stabilisers against closed forms in NumPy, and how a Config puts them together."""

from types import SimpleNamespace

import games
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from arrays import assert_close, normal, quick
from jax.sharding import AxisType, PartitionSpec

import jaxgan
from jaxgan import augment, build, config, losses, parallel, recipes, tasks
from jaxgan.cli import main
from jaxgan.core import GAN, Losses, Pair
from jaxgan.data import Spec, load
from jaxgan.errors import BadInput
from jaxgan.net import Net
from jaxgan.optim import averages, lookahead
from jaxgan.options import burn_in
from jaxgan.sharing import sample_keys

LOSSES = {
    "non_saturating": losses.non_saturating,
    "relativistic": losses.relativistic(losses.non_saturating),
    "wasserstein": losses.wasserstein,
}


def keys_of(rows, seed=0):
    return sample_keys(jax.random.key(seed), jnp.arange(rows))


def linear(*shape):
    """A D that is x . w, and its variables."""
    axes = tuple(range(1, len(shape) + 1))
    apply = lambda v, x, key=None, train=True: (jnp.sum(x * v["params"][None], axes), {})
    return Net(lambda key, x: {"params": jnp.zeros(x.shape[1:])}, apply), normal(7, *shape)


MIRROR = Net(  # a D that says what it sees
    lambda key, x: {"params": {}}, lambda variables, x, key=None, train=True, **place: (x, place)
)


# -- LeCam


def test_lecam_is_its_closed_form_after_the_warm_up():
    tracker = losses.lecam(weight=0.3, decay=0.9, warm_up=3)
    real, fake = normal(0, 6, 8) + 1, normal(1, 6, 8) - 1
    state, anchors = tracker.start(), None
    for i, (r, f) in enumerate(zip(real, fake, strict=True)):
        expected = 0.3 * (np.mean((r - anchors[1]) ** 2) + np.mean((f - anchors[0]) ** 2)) if i >= 3 else 0.0
        np.testing.assert_allclose(tracker.penalty(state, r, f), expected, rtol=1e-5)
        state = tracker.update(state, r, f, 8)
        now = np.array([r.mean(), f.mean()])
        anchors = now if i == 0 else 0.9 * anchors + 0.1 * now
        np.testing.assert_allclose(list(tracker.metrics(state).values()), anchors, rtol=1e-5)
    slope = jax.grad(lambda r: tracker.penalty(state, r, fake[0]))(real[0])
    assert_close(slope, 0.3 * 2 * (real[0] - anchors[1]) / 8)


def test_lecam_of_a_tree_is_the_mean_over_its_leaves():
    tracker = losses.lecam(warm_up=1)
    small, large = normal(0, 4), normal(1, 4, 3, 3)
    each = [tracker.update(tracker.start(), x, x, 4) for x in (small, large)]
    both = tracker.update(tracker.start(), {"a": small, "b": large}, (small, large), 4)
    np.testing.assert_allclose(both.real, (each[0].real + each[1].real) / 2, rtol=1e-5)
    at = lambda real: tracker.penalty(both, real, real)
    np.testing.assert_allclose(at([small, large]), (at(small) + at(large)) / 2, rtol=1e-5)


def test_the_published_form_of_lecam_counts_logits_on_their_own_side_alone():
    tracker = losses.lecam(0.3, warm_up=1, form="code")
    state = tracker.update(tracker.start(), jnp.float32([1.0]), jnp.float32([-1.0]), 1)
    real, fake = jnp.float32([0.5, -2.0]), jnp.float32([0.0, 3.0])  # the second of each is on the wrong side
    np.testing.assert_allclose(tracker.penalty(state, real, fake), 0.3 * (1.5**2 / 2 + 1**2 / 2), rtol=1e-6)
    np.testing.assert_allclose(tracker.update(state, real, fake, 1).real, 0.9 + 0.1 * real.mean(), rtol=1e-6)


# -- consistency


@pytest.mark.parametrize("weight_fake", [3.0, 0.0])
def test_consistency_of_a_linear_d_is_its_closed_form(weight_fake):
    net, w = linear(4)
    d = lambda x: net.apply({"params": w}, x)[0]
    real, fake = normal(0, 5, 4), normal(1, 5, 4)
    penalty = losses.consistency(lambda x, keys: 2 * x + 1, 10.0, weight_fake)(d, real, fake, keys_of(5))
    expected = 10 * ((real + 1) @ w) ** 2 + weight_fake * ((fake + 1) @ w) ** 2
    assert penalty.shape == (5,)
    assert_close(penalty, expected)


def test_the_flag_asks_for_the_same_of_mirrored_and_reflected_copies(monkeypatch):
    asked = []
    monkeypatch.setattr(augment, "diff_augment", lambda policy: asked.append(policy) or (lambda x, keys: x))
    config = recipes.get("digits").Config(consistency=1.0)
    build.ingredients_of(config, load("digits").specs)
    assert asked == [("flip", "shift")]


def test_consistency_asks_for_the_same_under_what_d_draws_itself_and_for_patches():
    noisy = augment.augmented(MIRROR, augment.instance_noise(1.0))
    d = lambda x: noisy.apply({}, x, key=jax.random.key(0))[0]
    x = normal(0, 4, 6, 6, 1)
    np.testing.assert_array_equal(losses.consistency(lambda x, keys: x)(d, x, x, keys_of(4)), np.zeros(4))
    mirrored = losses.consistency(lambda x, keys: x[:, :, ::-1], 1.0, 0.0)(d, x, x, keys_of(4))
    assert_close(mirrored, np.mean((x - x[:, :, ::-1]) ** 2, axis=(1, 2, 3)))


def test_flip_mirrors_every_other_image_and_leaves_the_draws_of_the_others_alone():
    x = normal(0, 64, 4, 6, 3)
    seen = np.asarray(quick(augment.diff_augment("flip"))(x, keys_of(64)))
    same, mirrored = ((seen == y).all((1, 2, 3)) for y in (x, x[:, :, ::-1]))
    assert (same ^ mirrored).all() and 20 < mirrored.sum() < 44


# -- top-k


@pytest.mark.parametrize(
    ("name", "share", "count"), [("non_saturating", 0.5, 4), ("relativistic", 0.3, 2), ("wasserstein", 0.01, 1)]
)
def test_top_k_is_the_mean_loss_of_the_best_fakes(name, share, count):
    real, fake = normal(0, 8), normal(1, 8)
    loss = losses.top_k(LOSSES[name], share)
    best = np.sort(fake)[-count]
    np.testing.assert_allclose(loss.g(real, fake).mean(), LOSSES[name].g(real, fake)[fake >= best].mean(), rtol=1e-6)
    np.testing.assert_array_equal(loss.d(real, fake), LOSSES[name].d(real, fake))
    slope = jax.grad(lambda fake: loss.g(real, fake).mean())(fake)
    np.testing.assert_array_equal(slope != 0, fake >= best)


def test_top_k_keeps_all_of_those_that_are_as_good_and_ranks_patches_by_their_mean():
    even = losses.top_k(losses.wasserstein, 0.25)
    np.testing.assert_array_equal(even.g(np.zeros(8), np.ones(8, np.float32)), -np.ones(8))
    patches = normal(0, 4, 3, 3)
    value = even.g(patches, patches)
    best = patches.mean((1, 2)).argmax()
    assert_close(value[best], -4 * patches[best])
    assert not np.delete(value, best, axis=0).any()
    np.testing.assert_array_equal(losses.top_k(losses.hinge, 1.0).g(patches, patches), -patches)


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
def test_top_k_of_a_traced_share_is_that_of_the_number(share):
    real, fake = normal(0, 8), normal(1, 8)
    traced = quick(lambda share: losses.top_k(losses.hinge, share).g(real, fake))
    np.testing.assert_allclose(traced(share), losses.top_k(losses.hinge, share).g(real, fake), rtol=1e-6)
    np.testing.assert_array_equal(traced(7.0), -fake)


def test_the_share_of_top_k_falls_on_the_way():
    chosen = config.Config(top_k_end=0.25, burn_in_images=1000)
    specs, seen = {"image": Spec((2,), "float32", "points")}, []

    @quick
    def counted(images):
        loss = build.ingredients_of(chosen, specs, values=burn_in.moved(chosen, images)).loss
        return (loss.g(None, jnp.arange(1.0, 65.0)) != 0).sum()

    for images in (0, 500, 1000, 5000):
        seen.append(int(counted(images)))
    assert seen == [64, 40, 16, 16]


def test_pix2pix_has_the_whole_squares_of_its_paper_when_the_share_falls_too():
    """`--loss least_squares --top-k 1 --top-k-end 0.5`, at the first step and at the last."""
    chosen = recipes.pix2pix.Config(loss="least_squares", top_k_end=0.5, burn_in_images=1000)
    real, fake, specs = normal(0, 8), normal(1, 8), dict.fromkeys(("image", "input"), Spec((8, 8, 3)))
    for images, share in ((0, 1.0), (1000, 0.5)):
        loss = build.ingredients_of(chosen, specs, values=burn_in.moved(chosen, images)).loss
        expected = losses.top_k(Pair(lambda real, fake: (fake - 1) ** 2, None), share)
        assert_close(losses.half_d(loss).g(real, fake), np.asarray(expected.g(real, fake)))
        assert_close(losses.half_d(loss).d(real, fake), ((real - 1) ** 2 + fake**2) / 2)


@pytest.mark.parametrize("devices", [1, 2, 8])
def test_top_k_chooses_from_the_global_batch(devices):
    real, fake = normal(0, 16), np.sort(normal(1, 16))  # the best are all on the last devices
    mesh = jax.make_mesh((devices,), ("data",), axis_types=(AxisType.Auto,), devices=jax.devices()[:devices])
    specs = {"in_specs": PartitionSpec("data"), "out_specs": PartitionSpec("data")}
    split = jax.shard_map(losses.top_k(losses.non_saturating, 0.3, "data").g, mesh=mesh, **specs)
    whole = losses.top_k(losses.non_saturating, 0.3).g(real, fake)
    assert_close(split(real, fake), np.asarray(whole))
    assert np.count_nonzero(whole) == 5


# -- what D sees


@pytest.mark.parametrize("shape", [(2,), (6, 6, 3)], ids=str)
def test_instance_noise_is_normal_and_keyed_by_the_sample(shape):
    x = normal(0, 2000, *shape)
    noise = np.asarray(quick(augment.instance_noise(0.3))(x, keys_of(2000))) - x
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 0.3) < 0.01
    assert abs(np.corrcoef(noise.reshape(2000, -1)[:, :2].T)[0, 1]) < 0.1
    np.testing.assert_allclose(augment.instance_noise(0.3)(x[5:7], keys_of(2000)[5:7]) - x[5:7], noise[5:7], atol=1e-6)


@pytest.mark.parametrize("shape", [(2,), (4, 4, 3)], ids=str)
def test_a_pack_is_neighbours_joined_along_the_channels(shape):
    x = normal(0, 6, *shape)
    seen, place = augment.packed(MIRROR, 3).apply({}, x, index=jnp.arange(6))
    np.testing.assert_array_equal(seen, np.stack([np.concatenate(x[i : i + 3], axis=-1) for i in (0, 3)]))
    np.testing.assert_array_equal(place["index"], [0, 1])
    np.testing.assert_array_equal(augment.packed(MIRROR, 1).apply({}, x)[0], x)


def test_penalties_of_a_packed_d_are_those_of_packs():
    net, w = linear(6)  # of three points
    d = lambda x: augment.packed(net, 3).apply({"params": w}, x)[0]
    real, fake, keys = normal(0, 12, 2), normal(1, 12, 2), keys_of(12)
    for penalty, expected in ((losses.r1(4.0), 2 * w @ w), (losses.wgan_gp(5.0), 5 * (np.linalg.norm(w) - 1) ** 2)):
        assert_close(augment.packed_penalty(penalty, 3)(d, real, fake, keys), np.full(4, expected))
        assert abs(penalty(d, real, fake, keys).mean() - expected) > 0.1  # of single samples, a pack's norm is not seen


def test_a_penalty_of_packs_is_given_what_d_sees_and_the_key_of_its_first_sample():
    d = lambda x: augment.packed(MIRROR, 2).apply({}, x)[0]
    real, keys = normal(0, 4, 3, 3, 2), keys_of(4)
    given = augment.packed_penalty(lambda d, *args: (d(args[0]), *args), 2)(d, real, 2 * real, keys)
    packs = augment.packed(MIRROR, 2).apply({}, real)[0]
    for ours, theirs in zip(given, (packs, packs, 2 * packs, keys[jnp.array([0, 2])]), strict=True):
        assert jnp.array_equal(ours, theirs)


def optimizers(config):
    return build.ingredients_of(config, {"image": Spec((8, 8, 1))}).opt


def seen_by(specs, x, **fields):
    """What D sees of x under a Config."""
    recipe = SimpleNamespace(build=lambda config, specs, ingredients: ingredients)  # it hands them out
    wrap = build.game(recipe, config.Config(batch_size=8, **fields), specs).wrap_discriminator
    return np.asarray(wrap(MIRROR).apply({}, x, key=jax.random.key(0))[0])


def test_a_config_augments_then_adds_noise_then_packs():
    x, specs = normal(0, 8, 8, 8, 1), load("digits").specs
    alone = {name: seen_by(specs, x, **{name: value}) for name, value in (("augment", "diffaugment"), ("pack", 2))}
    assert alone["pack"].shape == (4, 8, 8, 2)
    zeros = alone["augment"] == 0  # of cutout and translation
    assert zeros.mean() > 0.1
    both = seen_by(specs, x, augment="diffaugment", instance_noise=0.1)
    assert 0.05 < np.std(both[zeros]) < 0.15
    together = seen_by(specs, x, augment="diffaugment", instance_noise=0.1, pack=2)
    np.testing.assert_array_equal(together, augment.packed(MIRROR, 2).apply({}, both)[0])


# -- how a side moves


@pytest.mark.parametrize("pull", [0.5, 1.0])
def test_lookahead_goes_back_after_every_kth_update(pull):
    tx = lookahead(optax.sgd(0.1, 0.9), every=3, pull=pull)
    params = {"w": normal(0, 4)}
    grad = jax.grad(lambda p: jnp.sum(p["w"] ** 4))
    state, update = tx.init(params), jax.jit(tx.update)
    w, velocity, slow = params["w"].astype(np.float64), 0.0, params["w"].astype(np.float64)
    for i in range(7):
        updates, state = update(grad(params), state, params)
        params = optax.apply_updates(params, updates)
        velocity = 0.9 * velocity + 4 * w**3
        w = w - 0.1 * velocity
        if i % 3 == 2:
            w = slow = slow + pull * (w - slow)
        assert_close(params["w"], w)
    assert_close(state.slow["w"], slow)


def test_lookahead_of_a_config_brings_both_sides_back_after_the_same_steps():
    both = optimizers(config.Config(lookahead=2, d_steps=3, optimizer="sgd", b1=0.0, lr_g=1.0, lr_d=1.0))
    seen = []
    for tx, turns in zip(both, (1, 3), strict=True):
        params = jnp.zeros(())
        state = tx.init(params)
        for _ in range(2 * turns):
            updates, state = tx.update(-jnp.ones(()), state, params)
            params = optax.apply_updates(params, updates)
            seen.append(float(params))
    assert seen == [1, 1, 1, 2, 3, 4, 5, 3]


def test_optimistic_adam_is_that_of_its_paper():
    fields = {"b1": 0.5, "b2": 0.9, "lr_g": 0.1, "steps": 100, "schedule": "linear"}
    tx = optimizers(config.Config(optimizer="optimistic_adam", **fields)).g
    params, grads = jnp.zeros(3), normal(0, 5, 3)
    state, w, m, v, before = tx.init(params), np.zeros(3), 0.0, 0.0, 0.0
    for t, grad in enumerate(grads):
        updates, state = tx.update(grad, state, params)
        params = optax.apply_updates(params, updates)
        m, v = 0.5 * m + 0.5 * grad, 0.9 * v + 0.1 * grad**2
        now = m / (1 - 0.5 ** (t + 1)) / (np.sqrt(v / (1 - 0.9 ** (t + 1))) + 1e-8)
        before = now if t == 0 else before  # Optax's first step is a single one
        w, before = w - 0.1 * (1 - t / 100) * (2 * now - before), now
        assert_close(params, w)


def test_lookahead_ends_a_game_that_gradients_circle_in():
    def end(every):
        both = optimizers(config.Config(optimizer="sgd", lookahead=every, lr_g=0.1, lr_d=0.1, b1=0.0))
        x, y = jnp.float32(1), jnp.float32(1)

        def turn(carry, _):
            x, y, of_x, of_y = carry
            moved, of_y = both.d.update(-x, of_y, y)  # min over x, max over y, of x y
            y = y + moved
            moved, of_x = both.g.update(y, of_x, x)
            return (x + moved, y, of_x, of_y), None

        (x, y, *_), _ = jax.lax.scan(turn, (x, y, both.g.init(x), both.d.init(y)), length=500)
        return float(jnp.hypot(x, y))

    assert end(0) > 1 and end(10) < 0.1


# -- unrolling


def test_unrolled_g_is_paid_and_taught_by_the_d_that_answers():
    def play(d, fakes, batch, key):
        w = d["params"]
        return Losses(g=w * fakes, d=(w - fakes) ** 2 / 2, moved={"n": 1}, metrics=Pair({"w": w}, {"w": w}))

    gan = tasks.unrolled(GAN(None, None, play, None), 4, 0.1)
    w, x, kept = 0.7, 1.5, 0.9**4
    judged = lambda x, w=w: gan.losses({"params": jnp.float32(w)}, jnp.float32(x), {}, None)
    out = judged(x)
    assert_close(out.g, np.float32((w * kept + x * (1 - kept)) * x))
    assert_close(out.d, np.float32((w - x) ** 2 / 2))
    assert_close(jax.grad(lambda x: judged(x).g)(x), np.float32(w * kept + 2 * x * (1 - kept)))
    assert_close(jax.grad(lambda w: judged(x, w).d)(w), np.float32(w - x))
    assert out.moved == {"n": 1} and float(out.metrics.d["w"]) == np.float32(w)
    assert_close(out.metrics.g["w"], np.float32(w * kept + x * (1 - kept)))


def test_turns_of_d_do_not_pay_for_unrolling():
    def flops(gan):
        state = jax.eval_shape(lambda: jaxgan.init_state(gan, games.sgd(), jax.random.key(0), data))
        d_turn = jaxgan.make_turns(gan, games.sgd()).d
        turn = jax.jit(lambda d, fakes, batch, key: d_turn(d, lambda batch: fakes, batch, key))
        return turn.lower(state.d, data["image"] / 255, data, state.key).compile().cost_analysis()["flops"]

    data, gan = jaxgan.sharing.with_index(games.batch()), games.GAMES["mlp_non_saturating"](None)
    assert flops(tasks.unrolled(gan, 3)) == flops(gan)


# -- averages chosen afterwards


def test_exponents_are_those_of_the_paper():
    np.testing.assert_allclose([averages.exponent(0.05), averages.exponent(0.10)], [16.97, 6.94], atol=5e-3)
    for sigma in (0.01, 0.05, 0.1, 0.25):
        gamma = averages.exponent(sigma)
        time = (np.arange(100_000) + 0.5) / 100_000
        p = time**gamma / np.sum(time**gamma)
        np.testing.assert_allclose(np.sqrt(p @ time**2 - (p @ time) ** 2), sigma, rtol=1e-4)


SIGMAS, LENGTH, EVERY = (0.05, 0.10), 400, 25


@pytest.fixture(scope="module")
def walk():
    """(params after each update, snapshots after every so many) of a random walk."""
    path = np.cumsum(normal(0, LENGTH, 3), axis=0)
    tx = optax.chain(optax.clip(1e6), averages.track(optax.sgd(1.0), SIGMAS))

    def move(carry, to):
        params, state = carry
        updates, state = tx.update({"w": params["w"] - to}, state, params)
        return (optax.apply_updates(params, updates), state), averages.snapshot(state)

    start = {"w": jnp.full(3, 100.0)}
    _, seen = jax.jit(lambda: jax.lax.scan(move, (start, tx.init(start)), path))()
    return path, [jax.tree.map(lambda x: x[i], seen) for i in range(EVERY - 1, LENGTH, EVERY)]  # noqa: B023


def power_average(path, sigma, step):
    power = averages.exponent(sigma) + 1
    k = np.arange(step + 1) / step
    return (k[1:] ** power - k[:-1] ** power) @ path[:step].astype(np.float64)


def test_tracked_averages_are_power_functions_of_all_updates(walk):
    path, snapshots = walk
    for snapshot in snapshots:
        for sigma, average in zip(SIGMAS, snapshot.averages, strict=True):
            assert_close(average["w"], power_average(path, sigma, int(snapshot.step)))


@pytest.mark.parametrize("sigma", [0.05, 0.1])
def test_what_was_tracked_is_found_again(walk, sigma):
    path, snapshots = walk
    assert_close(averages.reconstruct(snapshots, sigma, 200)["w"], power_average(path, sigma, 200))


@pytest.mark.parametrize(("sigma", "step"), [(0.07, None), (0.15, None), (0.2, None), (0.07, 200)])
def test_other_averages_are_put_together_from_snapshots(walk, sigma, step):
    path, snapshots = walk
    ours, direct = averages.reconstruct(snapshots, sigma, step)["w"], power_average(path, sigma, step or LENGTH)
    assert ours.dtype == np.float32
    nearest = min(np.abs(power_average(path, other, step or LENGTH) - direct).max() for other in SIGMAS)
    assert np.abs(ours - direct).max() < 0.05 * nearest


def test_snapshots_come_from_a_run_with_the_config_and_from_no_other():
    params = {"w": jnp.ones(2)}
    tracked = optimizers(config.Config(posthoc_ema=True, lookahead=5))
    np.testing.assert_array_equal(averages.snapshot(tracked.g.init(params)).averages[0]["w"], params["w"])
    for tx in (tracked.d, optimizers(config.Config()).g):
        with pytest.raises(BadInput, match="--posthoc-ema"):
            averages.snapshot(tx.init(params))


def test_checkpoints_of_a_run_are_snapshots(tmp_path):
    flags = ["--steps", "4", "--save-every-steps", "2", "--log-every-steps", "2", "--sample-every-steps", "4"]
    assert main(["train", "digits", "--tiny", *flags, "--posthoc-ema", "--out", str(tmp_path / "run")]) == 0
    states = [jaxgan.load(tmp_path / "run", step=step).state for step in (2, 4)]
    snapshots = [averages.snapshot(state.g.opt) for state in states]
    assert [int(snapshot.step) for snapshot in snapshots] == [2, 4]
    found = averages.reconstruct(snapshots, 0.1)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), found, snapshots[-1].averages[1])
    assert not games.equal(found, states[-1].g.params)
    loaded, wide = jaxgan.load(tmp_path / "run", ema_sigma=0.15), averages.reconstruct(snapshots, 0.15)
    assert games.equal(loaded.state.ema["params"], wide) and games.equal(loaded.state.g, states[-1].g)
    assert not games.equal(wide, averages.reconstruct(snapshots[-1:], 0.15))
    sheets = [tmp_path / f"{name}.npz" for name in ("kept", "narrow")]
    for sheet, flags in zip(sheets, ([], ["--ema-sigma", "0.05"]), strict=True):
        assert main(["sample", str(tmp_path / "run"), *flags, "--num", "8", "--out", str(sheet)]) == 0
    assert (np.load(sheets[0])["image"] != np.load(sheets[1])["image"]).any()


# -- together


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (
            "ring",
            {
                "instance_noise": 0.1,
                "pack": 2,
                "top_k": 0.5,
                "unroll": 1,
                "lookahead": 2,
                "penalty": "r1",
            },
        ),
        ("digits", {"consistency": 1.0, "lecam": 0.1, "penalty_every": 2}),
        ("digits", {"conditional": False, "pack": 2, "posthoc_ema": True, "optimizer": "optimistic_adam"}),
    ],
)
def test_recipes_take_them(name, fields):
    recipe = recipes.get(name)
    chosen = recipe.Config(**{**recipe.TINY, **fields})
    dataset = load(chosen.data)
    experiment = build.experiment(recipe, chosen, dataset.specs)
    batch = {"image": dataset["image"][: chosen.batch_size], "label": dataset["label"][: chosen.batch_size]}
    state = jaxgan.init_state(experiment.gan, experiment.opt, jax.random.key(0), batch)
    step = quick(experiment.step)
    for _ in range(2):
        state, metrics = step(state, batch)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves((state.g.params, state.d.params, metrics.g["loss"])))
    assert ("anchor_real" in metrics.d) == ("lecam" in fields)


BAD = {
    "lecam's decay": (lambda: losses.lecam(decay=1.0), "decay is 1.0"),
    "lecam's form": (lambda: losses.lecam(form="papr"), "did you mean paper"),
    "lecam's warm-up": (lambda: losses.lecam(warm_up=0), "warm_up 0"),
    "no share": (lambda: losses.top_k(losses.hinge, 0.0), "share is 0.0"),
    "too large a share": (lambda: losses.top_k(losses.hinge, 1.5), "share is 1.5"),
    "noise": (lambda: augment.instance_noise(-1.0), "std is -1.0"),
    "an empty pack": (lambda: augment.packed(MIRROR, 0), "pack is 0"),
    "a pack with labels": (lambda: augment.packed(MIRROR._replace(classes=10), 2), "pack is 2.*10 classes"),
    "an odd batch": (lambda: augment.packed(MIRROR, 2).apply({}, np.ones((5, 2))), "batch of 5.*packs of 2"),
    "packs on devices": (
        lambda: parallel.check_divisible(24, 8, 2),
        "24.*8 devices in multiples of 2: set --batch-size 16 or 32",
    ),
    "lookahead's k": (lambda: lookahead(optax.sgd(1.0), 0), "every is 0"),
    "lookahead's pull": (lambda: lookahead(optax.sgd(1.0), 5, 0.0), "pull 0.0"),
    "unrolled by nothing": (lambda: tasks.unrolled(None, 0), "steps is 0"),
    "unrolled at no rate": (lambda: tasks.unrolled(None, 1, 0.0), "rate 0.0"),
    "a width": (lambda: averages.exponent(0.4), "sigma is 0.4"),
    "a step between": (lambda: averages.weights([10, 30], [0.1, 0.1], 20, 0.1), "step is 20.*10, 30"),
    "no snapshots": (lambda: averages.reconstruct([], 0.1), "at least one"),
    "consistency of points": (
        lambda: seen_by(load("ring").specs, None, data="ring", consistency=1.0),
        "--consistency 1.0.*ring",
    ),
    "packs of labels": (lambda: config.Config(pack=2, conditional=True), "--pack 2.*--no-conditional"),
    "packs of a batch": (lambda: config.Config(pack=3), "--batch-size 64.*--pack 3"),
    "a share of fakes": (lambda: config.Config(top_k=0.0), "--top-k is 0.0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_with_both_values(name):
    make, words = BAD[name]
    with pytest.raises(BadInput, match=words):
        make()

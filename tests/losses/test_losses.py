"""Losses and penalties against their closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import losses
from jaxgan.core import Pair
from jaxgan.errors import BadInput

LOGITS = np.array([-50.0, -7.5, -2.0, -1.0, -0.5, -1e-3, 0.0, 1e-3, 0.25, 1.0, 1.5, 3.0, 50.0])
REAL, FAKE = (x.ravel() for x in np.meshgrid(LOGITS, LOGITS))

ADVERSARIAL = {
    "minimax": losses.minimax,
    "non_saturating": losses.non_saturating,
    "bce": losses.bce(0),
    "bce_smoothed": losses.bce(0.1),
    "least_squares": losses.least_squares,
    "hinge": losses.hinge,
    "wasserstein": losses.wasserstein,
}


def cross_entropy(logit, target):
    return target * np.logaddexp(0, -logit) + (1 - target) * np.logaddexp(0, logit)


CLOSED_FORMS = {
    "minimax": (
        lambda r, f: -cross_entropy(f, 0),
        lambda r, f: cross_entropy(r, 1) + cross_entropy(f, 0),
    ),
    "non_saturating": (
        lambda r, f: cross_entropy(f, 1),
        lambda r, f: cross_entropy(r, 1) + cross_entropy(f, 0),
    ),
    "bce": (
        lambda r, f: cross_entropy(f, 1),
        lambda r, f: cross_entropy(r, 1) + cross_entropy(f, 0),
    ),
    "bce_smoothed": (
        lambda r, f: cross_entropy(f, 1),
        lambda r, f: cross_entropy(r, 0.9) + cross_entropy(f, 0),
    ),
    "least_squares": (
        lambda r, f: 0.5 * (f - 1) ** 2,
        lambda r, f: 0.5 * (r - 1) ** 2 + 0.5 * f**2,
    ),
    "hinge": (
        lambda r, f: -f,
        lambda r, f: np.maximum(0, 1 - r) + np.maximum(0, 1 + f),
    ),
    "wasserstein": (
        lambda r, f: -f,
        lambda r, f: f - r,
    ),
}


def f32(*arrays):
    return tuple(jnp.asarray(x, jnp.float32) for x in arrays)


def assert_close(ours, theirs):
    np.testing.assert_allclose(np.asarray(ours, np.float64), theirs, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_loss_equals_its_closed_form(name):
    for ours, theirs in zip(ADVERSARIAL[name], CLOSED_FORMS[name], strict=True):
        loss = ours(*f32(REAL, FAKE))
        assert loss.shape == REAL.shape and loss.dtype == jnp.float32
        assert_close(loss, theirs(REAL, FAKE))


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_loss_and_its_gradient_are_finite_at_huge_logits(name):
    huge = f32(*np.meshgrid([-1e4, -90.0, 90.0, 1e4], [-1e4, -90.0, 90.0, 1e4]))
    for side in ADVERSARIAL[name]:
        assert np.isfinite(side(*huge)).all()
        for gradient in jax.grad(lambda r, f: side(r, f).sum(), (0, 1))(*huge):  # noqa: B023
            assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_gradient_of_a_loss_is_that_of_its_closed_form(name):
    # away from the kinks, where a central difference in float64 has no meaning
    real, fake = (np.where(np.abs(np.abs(x) - 1) < 1e-3, 0.6, x) for x in (REAL, FAKE))
    h = 1e-5
    for ours, theirs in zip(ADVERSARIAL[name], CLOSED_FORMS[name], strict=True):
        by_real, by_fake = jax.grad(lambda r, f: ours(r, f).sum(), (0, 1))(*f32(real, fake))  # noqa: B023
        slope_real = (theirs(real + h, fake) - theirs(real - h, fake)) / (2 * h)
        slope_fake = (theirs(real, fake + h) - theirs(real, fake - h)) / (2 * h)
        np.testing.assert_allclose(by_real, slope_real, atol=2e-6, rtol=1e-5)
        np.testing.assert_allclose(by_fake, slope_fake, atol=2e-6, rtol=1e-5)


OPTIMA = {
    "minimax": lambda p, q: np.log(p / q),
    "non_saturating": lambda p, q: np.log(p / q),
    "bce": lambda p, q: np.log(p / q),
    "bce_smoothed": lambda p, q: np.log(0.9 * p / (0.1 * p + q)),
    "least_squares": lambda p, q: p / (p + q),
}


@pytest.mark.parametrize("name", OPTIMA)
def test_best_discriminator_of_two_known_distributions_is_the_papers(name):
    p, q = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.1, 0.2, 0.3, 0.4])
    best = f32(OPTIMA[name](p, q))[0]
    by_real, by_fake = jax.grad(lambda r, f: ADVERSARIAL[name].d(r, f).sum(), (0, 1))(best, best)
    assert np.abs(by_real).max() > 0.1
    assert_close(p * by_real + q * by_fake, 0)


def test_cross_entropy_at_the_best_discriminator_is_the_jensen_shannon_divergence():
    p, q = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.1, 0.2, 0.3, 0.4])
    middle = (p + q) / 2
    divergence = (np.sum(p * np.log(p / middle)) + np.sum(q * np.log(q / middle))) / 2
    best = np.log(p / q)
    rows, columns = (x.ravel() for x in np.meshgrid(range(4), range(4), indexing="ij"))
    value = np.sum(p[rows] * q[columns] * losses.minimax.d(*f32(best[rows], best[columns])))
    assert_close(value, 2 * np.log(2) - 2 * divergence)


@pytest.mark.parametrize("smoothing", [0.05, 0.3, 0.49])
def test_smoothing_mixes_the_target_of_real_samples_alone(smoothing):
    loss = losses.bce(smoothing)
    assert_close(loss.d(*f32(REAL, FAKE)), cross_entropy(REAL, 1 - smoothing) + cross_entropy(FAKE, 0))
    assert_close(loss.g(*f32(REAL, FAKE)), cross_entropy(FAKE, 1))


def test_bce_without_smoothing_is_non_saturating():
    for ours, theirs in zip(losses.bce(), losses.non_saturating, strict=True):
        np.testing.assert_array_equal(ours(*f32(REAL, FAKE)), theirs(*f32(REAL, FAKE)))


@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.0, float("nan")])
def test_bad_smoothing_names_the_value_and_the_range(smoothing):
    with pytest.raises(BadInput, match=rf"{smoothing}.*\[0, 0\.5\)"):
        losses.bce(smoothing)


PAIRINGS = {  # f, so that D's loss is f(real - fake) and G's f(fake - real)
    "non_saturating": lambda y: np.logaddexp(0, -y),
    "minimax": lambda y: np.logaddexp(0, -y),
    "hinge": lambda y: np.maximum(0, 1 - y),
    "wasserstein": lambda y: -y,
    "least_squares": lambda y: (y - 1) ** 2,  # RpLSGAN: targets 1 and -1, not 1 and 0
}


@pytest.mark.parametrize("name", PAIRINGS)
def test_relativistic_judges_the_difference_of_each_pair(name):
    loss, f = losses.relativistic(ADVERSARIAL[name]), PAIRINGS[name]
    assert_close(loss.d(*f32(REAL, FAKE)), f(REAL - FAKE))
    assert_close(loss.g(*f32(REAL, FAKE)), f(FAKE - REAL))


AVERAGES = {  # f1 and f2 of 1807.00734
    "non_saturating": (lambda y: np.logaddexp(0, -y), lambda y: np.logaddexp(0, y)),
    "minimax": (lambda y: np.logaddexp(0, -y), lambda y: np.logaddexp(0, y)),
    "least_squares": (lambda y: (y - 1) ** 2, lambda y: (y + 1) ** 2),
    "hinge": (lambda y: np.maximum(0, 1 - y), lambda y: np.maximum(0, 1 + y)),
    "wasserstein": (lambda y: -y, lambda y: y),
}


def uneven(rows=8, columns=None):
    draw = np.random.default_rng(3)
    shape = (rows,) if columns is None else (rows, columns)
    return 2 * draw.normal(size=shape) + 1, 3 * draw.normal(size=shape) - 0.5


@pytest.mark.parametrize("columns", [None, 3])
@pytest.mark.parametrize("name", AVERAGES)
def test_relativistic_average_judges_against_the_mean_of_the_other_kind(name, columns):
    real, fake = uneven(columns=columns)
    loss, (f1, f2) = losses.relativistic_average(ADVERSARIAL[name]), AVERAGES[name]
    to_fake, to_real = real - fake.mean(axis=0), fake - real.mean(axis=0)
    assert_close(loss.d(*f32(real, fake)), f1(to_fake) + f2(to_real))
    assert_close(loss.g(*f32(real, fake)), f2(to_fake) + f1(to_real))


@pytest.mark.parametrize("name", AVERAGES)
def test_relativistic_average_over_devices_is_that_of_the_whole_batch(name):
    real, fake = f32(*uneven(8))
    whole, shared = (losses.relativistic_average(ADVERSARIAL[name], axis) for axis in (None, "data"))
    split = lambda x: x.reshape(4, 2)
    for one, many in zip(whole, shared, strict=True):
        assert_close(jax.vmap(many, axis_name="data")(split(real), split(fake)).reshape(8), one(real, fake))
        assert not np.allclose(jax.vmap(one)(split(real), split(fake)).reshape(8), one(real, fake))


RELATIVE = {"paired": losses.relativistic, "average": losses.relativistic_average}


def same(one, other):
    real, fake = f32(*uneven(columns=3))
    for ours, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(ours(real, fake), theirs(real, fake), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["no", *RELATIVE])
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_the_best_of_a_loss_and_half_of_its_d_come_in_any_order(name, kind):
    loss = RELATIVE.get(kind, lambda loss: loss)(ADVERSARIAL[name])
    half, best = losses.half_d(loss), lambda loss, share=0.5: losses.top_k(loss, share)
    same(best(loss, 1.0), loss)
    same(losses.half_d(best(loss, 1.0)), half)
    same(losses.half_d(best(loss)), best(half))
    same(best(best(loss), 1.0), best(loss))
    borrowed = Pair(g=loss.g, d=losses.least_squares.d)  # a user's own pair is none of ours
    same(losses.half_d(Pair(*borrowed)), Pair(loss.g, lambda real, fake: borrowed.d(real, fake) / 2))
    real, fake = f32(*uneven(columns=3))
    squares = name == "least_squares" and kind == "no"  # of which the halves are left out of G's side
    np.testing.assert_allclose(half.d(real, fake), loss.d(real, fake) / (1 if squares else 2), rtol=1e-6)
    np.testing.assert_allclose(half.g(real, fake), loss.g(real, fake) * (2 if squares else 1), rtol=1e-6)


@pytest.mark.parametrize("kind", RELATIVE)
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_what_was_made_of_a_loss_is_not_made_relativistic(name, kind):
    loss = ADVERSARIAL[name]
    made = [losses.top_k(loss, 1.0), losses.half_d(loss), losses.half_d(losses.top_k(loss))]
    for one in (*made, *(relative(loss) for relative in RELATIVE.values())):
        with pytest.raises(BadInput, match=r"as in top_k\(relativistic\(loss\), share\)"):
            RELATIVE[kind](one)


SHAPES = [(5, 3), (4, 3, 2, 2)]


def samples(shape):
    draw = np.random.default_rng(1)
    real, fake = f32(draw.normal(size=shape), 3 + draw.normal(size=shape))
    return real, fake, jax.random.split(jax.random.key(0), shape[0])


def flat(x):
    return np.asarray(x, np.float64).reshape(x.shape[0], -1)


def square_norm(x):
    return (flat(x) ** 2).sum(1)


def axes(x):
    return tuple(range(1, x.ndim))


def linear(a):
    return lambda x: jnp.sum(a[None] * x, axes(x))


def half_square(c=1.0):
    return lambda x: c * jnp.sum(x**2, axes(x)) / 2


def direction(shape, length):
    a = np.random.default_rng(2).normal(size=shape)
    return f32(length * a / np.linalg.norm(a))[0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["r1", "r2"])
def test_r1_and_r2_are_half_gamma_times_the_squared_gradient(name, shape):
    real, fake, keys = samples(shape)
    x = {"r1": real, "r2": fake}[name]
    penalty = getattr(losses, name)(3.0)(half_square(2.0), real, fake, keys)
    assert penalty.shape == shape[:1] and penalty.dtype == jnp.float32
    np.testing.assert_allclose(penalty, 3 / 2 * 4 * square_norm(x), rtol=1e-5)
    np.testing.assert_allclose(getattr(losses, name)()(half_square(), real, fake, keys), 5 * square_norm(x), rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("length", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("name", ["wgan_gp", "dragan"])
def test_gradient_of_constant_length_is_penalised_by_its_distance_from_one(name, length, shape):
    penalty = getattr(losses, name)(7.0)(linear(direction(shape[1:], length)), *samples(shape))
    assert penalty.shape == shape[:1] and penalty.dtype == jnp.float32
    np.testing.assert_allclose(penalty, 7 * (length - 1) ** 2, rtol=1e-5, atol=1e-10)
    default = getattr(losses, name)()(linear(direction(shape[1:], length)), *samples(shape))
    np.testing.assert_allclose(default, 10 * (length - 1) ** 2, rtol=1e-5, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_wgan_gp_asks_at_one_evenly_drawn_place_between_each_real_and_its_fake(shape):
    rows = 400
    real, fake = f32(np.zeros((rows, *shape[1:])), np.full((rows, *shape[1:]), 2.0))
    keys = jax.random.split(jax.random.key(4), rows)
    seen = []

    def d(x):
        jax.debug.callback(lambda x: seen.append(np.asarray(x)), x)
        return jnp.sum(x, axes(x))

    losses.wgan_gp()(d, real, fake, keys)
    jax.effects_barrier()
    share = flat(seen[0]) / 2
    assert np.ptp(share, axis=1).max() == 0, "one share for a whole sample"
    assert share.min() >= 0 and share.max() <= 1
    assert np.abs(np.quantile(share[:, 0], [0.1, 0.5, 0.9]) - [0.1, 0.5, 0.9]).max() < 0.08


def test_wgan_gp_at_its_place_is_the_distance_of_the_gradient_from_one():
    real, fake, keys = samples((50, 3))
    penalty = losses.wgan_gp(1.0)(half_square(), real, fake, keys)
    length = np.stack([np.linalg.norm(s * flat(real) + (1 - s) * flat(fake), axis=1) for s in np.linspace(0, 1, 4001)])
    distance = np.abs((length - 1) ** 2 - np.asarray(penalty)) / np.maximum(penalty, 1e-3)
    assert distance.min(axis=0).max() < 2e-2


def test_dragan_asks_around_real_samples_with_normal_noise():
    real, fake, keys = f32(np.full((500, 4), 3.0))[0], f32(np.full((500, 4), 90.0))[0], jax.random.key(0)
    seen = []

    def d(x):
        jax.debug.callback(lambda x: seen.append(np.asarray(x)), x)
        return jnp.sum(x, axes(x))

    losses.dragan(noise_std=0.5)(d, real, fake, jax.random.split(keys, 500))
    jax.effects_barrier()
    noise = seen[0] - 3
    assert abs(noise.mean()) < 0.05 and abs(noise.std() - 0.5) < 0.03
    assert np.abs(np.corrcoef(noise.T) - np.eye(4)).max() < 0.2


@pytest.mark.parametrize("name", ["wgan_gp", "dragan"])
def test_a_row_of_a_penalty_depends_on_its_own_key_and_sample_alone(name):
    real, fake, keys = samples((6, 2, 2, 1))
    penalty = getattr(losses, name)()
    whole = penalty(half_square(), real, fake, keys)
    assert len(np.unique(whole)) == 6
    order = np.array([3, 1, 5, 0, 2, 4])
    permuted = penalty(half_square(), real[order], fake[order], keys[order])
    np.testing.assert_allclose(permuted, whole[order], rtol=1e-6)
    other = penalty(half_square(), real, fake, keys.at[2].set(jax.random.key(99)))
    changed = ~np.isclose(other, whole, rtol=1e-6)
    np.testing.assert_array_equal(changed, np.arange(6) == 2)


PENALTIES = {
    "r1": losses.r1(2.0),
    "r2": losses.r2(2.0),
    "wgan_gp": losses.wgan_gp(2.0),
    "dragan": losses.dragan(2.0),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_penalty_is_differentiable_where_the_gradient_is_zero(name):
    inputs = samples((4, 3))
    value, gradient = jax.value_and_grad(lambda a: PENALTIES[name](linear(a), *inputs).sum())(jnp.zeros(3))
    assert np.isfinite(value)
    np.testing.assert_allclose(gradient, 0, atol=1e-5)


@pytest.mark.parametrize("length", [0.5, 3.0])
@pytest.mark.parametrize("name", PENALTIES)
def test_gradient_of_a_penalty_in_the_parameters_is_the_analytic_one(name, length):
    a = direction((3,), length)
    inputs = samples((4, 3))
    gradient = jax.jit(jax.grad(lambda a: jnp.mean(PENALTIES[name](linear(a), *inputs))))(a)
    analytic = 2 * a if name in ("r1", "r2") else 2 * 2 * (length - 1) * a / length
    np.testing.assert_allclose(gradient, analytic, rtol=1e-4)


@pytest.mark.parametrize("name", ["r1", "r2"])
def test_gradient_of_a_penalty_on_a_curved_critic_is_the_analytic_one(name):
    real, fake, keys = samples((4, 3, 2, 2))
    x = {"r1": real, "r2": fake}[name]
    gradient = jax.grad(lambda c: jnp.sum(PENALTIES[name](half_square(c), real, fake, keys)))(jnp.float32(1.5))
    np.testing.assert_allclose(gradient, 2 * 1.5 * square_norm(x).sum(), rtol=1e-5)


@pytest.mark.parametrize("name", PENALTIES)
def test_penalty_of_a_tree_of_logits_is_that_of_their_sum(name):
    a, b = direction((3,), 2.0), direction((3,), 0.5)[::-1]
    tree = lambda x: {"whole": linear(a)(x), "parts": [linear(b)(x), (x**2)[:, :2]]}
    total = lambda x: linear(a)(x) + linear(b)(x) + jnp.sum(x[:, :2] ** 2, 1)
    inputs = samples((4, 3))
    np.testing.assert_allclose(PENALTIES[name](tree, *inputs), PENALTIES[name](total, *inputs), rtol=1e-5)


@pytest.mark.parametrize("name", PENALTIES)
def test_penalty_of_bfloat16_logits_is_float32(name):
    d = lambda x: linear(direction((3,), 2.0))(x).astype(jnp.bfloat16)
    penalty = PENALTIES[name](d, *samples((4, 3)))
    assert penalty.dtype == jnp.float32
    np.testing.assert_allclose(penalty, 4 if name in ("r1", "r2") else 2, rtol=2e-2)


def test_clipped_weights_stay_within_the_limit_and_are_untouched_inside():
    limit = 0.01
    draw = np.random.default_rng(5)
    params = {"a": f32(draw.uniform(-limit, limit, (40, 5)))[0], "b": [f32(draw.uniform(-0.05, 0.05, 30))[0]]}
    gradients = jax.tree.map(lambda p: f32(draw.normal(0, 0.02, p.shape))[0], params)
    tx = optax.chain(optax.sgd(0.3), losses.clip_weights(limit))
    updates, _ = tx.update(gradients, tx.init(params), params)
    after = optax.apply_updates(params, updates)
    free = jax.tree.map(lambda p, g: np.asarray(p, np.float64) - 0.3 * np.asarray(g, np.float64), params, gradients)
    inside = np.concatenate([np.abs(x).ravel() < limit for x in jax.tree.leaves(free)])
    assert 20 < inside.sum() < inside.size - 20
    for clipped, alone, before in zip(*map(jax.tree.leaves, (after, free, params)), strict=True):
        ulp = np.spacing(np.maximum(np.abs(before), np.float32(limit)))  # an update is rounded as its parameter is
        assert (np.abs(clipped) <= limit + ulp).all()
        assert (np.abs(clipped - np.clip(alone, -limit, limit)) <= 4 * ulp).all()


def test_default_limit_of_clipped_weights_is_the_papers():
    params = jnp.array([0.5, -0.5, 0.0])
    updates, _ = losses.clip_weights().update(jnp.zeros(3), optax.EmptyState(), params)
    np.testing.assert_allclose(optax.apply_updates(params, updates), [0.01, -0.01, 0], atol=1e-7)


def test_moment_matching_is_of_means_and_mean_squares():
    draw = np.random.default_rng(3)
    real, fake = draw.standard_normal((5, 4, 4, 2)), 2 * draw.standard_normal((7, 4, 4, 2)) + 1
    away = (real.mean(0) - fake.mean(0)) ** 2 + ((real**2).mean(0) - (fake**2).mean(0)) ** 2
    loss = losses.moment_matching(0.5)
    np.testing.assert_allclose(loss(jnp.asarray(real), jnp.asarray(fake)), 0.5 * away.mean(), rtol=1e-5)
    assert loss(jnp.asarray(real), jnp.asarray(real)) == 0

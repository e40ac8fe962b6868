"""CUT's game: its closed form on networks of one number, its places, which term moves whom."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from arrays import assert_close, quick

import jaxgan
from jaxgan import BadInput, Pair, models
from jaxgan.losses.patch_nce import patch_nce
from jaxgan.models import translator
from jaxgan.net import Net
from jaxgan.sharing import with_index
from jaxgan.tasks.contrastive import contrastive, pick

KEY = jax.random.key(0)


def scaled(gain):
    """A G that multiplies its picture by a parameter; its features are what it is given, whole and every second pixel of it."""

    def apply(variables, x, method=None, **_):
        x = variables["params"] * x
        return ((x, jnp.flip(x[:, ::2, ::2], -1)) if method == "features" else x), {}

    return Net(lambda key, x: {"params": jnp.float32(gain)}, apply, methods=("features",))


def turned(amount):
    """An H of unit vectors: features, each plus a parameter."""

    def apply(variables, *features, **_):
        return tuple(
            (x + variables["params"]) / jnp.linalg.norm(x + variables["params"], axis=-1, keepdims=True)
            for x in features
        ), {}

    return Net(lambda key, *features: {"params": jnp.float32(amount)}, apply)


def judge(gain=1.5):
    """A D of a parameter times the mean."""
    return Net(lambda key, x: {"params": jnp.float32(gain)}, lambda v, x, **_: (v["params"] * x.mean((1, 2, 3)), {}))


def pictures(rows=3, size=4):
    draw = np.random.default_rng(0)
    return with_index({k: draw.integers(0, 256, (rows, size, size, 3), dtype=np.uint8) for k in ("image", "input")})


def game(gain=-0.5, **options):
    return contrastive(scaled(gain), turned(0.3), judge(), **options)


def outcome(gan, batch=None):
    batch = pictures() if batch is None else batch

    @quick
    def played(batch):
        g, d = gan.init(KEY, batch)
        return gan.losses(d, gan.generate(g, batch, KEY)[0], batch, KEY)

    return played(batch)


def compared(made, source, temperature):
    """The mean over layers and places of PatchNCE, with all places, in the order of the picture: which order does nothing."""

    def vectors(x):
        for layer in (x, x[:, ::2, ::2, ::-1]):
            flat = layer.reshape(len(x), -1, 3) + np.float32(0.3)
            yield flat / np.linalg.norm(flat, axis=-1, keepdims=True)

    pairs = zip(vectors(made), vectors(source), strict=True)
    return np.mean([quick(patch_nce)(q, k, temperature).mean() for q, k in pairs])


def test_losses_are_the_paper_s_with_means_for_sums_and_d_halved():
    batch = pictures()
    out = outcome(game(gain=-0.5, weight=2.0, identity=3.0, temperature=0.5))
    y, x = (batch[column] / np.float32(127.5) - 1 for column in ("image", "input"))
    mean = lambda x: 1.5 * x.mean((1, 2, 3))
    # G's features of what it made, and of what it made that of, each times its parameter once more
    patches, kept = (compared(0.25 * z, -0.5 * z, 0.5) for z in (x, y))
    expected = {"adversarial": ((mean(-0.5 * x) - 1) ** 2).mean(), "patches": patches, "identity": kept}
    assert out.metrics.g.keys() == expected.keys() and abs(patches - kept) > 1e-3
    for term, value in expected.items():
        np.testing.assert_allclose(out.metrics.g[term], value, rtol=1e-4, err_msg=term)
    np.testing.assert_allclose(out.g, expected["adversarial"] + 2 * patches + 3 * kept, rtol=1e-4)
    np.testing.assert_allclose(out.d, ((mean(y) - 1) ** 2 + mean(-0.5 * x) ** 2).mean() / 2, rtol=1e-5)
    assert out.metrics.d.keys() == {"real", "fake"}


def test_without_its_weight_the_target_s_own_pictures_are_not_compared():
    gan, batch = game(identity=0, weight=10.0), pictures()
    g, _ = gan.init(KEY, batch)
    assert gan.generate(g, batch, KEY)[0].kept is None
    out = outcome(gan)
    assert out.metrics.g.keys() == {"adversarial", "patches"}
    np.testing.assert_allclose(out.g, out.metrics.g["adversarial"] + 10 * out.metrics.g["patches"], rtol=1e-6)


def test_places_are_different_the_same_in_all_maps_and_belong_to_the_sample():
    x = np.arange(6 * 4 * 5, dtype=np.float32).reshape(6, 4, 5, 1)
    (first,) = pick((x,), KEY, np.arange(6), 8)
    assert first.shape == (6, 8, 1)
    spots = np.asarray(first)[..., 0] - 20 * np.arange(6)[:, None]
    assert all(len({*row}) == 8 for row in spots.tolist()) and len({tuple(row) for row in spots.tolist()}) == 6
    assert spots.min() >= 0 and spots.max() < 20
    np.testing.assert_array_equal(pick((2 * x,), KEY, np.arange(6), 8)[0], 2 * first)
    np.testing.assert_array_equal(pick((x[4:],), KEY, np.arange(4, 6), 8)[0], first[4:])
    assert pick((x,), KEY, np.arange(6), 100)[0].shape == (6, 20, 1)
    near, far = pick((x, x), KEY, np.arange(6), 8)
    assert np.any(near != far)  # each layer has its own


def test_a_place_is_found_in_its_own_input_and_not_in_the_negative():
    own, other = (outcome(game(gain=gain, places=8)).metrics.g["patches"] for gain in (1.0, -1.0))
    assert own < 0.7 < other
    fakes = jax.eval_shape(game().generate, {"params": {"generator": 1.0, "head": 0.3}}, pictures(), KEY)[0]
    assert fakes.patches.shape == fakes.kept.shape == (3,)


def test_each_term_moves_g_the_comparisons_alone_their_head_and_positives_nothing():
    gan, batch = game(), pictures()
    g, d = gan.init(KEY, batch)

    def terms(params):
        return gan.losses(d, gan.generate({"params": params}, batch, KEY)[0], batch, KEY).metrics.g

    slopes = quick(jax.jacrev(terms))(g["params"])
    moved = {term: {name for name, slope in of.items() if abs(slope) > 1e-5} for term, of in slopes.items()}
    both = {"generator", "head"}
    assert moved == {"adversarial": {"generator"}, "patches": both, "identity": both}

    x = batch["input"] / np.float32(127.5) - 1
    slope = lambda stop: quick(jax.grad(lambda a: compared_in_jax(a * a * x, a * x, stop)))(jnp.float32(-0.5))
    with_fixed, with_all = slope(jax.lax.stop_gradient), slope(lambda x: x)
    np.testing.assert_allclose(slopes["patches"]["generator"], with_fixed, rtol=1e-4)
    assert abs(with_fixed - with_all) > 1e-3


def compared_in_jax(made, source, stop):
    """As `compared`, at a temperature of 0.07, written out with or without constant positives."""
    total = 0.0
    for layer in (lambda x: x, lambda x: x[:, ::2, ::2, ::-1]):
        flat = lambda x, layer=layer: layer(x).reshape(3, -1, 3) + 0.3
        unit = lambda x, flat=flat: flat(x) / jnp.linalg.norm(flat(x), axis=-1, keepdims=True)
        logits = unit(made) @ stop(unit(source)).swapaxes(1, 2) / 0.07
        total += jnp.mean(jax.nn.logsumexp(logits, -1) - jnp.diagonal(logits, axis1=1, axis2=2)) / 2
    return total


def test_samples_are_of_the_inputs_alone():
    gan, batch = game(gain=-0.5), pictures()
    g, _ = gan.init(KEY, batch)
    assert_close(gan.sample(g, {"input": batch["input"]}, KEY), -0.5 * (batch["input"] / np.float32(127.5) - 1))


def test_what_does_not_fit_is_refused():
    with pytest.raises(BadInput, match=r"has the methods \[\], and contrastive learning compares its features"):
        contrastive(models.mlp.generator((4, 4, 3)), turned(0.0), judge())
    with pytest.raises(BadInput, match="takes a column 'input', and the batch has image, index"):
        game().init(KEY, {"image": pictures()["image"]})
    small = {**pictures(), "input": pictures(size=2)["input"]}
    with pytest.raises(
        BadInput, match=r"generator gives \(2, 2, 3\) of \(2, 2, 3\), and the pictures there are \(4, 4, 3\)"
    ):
        game().init(KEY, small)


def test_a_step_of_the_translator_and_its_head_fits():
    generator = translator.generator(3, 4, 1, halvings=1)
    gan = contrastive(generator, translator.head(8), models.mlp.discriminator((8,)), places=6)
    batch, opt = pictures(2, 8), Pair(optax.adam(1e-3), optax.adam(1e-3))
    state = jax.eval_shape(partial(jaxgan.init_state, gan, opt), KEY, batch)
    after, metrics = jax.eval_shape(jaxgan.make_step(gan, opt), state, batch)
    assert jax.tree.map(lambda x: x.shape, after) == jax.tree.map(lambda x: x.shape, state)
    assert state.g.params.keys() == {"generator", "head"} and metrics.g["patches"].shape == ()
    assert state.g.params["head"]["in0"]["kernel"].shape == (3, 8) and "in2" in state.g.params["head"]
    assert jax.eval_shape(gan.sample, state.ema, {"input": batch["input"]}, KEY).shape == (2, 8, 8, 3)

"""A D of classes: the paper's closed forms, whom its labelled pictures move, what is drawn to be labelled."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal, quick

from jaxgan import BadInput, Pair, data, losses, tasks
from jaxgan.data.few_labels import few_labels
from jaxgan.losses.content import Context
from jaxgan.losses.semi_supervised import class_surprise, match_features, realness
from jaxgan.models import semi_supervised as models
from jaxgan.net import DiscriminatorOutput, Net
from jaxgan.sharing import with_index
from jaxgan.tasks.semi_supervised import judge

KEY = jax.random.key(0)


def of_k_and_one(logits):
    """Probabilities [B, K + 1] of K logits, the last of which is that of a fake, whose logit is 0."""
    e = np.exp(np.concatenate([np.float64(logits), np.zeros((len(logits), 1))], axis=1))
    return e / e.sum(axis=1, keepdims=True)


def test_a_softmax_of_one_class_more_whose_logit_is_0_is_the_paper_s_d():
    logits = 3 * normal(0, 5, 4)
    z = np.exp(np.float64(logits)).sum(axis=1)
    d = jax.nn.sigmoid(realness(jnp.asarray(logits)))
    np.testing.assert_allclose(d, z / (z + 1), rtol=1e-5)
    np.testing.assert_allclose(d, 1 - of_k_and_one(logits)[:, -1], rtol=1e-5)
    assert np.isfinite(realness(jnp.full((1, 3), 1e4))).all()


def test_losses_of_d_are_section_5_s():
    real, fake, labelled = (2 * normal(seed, 6, 3) for seed in range(3))
    label = np.array([0, 2, 1, 1, 0, 2])
    unsupervised = -np.log(1 - of_k_and_one(real)[:, -1]).mean() - np.log(of_k_and_one(fake)[:, -1]).mean()
    ours = losses.non_saturating.d(realness(jnp.asarray(real)), realness(jnp.asarray(fake))).mean()
    np.testing.assert_allclose(ours, unsupervised, rtol=1e-5)
    p = of_k_and_one(labelled)[:, :-1]
    supervised = -np.log((p / p.sum(axis=1, keepdims=True))[np.arange(6), label])
    np.testing.assert_allclose(class_surprise(jnp.asarray(labelled), jnp.asarray(label)), supervised, rtol=1e-5)


def test_features_are_matched_by_their_means():
    real, fake = normal(0, 7, 5), normal(1, 7, 5)
    context = Context((), jnp.asarray(real), jnp.asarray(fake), {}, KEY)
    expected = 3 * ((real.mean(axis=0) - fake.mean(axis=0)) ** 2).mean()
    np.testing.assert_allclose(match_features(3.0)(None, None, context), expected, rtol=1e-5)


def linear(weight):
    """A D of two pixels: logits [B, 2] and features, both a multiple of the pixels."""

    def apply(variables, x, **_):
        x = x.reshape(len(x), -1)
        return DiscriminatorOutput(variables["params"] * x, 2 * x), {}

    return Net(lambda key, x: {"params": jnp.float32(weight)}, apply)


def constant():
    return Net(
        lambda key, z: {"params": jnp.float32(0.25)}, lambda v, z, **_: (v["params"] * z.reshape(-1, 1, 2, 1), {})
    )


def batch(rows=4):
    draw = np.random.default_rng(0)
    pictures = {name: draw.integers(0, 256, (rows, 1, 2, 1), dtype=np.uint8) for name in ("image", "labelled")}
    return with_index({**pictures, "class": np.array([0, 1, 1, 0], np.int32)[:rows]})


def game(**options):
    net = linear(1.5)
    noise = lambda key, index: jnp.stack([1.0 + index, -1.0 * index], axis=1)
    inner = tasks.adversarial(
        constant(), judge(net), noise=noise, content={"matching": losses.match_features()}, weight=0.0
    )
    return inner, tasks.semi_supervised(inner, net, **options)


def outcome(gan, rows=None):
    rows = batch() if rows is None else rows
    played = quick(
        lambda rows: (lambda pair: gan.losses(pair.d, gan.generate(pair.g, rows, KEY)[0], rows, KEY))(
            gan.init(KEY, rows)
        )
    )
    return played(rows)


def test_d_s_loss_is_the_game_s_and_the_labelled_pictures_and_g_s_is_the_game_s():
    inner, gan = game(weight=3.0)
    plain, out, rows = outcome(inner), outcome(gan), batch()
    x = (rows["labelled"] / np.float32(127.5) - 1).reshape(4, 2)
    logits = 1.5 * x
    surprise = -(logits - np.log(np.exp(logits).sum(1, keepdims=True)))[np.arange(4), rows["class"]]
    np.testing.assert_allclose(out.metrics.d["supervised"], surprise.mean(), rtol=1e-5)
    np.testing.assert_allclose(out.d, plain.d + 3 * surprise.mean(), rtol=1e-5)
    np.testing.assert_allclose(out.metrics.d["accuracy"], np.mean(logits.argmax(1) == rows["class"]))
    assert out.g == plain.g and out.g == out.metrics.g["matching"] > 0
    assert isinstance(out.metrics, Pair) and out.metrics.g.keys() == plain.metrics.g.keys()


@pytest.mark.parametrize("column", ["labelled", "class"])
def test_a_batch_without_labelled_pictures_is_refused(column):
    rows = {name: x for name, x in batch().items() if name != column}
    with pytest.raises(BadInput, match=f"takes a column '{column}'"):
        outcome(game()[1], rows)


def numbered(rows=40, classes=4):
    """Pictures whose pixels are their row numbers."""
    image = np.arange(rows, dtype=np.uint8).reshape(rows, 1, 1, 1) * np.ones((1, 8, 8, 1), np.uint8)
    return data.from_arrays("numbered", {"image": image, "label": np.arange(rows) * classes // rows})


def test_labelled_pictures_are_equal_shares_drawn_by_the_seed_and_come_up_alike():
    whole = numbered()
    made, other, again = (few_labels(whole, 10, seed) for seed in (0, 1, 0))
    rows = made["labelled"][np.arange(40)][:, 0, 0, 0]
    assert len(made["labelled"]) == len(made["class"]) == len(made["image"]) == 40
    np.testing.assert_array_equal(made["class"], np.asarray(whole["label"])[rows])
    assert np.bincount(rows)[np.unique(rows)].tolist() == [4] * 10
    assert np.bincount(made["class"][:10]).tolist() == [3, 3, 2, 2]
    assert made.sha256 == again.sha256 != other.sha256
    gathered = jax.jit(made["labelled"].gather)(made["labelled"].arrays, jnp.arange(3))
    np.testing.assert_array_equal(gathered, made["labelled"][np.arange(3)])
    np.testing.assert_array_equal(made["label"], whole["label"])  # all of them, to measure by


@pytest.mark.parametrize(
    ("count", "said"),
    [(3, "--labelled 3, and numbered has 4 classes"), (44, "takes 11 of each class, and numbered has 10")],
)
def test_too_few_and_too_many_labels_are_refused(count, said):
    with pytest.raises(BadInput, match=said):
        few_labels(numbered(), count)
    plain = data.from_arrays("plain", {"image": np.zeros((9, 8, 8, 1), np.uint8)})
    with pytest.raises(BadInput, match="plain has none"):
        few_labels(plain, 5)
    assert len(few_labels(numbered(), 44, rest=True)["labelled"]) == 40


@pytest.mark.parametrize("net", [models.dense(3, (8, 6)), models.convolutions(3, 4)])
def test_networks_give_logits_and_features_and_draw_for_each_sample(net):
    x = normal(0, 4, 12, 12, 1)
    variables = net.init(KEY, x)
    seen = quick(
        lambda x, index, train: net.apply(variables, x, key=KEY, index=index, train=train)[0], static_argnums=2
    )
    out = seen(x, np.arange(4), False)
    assert out.logits.shape == (4, 3) and out.features.shape == (4, 6 if len(variables["params"]) < 5 else 8)
    noisy, part = seen(x, np.arange(4), True), seen(x[2:], np.arange(2, 4), True)
    assert np.abs(noisy.logits - out.logits).max() > 1e-3
    np.testing.assert_allclose(noisy.logits[2:], part.logits, rtol=1e-4, atol=1e-5)
    lengths = [
        np.linalg.norm(w.reshape(-1, w.shape[-1]), axis=0) for w in jax.tree.leaves(variables["params"]) if w.ndim > 1
    ]
    assert lengths  # whatever these are, a first layer twice as long sees the same
    doubled = jax.tree.map(lambda w: 2 * w if w.ndim > 1 and w.shape[0] != 1 else w, variables["params"])
    again = quick(lambda params: net.apply({"params": params}, x, train=False)[0])(doubled)
    np.testing.assert_allclose(again.logits, out.logits, rtol=1e-3, atol=1e-5)


def test_networks_that_tell_nothing_apart_are_refused():
    for make in (models.dense, models.convolutions):
        with pytest.raises(BadInput, match="tells 2 or more apart"):
            make(1)
    with pytest.raises(BadInput, match="hidden is \\(\\)"):
        models.dense(3, ())

"""Losses of masks against NumPy: pixels that do not count, targets in a softmax, pictures without masks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal

from jaxgan import losses
from jaxgan.errors import BadInput
from jaxgan.losses import Context

K = 4
LOGITS = 3 * normal(0, 2, 3, 5, K)
MASK = np.random.default_rng(1).integers(0, K + 1, (2, 3, 5), dtype=np.uint8)  # K is no class


def context(**batch):
    return Context((), None, None, batch, jax.random.key(0))


def surprise(logits, mask):
    """-log softmax(logits)[mask], in float64, one pixel at a time."""
    logits = np.float64(logits).reshape(-1, logits.shape[-1])
    rows = [np.log(np.exp(row).sum()) - row[c] for row, c in zip(logits, mask.ravel(), strict=True)]
    return np.array(rows).reshape(mask.shape)


def of(term, logits, mask):
    return term(None, jnp.asarray(logits), context(mask=jnp.asarray(mask)))


@pytest.mark.parametrize("kind", [np.uint8, np.int32])
def test_cross_entropy_is_the_mean_over_pixels_that_count(kind):
    mask = np.minimum(MASK, K - 1).astype(kind)
    term = losses.cross_entropy(weight=2.5)
    assert_close(of(term, LOGITS, mask), np.float32(2.5 * surprise(LOGITS, mask).mean()))
    ignored = K - 1
    counted = mask != ignored
    term = losses.cross_entropy(ignored=ignored)
    expected = surprise(LOGITS, np.where(counted, mask, 0))[counted].mean()
    assert_close(of(term, LOGITS, mask), np.float32(expected))
    slope = jax.grad(lambda x: of(term, x, mask))(jnp.asarray(LOGITS))
    np.testing.assert_array_equal(np.abs(slope).sum(-1) > 0, counted)
    soft = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    expected = (soft - np.eye(K)[mask]) * counted[..., None] / counted.sum()
    assert_close(slope, expected.astype(np.float32))


def test_the_ignored_class_may_be_above_those_of_g():
    counted = MASK != K
    assert 0 < counted.sum() < MASK.size
    expected = surprise(LOGITS, np.where(counted, MASK, 0))[counted].mean()
    assert_close(of(losses.cross_entropy(ignored=K), LOGITS, MASK), np.float32(expected))
    assert np.isnan(of(losses.cross_entropy(), LOGITS, MASK))  # a class that G has not, and nobody ignores


@pytest.mark.parametrize("wrong", [-1, K])
def test_classes_that_are_none_make_it_nan_unless_they_are_ignored(wrong):
    mask = np.where(MASK == K, wrong, MASK.astype(np.int32))
    assert np.isnan(of(losses.cross_entropy(), LOGITS, mask))
    assert np.isfinite(of(losses.cross_entropy(ignored=wrong), LOGITS, mask))
    found = np.asarray(losses.class_surprise(jnp.zeros((3, K)), jnp.array([0, wrong, K - 1])))
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])


def test_a_batch_of_ignored_pixels_is_worth_nothing():
    mask = np.full((2, 3, 5), K, np.uint8)
    value, slope = jax.value_and_grad(lambda x: of(losses.cross_entropy(ignored=K), x, mask))(jnp.asarray(LOGITS))
    assert value == 0 and (slope == 0).all()


def test_cross_entropy_is_finite_at_huge_logits():
    mask = np.minimum(MASK, K - 1)
    value, slope = jax.value_and_grad(lambda x: of(losses.cross_entropy(), x, mask))(jnp.asarray(1e4 * LOGITS))
    assert np.isfinite(value) and np.isfinite(slope).all()


def test_devices_share_the_mean():
    mask = np.concatenate([MASK, np.full_like(MASK, K)])[:, None]  # some with other shares of ignored pixels, some all
    logits = normal(2, 4, 1, 3, 5, K)

    def share(axis_name):
        term = losses.cross_entropy(ignored=K, axis_name=axis_name)
        return jax.value_and_grad(lambda x, mask: term(None, x, context(mask=mask)))

    values, slopes = jax.pmap(share("i"), axis_name="i")(logits, mask)
    value, slope = share(None)(jnp.asarray(logits[:, 0]), jnp.asarray(mask[:, 0]))
    assert_close(values.mean(), value)
    assert_close(slopes[:, 0] / 4, slope)
    taught = [losses.self_taught(0.5, axis_name=name) for name in ("i", None)]
    judged = normal(3, 4, 1, 3, 5)
    values = jax.pmap(taught[0], axis_name="i")(logits, judged)
    assert_close(values.mean(), taught[1](jnp.asarray(logits[:, 0]), jnp.asarray(judged[:, 0])))


def test_masks_that_do_not_fit_are_refused():
    with pytest.raises(BadInput, match="column 'mask', and the batch has image, index"):
        losses.cross_entropy()(None, LOGITS, context(image=1, index=2))
    with pytest.raises(BadInput, match=r"masks are \[2, 3, 4\], and logits \[2, 3, 5, 4\]"):
        of(losses.cross_entropy(), LOGITS, MASK[:, :, :4])


@pytest.mark.parametrize("smoothing", [0.1, 0.5, 1e-3])
def test_a_softmax_of_true_masks_is_a_smoothed_one_hot(smoothing):
    log = losses.log_smoothed_one_hot(jnp.asarray(MASK), K, smoothing)
    expected = (1 - smoothing) * np.eye(K + 1)[MASK][..., :K] + smoothing / K
    expected[MASK == K] = 1 / K  # of what is no class nothing is said
    assert log.shape == (*MASK.shape, K) and log.dtype == jnp.float32
    assert_close(jax.nn.softmax(log), expected.astype(np.float32))
    np.testing.assert_array_equal(log.argmax(-1)[MASK < K], MASK[MASK < K])


@pytest.mark.parametrize("smoothing", [0, 1, -0.1])
def test_a_smoothing_without_a_logarithm_is_refused(smoothing):
    with pytest.raises(BadInput, match=rf"smoothing is {smoothing}"):
        losses.log_smoothed_one_hot(MASK, K, smoothing)


def test_g_is_taught_by_itself_where_d_believes_it():
    judged = normal(3, *MASK.shape)
    term = losses.self_taught(0.3)
    believed = 1 / (1 + np.exp(-judged)) > 0.3
    assert 0 < believed.sum() < believed.size
    expected = surprise(LOGITS, LOGITS.argmax(-1))[believed].mean()
    assert_close(term(jnp.asarray(LOGITS), jnp.asarray(judged)), np.float32(expected))
    slopes = jax.grad(term, (0, 1))(jnp.asarray(LOGITS), jnp.asarray(judged))
    np.testing.assert_array_equal(np.abs(slopes[0]).sum(-1) > 0, believed)
    assert (slopes[1] == 0).all()
    value, slope = jax.value_and_grad(term)(jnp.asarray(LOGITS), jnp.full(MASK.shape, -9.0))
    assert value == 0 and (slope == 0).all()


def test_the_threshold_is_a_confidence():
    logit = np.log(0.2 / 0.8)
    for judged, passed in ((logit - 1e-3, False), (logit + 1e-3, True)):
        assert bool(losses.self_taught()(jnp.asarray(LOGITS), jnp.full(MASK.shape, judged)) > 0) is passed
    for threshold in (-0.1, 1.1):
        with pytest.raises(BadInput, match=rf"threshold is {threshold}"):
            losses.self_taught(threshold)

"""Content terms against their closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses
from jaxgan.errors import BadInput

DRAW = np.random.default_rng(0)
REAL, FAKE = DRAW.uniform(-1, 1, (2, 3, 5, 4, 2))
APART = REAL - FAKE


def features(*shapes):
    return {str(i): DRAW.standard_normal(shape) for i, shape in enumerate(shapes)}


OF_REAL, OF_FAKE = (features((3, 7), (3, 2, 2, 4)) for _ in range(2))


def f32(tree):
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), tree)


def context(real=None, fake=None):
    return losses.Context((), f32(real), f32(fake), {}, jax.random.key(0))


def taps(x):
    """Two activations of known slope."""
    return {"double": 2 * x, "rows": (3 * x.sum(1),)}


def tapped(power):
    return np.mean(np.abs(2 * APART) ** power), np.mean(np.abs(3 * APART.sum(1)) ** power)


CLOSED_FORMS = {
    "l1": (losses.l1, np.abs(APART).mean()),
    "charbonnier": (losses.charbonnier, np.sqrt(APART**2 + 1e-6).mean()),
    "charbonnier wide": (lambda w: losses.charbonnier(w, 0.5), np.sqrt(APART**2 + 0.25).mean()),
    "total_variation": (losses.total_variation, sum((np.diff(FAKE, axis=axis) ** 2).mean() for axis in (1, 2))),
    "feature_matching": (losses.feature_matching, sum(np.abs(OF_REAL[k] - OF_FAKE[k]).mean() for k in OF_REAL)),
    "perceptual": (lambda w: losses.perceptual(taps, w), sum(tapped(1))),
    "perceptual squared": (lambda w: losses.perceptual(taps, w, power=2), sum(tapped(2))),
    "perceptual weighed": (
        lambda w: losses.perceptual(taps, w, layers={"double": 0.1, "rows": (2.0,)}),
        0.1 * tapped(1)[0] + 2 * tapped(1)[1],
    ),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_a_term_is_its_closed_form(name):
    build, expected = CLOSED_FORMS[name]
    shown = (f32(REAL), f32(FAKE), context(OF_REAL, OF_FAKE))
    loss = build(1.0)(*shown)
    assert loss.shape == () and loss.dtype == jnp.float32
    np.testing.assert_allclose(loss, expected, rtol=2e-6)
    np.testing.assert_allclose(build(0.25)(*shown), 0.25 * expected, rtol=2e-6)
    rounded = jax.tree.map(
        lambda x: x.astype(jnp.bfloat16), (*shown[:2], shown[2]._replace(batch={}, key=jnp.zeros(1)))
    )
    loss = build(1.0)(*rounded)
    assert loss.dtype == jnp.float32  # a mean in bfloat16 would be far off
    np.testing.assert_allclose(loss, expected, rtol=0.01)


def test_features_of_several_d_count_as_much_as_those_of_one():
    one = f32(OF_REAL), f32(OF_FAKE)
    logits = jnp.zeros((3, 4, 4))
    term = losses.feature_matching(10.0)
    of = lambda count: context(*((each,) * count for each in one))._replace(logits_fake=(logits,) * count)
    alone = term(REAL, FAKE, of(1))
    np.testing.assert_allclose(alone, term(REAL, FAKE, context(*one)._replace(logits_fake=logits)), rtol=1e-6)
    np.testing.assert_allclose(alone, 10 * CLOSED_FORMS["feature_matching"][1], rtol=2e-6)
    np.testing.assert_allclose(term(REAL, FAKE, of(3)), alone, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 1, 4, 3), (2, 4, 1, 3), (2, 1, 1, 3)], ids=str)
def test_total_variation_along_a_side_of_one_pixel_is_none(shape):
    x = DRAW.uniform(-1, 1, shape)
    expected = sum((np.diff(x, axis=axis) ** 2).mean() for axis in (1, 2) if shape[axis] > 1)
    value, slope = jax.value_and_grad(lambda x: losses.total_variation()(x, x))(f32(x))
    assert value.dtype == jnp.float32 and np.isfinite(slope).all()
    np.testing.assert_allclose(value, expected, rtol=2e-6)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_the_gradient_is_of_the_fake_alone(name):
    term = CLOSED_FORMS[name][0](1.0)

    def loss(real, fake):
        return term(real, fake, context()._replace(features_real=taps(real), features_fake=taps(fake)))

    by_real, by_fake = jax.grad(loss, (0, 1))(*f32((REAL, FAKE)))
    assert np.isfinite(by_fake).all() and np.abs(by_fake).max() > 1e-3
    if "l1" not in name and "charbonnier" not in name:  # pixels of real are data: nobody asks for their gradient
        assert np.abs(by_real).max() == 0


def test_the_gradient_is_finite_where_both_are_the_same():
    same = f32(REAL)
    for name, (build, _) in CLOSED_FORMS.items():
        loss = lambda x: build(1.0)(same, x, context(OF_REAL, OF_REAL))  # noqa: B023
        slope = jax.grad(loss)(same)
        assert np.isfinite(slope).all() and (name == "total_variation" or np.abs(slope).max() < 1e-6), name


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: losses.charbonnier(1.0, 0.0), "epsilon is 0.0: give a number above 0, or take l1"),
        (lambda: losses.feature_matching()(REAL, FAKE, context()), "the discriminator hands out no features"),
        (lambda: losses.perceptual(taps, power=3), "power is 3: give 1 or 2"),
        (lambda: losses.perceptual(lambda x: {})(REAL, FAKE), "taps hand out no activations"),
        (lambda: losses.perceptual(taps, layers={"double": 1.0})(REAL, FAKE), "give a weight for each of these"),
    ],
)
def test_what_cannot_be_meant_is_bad_input(build, said):
    with pytest.raises(BadInput, match=said):
        build()

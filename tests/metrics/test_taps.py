"""Activations for perceptual losses: those of the network that metrics look through, of floats, and differentiable."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import quick
from skimage import data as pictures

from jaxgan import degrade, losses
from jaxgan.errors import BadInput
from jaxgan.metrics.features import classifier, squeezenet
from jaxgan.modalities import image
from jaxgan.sharing import sample_keys

ALL = ("conv1", *(f"fire{i}" for i in range(2, 10)))


@pytest.fixture(scope="module")
def weights():
    draw = np.random.RandomState(0)
    he = lambda shape: np.sqrt(2 / np.prod(shape[1:])) if len(shape) == 4 else 0.1
    return {k: (he(s) * draw.standard_normal(s)).astype(np.float32) for k, s in squeezenet.shapes().items()}


@pytest.fixture(scope="module")
def trained():
    return quick(classifier.Classifier(5).init)(jax.random.key(0), np.zeros((1, 32, 32, 3), np.uint8))


def uniform(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def test_at_227_pixels_they_are_those_that_metrics_see(weights):
    picture = np.random.default_rng(1).integers(0, 256, (1, 227, 227, 3), dtype=np.uint8)
    shown = quick(lambda x: squeezenet.taps(weights, x, ("fire9", "fire8"), relu=True))(image.to_step(picture))
    features = squeezenet.apply(weights, picture).features
    np.testing.assert_allclose(shown["fire9"].mean((1, 2)), features, rtol=1e-4, atol=1e-4 * float(features.max()))
    assert set(shown) == {"fire8", "fire9"} and shown["fire8"].shape == (1, 27, 27, 512)


@pytest.mark.parametrize(("size", "small"), [((64, 32), (4, 2)), ((5, 48), (2, 3))], ids=str)
def test_images_keep_their_size_and_their_last_pixels_go_on(size, small, weights):
    x = uniform(2, *size, 3)
    shown = quick(lambda x: squeezenet.taps(weights, x, ALL))(x)
    for names, times, channels in (
        (("fire9",), lambda n: n - 1, (512,)),
        (("fire5", "fire6", "fire7", "fire8"), lambda n: 2 * n - 1, (256, 384, 384, 512)),
        (("fire2", "fire3", "fire4"), lambda n: 4 * n - 1, (128, 128, 256)),
        (("conv1",), lambda n: 8 * n - 1, (96,)),
    ):
        for name, wide in zip(names, channels, strict=True):
            assert shown[name].shape == (2, *map(times, small), wide), name
            assert shown[name].dtype == jnp.float32 and np.min(shown[name]) < 0
    full = [16 * n + 3 for n in small]  # 67 for 64, 35 for 5 and for 32
    missing = [(m - n) // 2 for m, n in zip(full, size, strict=True)]
    pads = [(low, m - n - low) for low, m, n in zip(missing, full, size, strict=True)]
    wide = squeezenet.taps(weights, np.pad(x, ((0, 0), *pads, (0, 0)), mode="edge"), ("fire5",))["fire5"]
    np.testing.assert_allclose(wide, shown["fire5"], rtol=0, atol=1e-4 * float(np.abs(wide).max()))


def test_before_the_relu_is_what_the_relu_is_given_and_grey_is_three_channels(weights):
    x = uniform(1, 35, 35, 1)
    before, behind = (quick(lambda x: squeezenet.taps(weights, x, ALL[:4], relu=relu))(x) for relu in (False, True))  # noqa: B023
    for name in ALL[:4]:
        assert np.array_equal(np.maximum(before[name], 0), behind[name])
    colour = quick(lambda x: squeezenet.taps(weights, x, ALL[:4]))(np.repeat(x, 3, -1))
    assert np.array_equal(colour["fire3"], before["fire3"])


def test_gradients_reach_every_pixel_also_out_of_the_range(weights):
    x = 1.5 * uniform(1, 36, 40, 3)
    loss = losses.perceptual(lambda x: squeezenet.taps(weights, x, ("fire5",)), power=2)
    slope = quick(jax.grad(lambda fake: loss(np.zeros_like(x), fake)))(x)
    assert np.isfinite(slope).all() and np.abs(slope).max(-1).min() > 0


def test_a_classifiers_are_what_its_features_are_made_of(trained):
    picture = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    x = image.to_step(picture)
    before, behind = (quick(lambda x: classifier.taps(trained, x, relu))(x) for relu in (False, True))  # noqa: B023
    assert {k: v.shape for k, v in before.items()} == {
        "Conv_0": (2, 16, 16, 32), "Conv_1": (2, 8, 8, 64), "Conv_2": (2, 4, 4, 128)
    }  # fmt: skip
    assert all(np.array_equal(np.maximum(before[k], 0), behind[k]) and np.min(before[k]) < 0 for k in before)
    dense = trained["params"]["Dense_0"]
    features = np.maximum(np.asarray(behind["Conv_2"]).reshape(2, -1) @ np.asarray(dense["kernel"]), 0)  # the bias is 0
    np.testing.assert_allclose(
        classifier.Classifier(5).apply(trained, picture).features, features, rtol=1e-4, atol=1e-5
    )
    slope = quick(jax.grad(lambda x: classifier.taps(trained, x)["Conv_2"].sum()))(uniform(1, 20, 12, 3))
    assert np.isfinite(slope).all() and np.abs(slope).max(-1).min() > 0


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda w, t: squeezenet.taps(w, uniform(1, 8, 8, 3), ("fire1",)), "unknown activation of squeezenet 'fire1'"),
        (lambda w, t: squeezenet.taps(w, uniform(1, 8, 8, 4)), r"images are float32\[1, 8, 8, 4\]: give floats"),
        (lambda w, t: squeezenet.taps(w, np.zeros((1, 8, 8, 3), np.uint8)), r"images are uint8\[1, 8, 8, 3\]"),
        (lambda w, t: classifier.taps(t, uniform(1, 8, 8, 1)), r"float32\[1, 8, 8, 1\]: give floats \[B, H, W, 3\]"),
    ],
)
def test_what_cannot_be_looked_at_is_bad_input(build, said, weights, trained):
    with pytest.raises(BadInput, match=said):
        build(weights, trained)


def test_with_real_weights_blur_is_further_away_than_as_much_noise(real_data):
    path = real_data / "weights" / "squeezenet_v1.0_dc.npz"
    if not path.exists():
        pytest.skip(f"JAXGAN_TEST_DATA has no {path.name}")
    net = squeezenet.load(path)
    real = image.to_step(np.asarray(pictures.astronaut()[20:84, 190:254][None]))
    shown = lambda step: np.asarray(step(real.astype(np.float32), sample_keys(jax.random.key(0), jnp.arange(1))))
    blurred, noisy = shown(degrade.blur(1.5)), shown(degrade.noise(1))
    noisy = real + (noisy - real) * np.abs(blurred - real).mean() / np.abs(noisy - real).mean()
    seen = quick(losses.perceptual(lambda x: squeezenet.taps(net.variables, x)))
    assert seen(real, blurred) > 1.4 * seen(real, noisy) > 0  # 1.67

"""SqueezeNet: the same numbers as written out in NumPy, and, with real weights, what is in a picture."""

import jax
import numpy as np
import pytest
from skimage import data as pictures

from jaxgan import BadInput, metrics
from jaxgan.metrics.features import squeezenet

ANIMALS = 398  # of ImageNet's classes, the first


@pytest.fixture(scope="module")
def weights():
    draw = np.random.RandomState(0)
    he = lambda shape: np.sqrt(2 / np.prod(shape[1:])) if len(shape) == 4 else 0.1
    return {k: (he(s) * draw.standard_normal(s)).astype(np.float32) for k, s in squeezenet.shapes().items()}


@pytest.fixture(scope="module")
def real(real_data):
    path = real_data / "weights" / "squeezenet_v1.0_dc.npz"
    if not path.exists():
        pytest.skip(f"JAXGAN_TEST_DATA has no {path.name}")
    return squeezenet.load(path)


@pytest.fixture(scope="module")
def cifar(real_data):
    path = real_data / "cifar10" / "train_first4000.npz"
    if not path.exists():
        pytest.skip(f"JAXGAN_TEST_DATA has no {path.name}")
    with np.load(path) as archive:
        return archive["image"], archive["label"]


def convolve(x, weight, bias, stride=1, pad=0):
    x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(0, 1))[::stride, ::stride]
    return np.maximum(np.tensordot(seen, weight.astype(np.float64), ((2, 3, 4), (1, 2, 3))) + bias, 0)


def ceil_pool(x):
    """Caffe's: a window that begins inside counts, also where it reaches out."""
    out = -(-(x.shape[0] - 3) // 2) + 1
    x = np.pad(x, ((0, 2 * out + 1 - x.shape[0]),) * 2 + ((0, 0),), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(0, 1))[::2, ::2].max((-1, -2))


def stretch(x, axis):
    size = x.shape[axis]
    at = np.clip((np.arange(227) + 0.5) * size / 227 - 0.5, 0, size - 1)
    low = at.astype(int)
    part = np.expand_dims(at - low, tuple(i for i in range(3) if i != axis))
    first, second = (np.take(x, np.minimum(i, size - 1), axis) for i in (low, low + 1))
    return first * (1 - part) + second * part


def written_out(weights, image):
    """(features, logits) of one image [H, W, 3], in float64."""
    part = lambda x, name, **how: convolve(x, weights[f"{name}.weight"], weights[f"{name}.bias"], **how)
    x = stretch(stretch(image.astype(np.float64), 0), 1)
    x = ceil_pool(part(np.stack([x[..., 2] - 104, x[..., 1] - 117, x[..., 0] - 123], -1), "conv1", stride=2))
    for i in range(2, 10):
        x = part(x, f"fire{i}.conv1x1_1")
        x = np.concatenate([part(x, f"fire{i}.conv1x1_2"), part(x, f"fire{i}.conv3x3_2", pad=1)], -1)
        x = ceil_pool(x) if i in (4, 8) else x
    return x.mean((0, 1)), part(x, "conv_final").mean((0, 1))


@pytest.mark.parametrize("size", [(32, 32), (300, 260)])
def test_it_is_the_network_of_the_paper(size, weights):
    image = np.random.RandomState(1).randint(0, 256, (*size, 3)).astype(np.uint8)
    seen = squeezenet.apply(weights, image[None])
    for found, expected in zip(seen, written_out(weights, image), strict=True):
        assert np.abs(found[0] - expected).max() < 1e-5 * np.abs(expected).max()
    assert seen.features.shape == (1, 512) and seen.logits.shape == (1, 1000)


def test_grey_is_three_channels_and_others_are_refused(weights):
    grey = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)
    seen, colour = jax.jit(squeezenet.apply)(weights, grey), squeezenet.apply(weights, np.repeat(grey, 3, -1))
    np.testing.assert_allclose(seen.features, colour.features, rtol=1e-4, atol=1e-3)
    for wrong in (np.zeros((1, 8, 8, 2), np.uint8), np.zeros((1, 8, 8, 3), np.float32)):
        with pytest.raises(BadInput, match=rf"{wrong.dtype} \[1, 8, 8, {wrong.shape[-1]}\], not uint8"):
            squeezenet.apply(weights, wrong)


def test_archives_are_checked(weights, tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, **weights)
    net = squeezenet.load(path)
    assert net.name == "squeezenet" and set(net.variables) == set(weights)
    name = "fire2.conv1x1_1.weight"
    for arrays, words in (
        ({k: x for k, x in weights.items() if k != name}, f"lacks {name}"),
        ({**weights, name: weights[name][:8]}, rf"{name} is float32 \[8, 96, 1, 1\], not float32 \[16, 96, 1, 1\]"),
        ({**weights, "extra": weights[name]}, "holds extra"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(BadInput, match=words):
            squeezenet.load(path)
    for damaged in (b"nothing", path.read_bytes()[:4000]):
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match="cannot be read"):
            squeezenet.load(path)


@pytest.mark.parametrize(("name", "classes"), [("chelsea", {281, 282, 285}), ("coffee", {967}), ("rocket", {657, 744})])
def test_it_sees_what_is_in_a_picture(name, classes, real):
    image = getattr(pictures, name)()
    away = (image.shape[1] - image.shape[0]) // 2  # the square in the middle
    image = image[:, away : away + image.shape[0]]
    best = np.argsort(-np.asarray(real.apply(real.variables, image[None]).logits)[0])
    assert classes & set(best[:3].tolist()), best[:5]


def test_it_tells_animals_from_vehicles(real, cifar):
    images, label = cifar[0][:100], cifar[1][:100]
    logits = np.asarray(real.apply(real.variables, images).logits, np.float64)
    score = np.log(np.exp(logits[:, :ANIMALS]).sum(1) / np.exp(logits[:, ANIMALS:]).sum(1))
    animal = (label >= 2) & (label <= 7)
    assert np.mean(score[animal][:, None] > score[~animal]) > 0.8  # 0.91 on 600 images


@pytest.mark.slow
def test_the_distance_grows_with_the_damage(real, cifar):
    draw = np.random.RandomState(0)
    images, others = cifar[0][:64], cifar[0][64:128]
    noisy = (others + draw.randint(-20, 21, others.shape)).clip(0, 255).astype(np.uint8)
    look = lambda x: metrics.moments(real.apply(real.variables, x).features)
    expected = look(images)
    same, noise, none = (
        metrics.frechet_from(expected, look(x))
        for x in (others, noisy, draw.randint(0, 256, others.shape).astype(np.uint8))
    )
    assert 1.5 * same < noise < none / 2  # of 600 images 1.5e3, 22e3, 131e3

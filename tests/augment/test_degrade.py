"""Degradations against Pillow, SciPy and the authors' strokes; each sample by its own key alone."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import quick
from PIL import Image
from scipy import ndimage
from skimage import data as pictures

from jaxgan import degrade
from jaxgan.degrade.jpeg import tables
from jaxgan.errors import BadInput
from jaxgan.modalities import image
from jaxgan.modalities import resize as resizing
from jaxgan.sharing import sample_keys

STEPS = {
    "down": degrade.down(2),
    "noise": degrade.noise(25),
    "blur": degrade.blur(1.2),
    "grey": degrade.grey(),
    "box": degrade.holes("box"),
    "free-form": degrade.holes("free-form"),
    "jpeg": degrade.jpeg(30),
    "to_levels": degrade.to_levels,
    "chain": degrade.chain(degrade.blur(0.8), degrade.noise(10), degrade.down(2), degrade.noise(10), degrade.to_levels),
}
DRAWN = {"noise", "box", "free-form", "chain"}
SHAPES = {"down": (8, 12, 3), "grey": (16, 24, 1), "box": (16, 24, 4), "free-form": (16, 24, 4), "chain": (8, 12, 3)}


def keys_of(rows, seed=0):
    return sample_keys(jax.random.key(seed), jnp.arange(rows))


def uniform(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def photograph(height, width, name="astronaut"):
    """(uint8 [H, W, 3], the same in [-1, 1], [1, H, W, 3]) of a face, or of fur."""
    found = getattr(pictures, name)()[20 : 20 + height, 150 : 150 + width]
    return found, image.to_step(found[None]).astype(np.float32)


def scaled(x):
    """0 .. 255 of one image in [-1, 1]."""
    return (np.asarray(x[0], np.float64) + 1) * 127.5


@pytest.mark.parametrize("name", STEPS)
def test_a_draw_is_of_the_samples_own_key_and_stays_in_the_range(name):
    step, x, keys = quick(STEPS[name]), uniform(3, 16, 24, 3), keys_of(3)
    shown, turned = np.asarray(step(x, keys)), [2, 0, 1]
    assert shown.shape == (3, *SHAPES.get(name, (16, 24, 3))) and shown.dtype == np.float32
    assert shown.min() >= -1 and shown.max() <= 1
    np.testing.assert_allclose(step(x[turned], keys[jnp.array(turned)]), shown[turned], rtol=0, atol=1e-6)
    other = np.asarray(step(x, keys_of(3, seed=1)))
    assert (np.abs(other - shown).max() > 1e-3) == (name in DRAWN)
    same = np.asarray(step(np.broadcast_to(x[:1], x.shape), keys))
    assert (np.abs(same[1] - same[0]).max() > 1e-3) == (name in DRAWN)


def test_one_by_one_under_vmap_samples_are_those_of_the_batch():
    x, keys = uniform(3, 16, 24, 3), keys_of(3)
    for name in DRAWN:
        step = STEPS[name]
        alone = quick(jax.vmap(lambda x, key: step(x[None], key[None])[0]))(x, keys)  # noqa: B023
        np.testing.assert_allclose(alone, quick(step)(x, keys), rtol=0, atol=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_fewer_pixels_are_those_of_pillows_bicubic_filter(factor):
    picture, x = photograph(72, 96)
    small = (96 // factor, 72 // factor)
    of_one = lambda c: np.asarray(Image.fromarray(c.astype(np.float32)).resize(small, Image.Resampling.BICUBIC))
    theirs = np.stack([of_one(picture[..., c]) for c in range(3)], axis=-1).clip(0, 255)
    assert np.abs(scaled(quick(degrade.down(factor))(x, keys_of(1))) - theirs).max() < 0.01


def test_a_whole_number_may_be_written_as_a_fraction():
    x = uniform(1, 8, 12, 3)
    np.testing.assert_array_equal(degrade.down(2.0)(x, keys_of(1)), degrade.down(2)(x, keys_of(1)))
    np.testing.assert_array_equal(degrade.jpeg(50.0)(x, keys_of(1)), degrade.jpeg(50)(x, keys_of(1)))


def test_edges_that_the_filter_overshoots_are_cut_off():
    x = np.where(np.arange(16) < 8, -1, 1).astype(np.float32)[None, None, :, None] * np.ones((1, 16, 1, 1), np.float32)
    shown = np.asarray(degrade.down(2)(x, keys_of(1)))
    assert shown.min() == -1 and shown.max() == 1


@pytest.mark.parametrize("sigma", [0, 0.5, 2.0, 4.5])
def test_blur_is_that_of_scipy_with_mirrored_borders(sigma):
    x = uniform(2, 12, 20, 3)
    theirs = ndimage.gaussian_filter(x.astype(np.float64), (0, sigma, sigma, 0), mode="mirror", truncate=4)
    np.testing.assert_allclose(quick(degrade.blur(sigma))(x, keys_of(2)), theirs, rtol=0, atol=2e-6)


def test_noise_has_its_deviation_in_levels_of_a_file_and_is_cut_off():
    x = np.broadcast_to(np.array([0, -1], np.float32)[:, None, None, None], (2, 64, 64, 3))
    middle, black = np.asarray(quick(degrade.noise(25))(x, keys_of(2))) * 127.5
    np.testing.assert_allclose([middle.mean(), middle.std()], [0, 25], atol=1)
    np.testing.assert_allclose((black == -127.5).mean(), 0.5, atol=0.02)
    assert np.array_equal(degrade.noise(0)(x, keys_of(2)), x)


def test_grey_is_that_of_files():
    x = uniform(2, 8, 8, 3)
    np.testing.assert_allclose(degrade.grey()(x, keys_of(2)), resizing.as_channels(x, 1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(16, 16), (32, 48)], ids=str)
def test_boxes_are_rectangles_of_a_quarter_to_a_half_anywhere(size):
    x = np.ones((512, *size, 1), np.float32)
    shown = np.asarray(quick(degrade.holes("box"))(x, keys_of(512)))
    hole = shown[..., 1] < 0
    assert np.array_equal(shown[..., 0], np.where(hole, 0, 1)) and np.array_equal(np.abs(shown[..., 1]), x[..., 0])
    for axis, n in enumerate(size):
        line = hole.any(2 - axis)
        sides, first = line.sum(1), line.argmax(1)
        assert (np.diff(line.astype(int), axis=1) == 1).sum(1).max() == 1  # in one piece
        assert set(sides) == set(range(n // 4, n // 2 + 1))
        np.testing.assert_allclose(sides.mean(), 3 * n / 8, atol=0.03 * n)
        assert first.min() == 0 and (first + sides).max() == n
        np.testing.assert_allclose((first + sides / 2).mean(), n / 2, atol=0.03 * n)
    assert np.array_equal(hole, hole.any(2)[:, :, None] & hole.any(1)[:, None, :])


@pytest.mark.parametrize("size", [(8, 8), (64, 64), (24, 72)], ids=str)
def test_strokes_leave_something_and_take_something(size):
    x = uniform(600, *size, 3)
    shown = np.asarray(quick(degrade.holes())(x, keys_of(600)))
    hole = shown[..., 3] < 0
    share = hole.mean((1, 2))
    assert np.array_equal(shown[..., :3], np.where(hole[..., None], 0, x))
    assert set(np.unique(shown[..., 3])) == {-1, 1} and share.min() > 0 and share.max() <= 0.75
    if size == (64, 64):
        # of 2,000 masks of 256x256 by inpaint_ops.brush_stroke_mask of JiahuiYu/generative_inpainting, with two to five strokes
        np.testing.assert_allclose([share.mean(), share.std()], [0.2459, 0.0927], atol=0.02)
        means = hole.mean(0)
        np.testing.assert_allclose(means, means[::-1], atol=0.12)  # mirrored as often as not
        np.testing.assert_allclose(means, means[:, ::-1], atol=0.12)


@pytest.mark.parametrize("subsampled", [True, False])
def test_jpeg_is_that_of_pillow(subsampled):
    found = []
    for quality in (10, 30, 50, 75, 90):
        for picture, x in (photograph(64, 80), photograph(51, 77, "chelsea")):  # the second no multiple of a block
            theirs = through_a_file(picture, quality=quality, subsampling=2 if subsampled else 0)
            ours = scaled(quick(degrade.jpeg(quality, subsampled))(x, keys_of(1)))
            found.append(psnr(ours, theirs))
            assert found[-1] > 44 > 40 > psnr(picture, theirs)  # 45.1 is the least
    assert np.mean(found) > 53  # 54.1 and 56.4


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6, 40])
def test_colours_of_narrow_pictures_and_at_the_right_edge_are_those_of_pillow(width):
    for seed in range(4):
        picture = np.random.default_rng(seed).integers(0, 256, (12, width, 3)).astype(np.uint8)
        ours = scaled(quick(degrade.jpeg(95))(image.to_step(picture[None]).astype(np.float32), keys_of(1)))
        theirs = through_a_file(picture, quality=95, subsampling=2)
        assert psnr(ours[:, -4:], theirs[:, -4:]) > 42


@pytest.mark.parametrize("quality", [1, 10, 37, 50, 75, 90, 100])
def test_tables_of_jpeg_are_those_in_the_files_of_pillow(quality):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    theirs = Image.open(file).quantization
    for ours, name in zip(tables(quality), (0, 1), strict=True):
        assert np.array_equal(ours.ravel(), theirs[name])


def test_grey_jpeg_is_that_of_pillow():
    picture, x = photograph(64, 80)
    picture, x = picture[..., 1], x[..., 1:2]
    assert psnr(scaled(degrade.jpeg(40)(x, keys_of(1)))[..., 0], through_a_file(picture, quality=40)) > 45


def through_a_file(picture, **how):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", **how)
    return np.asarray(Image.open(file), np.float64)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a - b) ** 2.0))


def test_levels_are_those_that_come_back_from_a_file():
    x = np.linspace(-1, 1, 1001, dtype=np.float32).reshape(1, 7, 143, 1)
    assert np.array_equal(degrade.to_levels(x), image.to_step(jnp.asarray(image.to_file(x))))
    assert len(np.unique(degrade.to_levels(x))) == 256


def test_steps_of_a_chain_have_draws_of_their_own():
    noise = degrade.noise(20)
    x = np.zeros((1, 64, 64, 1), np.float32)
    twice = np.asarray(degrade.chain(noise, noise)(x, keys_of(1))) * 127.5
    np.testing.assert_allclose(twice.std(), 20 * 2**0.5, rtol=0.05)  # 40 were they the same


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: degrade.down(0), "factor is 0: give a whole number from 1 on"),
        (lambda: degrade.down(4)(uniform(1, 8, 10, 3), keys_of(1)), "images of 8x10 do not divide by 4: crop"),
        (lambda: degrade.noise(-1), "std is -1: give 0 or more, in units of 0 .. 255"),
        (lambda: degrade.blur(-1), "sigma is -1: give 0 or more"),
        (lambda: degrade.grey()(uniform(1, 8, 8, 1), keys_of(1)), r"images have 1 channel\(s\), and grey is made of 3"),
        (lambda: degrade.holes("boxes"), r"unknown kind of hole 'boxes': did you mean box"),
        (
            lambda: degrade.holes()(uniform(1, 8, 8, 4), keys_of(1)),
            "images have 4 channels, and holes are made in 1 or 3",
        ),
        (lambda: degrade.jpeg(0), r"quality is 0: give a whole number of 1 \.\. 100"),
        (lambda: degrade.jpeg(50)(uniform(1, 8, 8, 4), keys_of(1)), "images have 4 channels, and JPEG files 1 or 3"),
        (lambda: degrade.noise(1)(uniform(2, 8, 8, 3), keys_of(1)), "give a key for each image"),
    ],
)
def test_what_cannot_be_degraded_is_bad_input(build, said):
    with pytest.raises(BadInput, match=said):
        build()

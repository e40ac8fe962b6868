"""Augmentations against NumPy, SciPy and closed forms; what keys, p and devices may change, and what not."""

from itertools import product

import games
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import quick
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from scipy import ndimage

from jaxgan import augment, losses, models, noise, tasks
from jaxgan.augment.ada import GROUPS
from jaxgan.augment.affine import blits, geometry
from jaxgan.augment.bands import amplified, gains
from jaxgan.augment.color import color, colored, saturated, turned
from jaxgan.augment.corrupt import cut_out, noisy
from jaxgan.augment.warp import SYM6, copied, resampled
from jaxgan.core import init_state, make_step
from jaxgan.errors import BadInput
from jaxgan.net import Net
from jaxgan.sharing import sample_keys

ada = quick(augment.ada(GROUPS))
alone = {group: quick(augment.ada(group)) for group in GROUPS}


def uniform(seed, *shape):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def keys_of(rows, seed=0):
    return sample_keys(jax.random.key(seed), jnp.arange(rows))


def draws(draw, rows, *args):
    """What `draw` gives for many keys."""
    return jax.tree.map(np.asarray, quick(jax.vmap(lambda key: draw(key, *args)))(keys_of(rows)))


def matrix(linear, shift=(0, 0)):
    return np.block([[np.array(linear, float), np.array(shift, float)[:, None]], [np.array([[0.0, 0, 1]])]])


def executed(how, image, inverse):
    """One image at one inverse matrix."""
    return np.asarray(quick(how)(jnp.asarray(image)[None], jnp.asarray(inverse, jnp.float32)[None])[0])


# -- geometry


def test_sym6_is_orthonormal_to_its_even_shifts_and_blind_to_polynomials_at_half_the_frequency():
    n = np.arange(12)
    np.testing.assert_allclose([SYM6[2 * k :] @ SYM6[: 12 - 2 * k] for k in range(6)], np.eye(6)[0], atol=1e-11)
    np.testing.assert_allclose([((-1.0) ** n * (n / 11) ** k) @ SYM6 for k in range(6)], np.zeros(6), atol=1e-11)
    phase = np.unwrap(np.angle(np.exp(-0.5j * np.pi * np.outer(np.linspace(0, 1, 50), n)) @ SYM6))
    bend = phase - np.polyval(np.polyfit(np.arange(50), phase, 1), np.arange(50))
    assert (
        np.abs(bend).max() < 0.1
    )  # the one nearest to linear phase of four that have all this; the next bends by 0.12


@pytest.mark.parametrize("shape", [(6, 8, 3), (5, 4, 1)], ids=str)
def test_copied_pixels_are_those_of_numpy_bit_for_bit(shape):
    image = uniform(0, *shape)
    np.testing.assert_array_equal(executed(copied, image, matrix([[-1, 0], [0, 1]])), image[:, ::-1])
    for dy, dx in product((-9, -2, 0, 1, 7), (-11, 0, 3)):
        wide = np.pad(image, ((12, 12), (12, 12), (0, 0)), mode="reflect")
        shifted = wide[12 - dy : 12 - dy + shape[0], 12 - dx : 12 - dx + shape[1]]
        for part in (0, 0.4, -0.4):  # to the nearest pixel
            moved = executed(copied, image, matrix(np.eye(2), (part - dx, part - dy)))
            np.testing.assert_array_equal(moved, shifted)


def test_quarter_turns_of_a_square_are_those_of_numpy_bit_for_bit():
    image = uniform(0, 5, 5, 2)
    for turns, (cos, sin) in enumerate([(1, 0), (0, 1), (-1, 0), (0, -1)]):
        np.testing.assert_array_equal(
            executed(copied, image, matrix([[cos, -sin], [sin, cos]])), np.rot90(image, turns)
        )


def spin(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


WARPS = {
    "flip": matrix([[-1, 0], [0, 1]]),
    "rotation": matrix(spin(0.7)),
    "zoom_in": matrix(np.eye(2) / 1.3, (0.4, -0.6)),
    "all": matrix(spin(1.0) @ np.diag([1.2, 0.9]) @ spin(-2.0), (2.3, -1.7)),
    "far": matrix(spin(0.3) * 2.5, (41.3, -33.1)),
}


@pytest.mark.parametrize("name", list(WARPS)[:-1])
def test_resampling_is_exact_where_images_are_linear(name):
    height, width = 40, 46
    y, x = np.mgrid[:height, :width] - np.array([height - 1, width - 1])[:, None, None] / 2
    there = np.einsum("ij,jyx->iyx", WARPS[name], np.stack([x, y, np.ones_like(x)]))
    inside = (abs(there[0]) < width / 2 - 8) & (abs(there[1]) < height / 2 - 8)
    assert inside.sum() > 300
    ramp = lambda x, y: (0.02 * x + 0.03 * y)[..., None]
    ours = executed(resampled, ramp(x, y).astype(np.float32), WARPS[name])
    np.testing.assert_allclose(ours[inside], ramp(*there[:2])[inside], rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", WARPS)
def test_resampling_of_smooth_images_is_that_of_scipy_with_mirrored_borders(name):
    image = ndimage.gaussian_filter(uniform(1, 27, 22), 3.5, mode="mirror")
    image = image / np.abs(image).max()
    centre = (np.array(image.shape) - 1) / 2
    inverse = WARPS[name][[1, 0, 2]][:, [1, 0, 2]]  # SciPy's axes are (y, x)
    offset = centre + inverse[:2, 2] - inverse[:2, :2] @ centre
    theirs = ndimage.affine_transform(image, inverse[:2, :2], offset, order=5, mode="mirror")
    ours = executed(resampled, image[..., None], WARPS[name])[..., 0]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.02)


def test_blits_are_drawn_as_the_paper_says():
    inverses = draws(blits, 4096, 1.0, (16, 32))
    linear = inverses[:, :2, :2]
    assert set(np.unique(inverses)) <= set(range(-16, 17)) and len(np.unique(linear.reshape(-1, 4), axis=0)) == 8
    np.testing.assert_allclose(np.linalg.det(linear).mean(), 0, atol=0.06)  # a flip of two
    np.testing.assert_allclose((np.abs(linear[:, 0, 0]) == 0).mean(), 0.5, atol=0.04)  # turns one and three of four
    moves = -np.linalg.solve(linear, inverses[:, :2, 2:])[..., 0]  # (x, y)
    assert np.abs(moves).max(0).tolist() == [4, 2]
    half = draws(blits, 4096, 0.5, (16, 32))
    np.testing.assert_allclose((np.linalg.det(half[:, :2, :2]) < 0).mean(), 0.25, atol=0.03)


def test_geometry_is_drawn_as_the_paper_says():
    inverses = draws(geometry, 4096, 1.0, (16, 32))
    linear = np.linalg.inv(inverses[:, :2, :2])
    moves = -np.einsum("bij,bj->bi", linear, inverses[:, :2, 2])
    np.testing.assert_allclose(moves.std(0), [4, 2], rtol=0.05)
    zoom, stretch = np.log2(np.linalg.det(linear)) / 2, np.log2(np.linalg.svd(linear, compute_uv=False))
    np.testing.assert_allclose([zoom.mean(), zoom.std()], [0, 0.2], atol=0.01)
    np.testing.assert_allclose(np.std((stretch[:, 0] - stretch[:, 1]) * np.sign(moves[:, 0])), 0.4, rtol=0.05)
    for p in (0.3, 0.7):  # of all images p are rotated, though there are two rotations
        rotated = np.abs(draws(geometry, 4096, p, (16, 32))[:, 0, 1]) > 0
        np.testing.assert_allclose(rotated.mean(), p, atol=0.03)


# -- colour, octaves, corruption


def test_hue_and_saturation_are_those_of_the_grey_axis():
    np.testing.assert_allclose(turned(2 * np.pi), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(turned(2 * np.pi / 3), np.eye(3)[[2, 0, 1]], atol=1e-6)  # red, green, blue in turn
    np.testing.assert_allclose(turned(0.4) @ turned(0.5), turned(0.9), atol=1e-6)
    np.testing.assert_allclose(turned(1.1) @ turned(1.1).T, np.eye(3), atol=1e-6)
    x = uniform(0, 3)
    np.testing.assert_allclose(saturated(0.0) @ x, np.full(3, x.mean()), atol=1e-6)
    np.testing.assert_allclose(saturated(3.0) @ x, x.mean() + 3 * (x - x.mean()), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_colours_are_brightness_then_contrast_then_a_matrix(channels):
    images = uniform(0, 4, 3, 5, channels)
    drawn = draws(color, 4, 1.0, channels)
    ours = quick(colored)(images, *drawn)
    for image, own, mix, contrast, bright in zip(images, ours, *drawn, strict=True):
        np.testing.assert_allclose(own, (contrast * (image + bright)) @ mix.T, atol=1e-5)


def test_colours_are_drawn_as_the_paper_says():
    mix, contrast, bright = draws(color, 4096, 1.0, 3)
    np.testing.assert_allclose([bright.std(), np.log2(contrast).std()], [0.2, 0.5], rtol=0.05)
    grey = mix @ (np.ones(3) / np.sqrt(3))
    np.testing.assert_allclose(np.abs(grey), 1 / np.sqrt(3), atol=1e-5)  # greys stay grey, or are turned over
    np.testing.assert_allclose((grey[:, 0] < 0).mean(), 0.5, atol=0.03)
    chroma = np.linalg.norm(mix @ (np.array([1, -1, 0]) / np.sqrt(2)), axis=1)
    np.testing.assert_allclose([np.log2(chroma).mean(), np.log2(chroma).std()], [0, 1], atol=0.05)
    assert set(np.unique(draws(color, 64, 1.0, 1)[0])) == {-1.0, 1.0}


SYM2 = np.array([1 + 3**0.5, 3 + 3**0.5, 3 - 3**0.5, 1 - 3**0.5]) / (4 * 2**0.5)


def octaves(size):
    """Responses [4, period] of the octaves of a reflected signal, lowest first, by their definition."""
    frequency = 2 * np.pi * np.fft.fftfreq(2 * size - 2)
    low = lambda w: np.abs(np.exp(-1j * np.outer(w, np.arange(4))) @ SYM2) ** 2 / 2
    first, second, third = (low(k * frequency) for k in (1, 2, 4))
    return np.array([first * second * third, first * second * (1 - third), first * (1 - second), 1 - first])


@pytest.mark.parametrize("size", [(18, 11), (40, 5)], ids=str)
def test_octaves_are_those_of_fourier_on_the_reflected_image(size):
    images, gain = uniform(0, 2, *size, 3), np.abs(uniform(1, 2, 4)) * 2
    ours = quick(amplified)(images, gain)
    for image, own, strength in zip(images, ours, gain, strict=True):
        wide = np.pad(image, ((0, size[0] - 2), (0, size[1] - 2), (0, 0)), mode="reflect")
        rows, cols = (strength @ octaves(n) for n in size)
        theirs = np.fft.ifft2(np.fft.fft2(wide, axes=(0, 1)) * np.outer(rows, cols)[..., None], axes=(0, 1)).real
        np.testing.assert_allclose(own, theirs[: size[0], : size[1]], atol=2e-5)


def test_gains_keep_the_power_of_natural_images():
    drawn = draws(gains, 2048, 0.2)
    single = [np.sum(np.abs(row - np.median(row)) > 1e-5) == 1 for row in drawn]  # one octave was drawn, most likely
    power = drawn**2 @ (np.array([10, 1, 1, 1]) / 13)
    np.testing.assert_allclose(power[single], 1, rtol=1e-5)
    np.testing.assert_allclose(np.mean(single), 4 * 0.2 * 0.8**3, atol=0.04)
    np.testing.assert_allclose((drawn == 1).all(1).mean(), 0.8**4, atol=0.04)


def rectangle(hole):
    """(height, width) of the rectangle that a mask is; it touches the border where it is smaller than half a side."""
    rows, cols = hole.any(1), hole.any(0)
    np.testing.assert_array_equal(hole, np.outer(rows, cols))
    for line in (rows, cols):
        at = np.flatnonzero(line)
        assert len(at) and at[-1] - at[0] + 1 == len(at)
        assert len(at) == len(line) // 2 or at[0] == 0 or at[-1] == len(line) - 1
    return rows.sum(), cols.sum()


def check_holes(images, cut):
    holes = np.asarray(cut == 0).all(-1)
    np.testing.assert_array_equal(cut[~holes], images[~holes])
    sizes = np.array([rectangle(hole) for hole in holes])
    assert sizes.max(0).tolist() == [4, 6]
    np.testing.assert_allclose(sizes.mean(0), [3.5, 4.5 + 0.75], atol=0.4)


def test_cutout_is_half_of_each_side_around_any_point():
    images = uniform(0, 256, 8, 12, 2)
    check_holes(images, quick(jax.vmap(lambda x, key: cut_out(x, key, 1.0)))(images, keys_of(256)))
    check_holes(images, quick(augment.diff_augment("cutout"))(images, keys_of(256)))


def test_noise_is_normal_with_a_deviation_that_is_half_normal():
    images = uniform(0, 1024, 16, 16, 1)
    added = quick(jax.vmap(lambda x, key: noisy(x, key, 1.0)))(images, keys_of(1024)) - images
    deviations = np.asarray(added).std((1, 2, 3))
    np.testing.assert_allclose(np.sqrt(np.mean(deviations**2)), 0.1, rtol=0.08)
    np.testing.assert_allclose(deviations.mean(), 0.1 * np.sqrt(2 / np.pi), rtol=0.08)


# -- DiffAugment


@pytest.mark.parametrize(("name", "border"), [("translation", "constant"), ("shift", "reflect")])
def test_diff_augment_moves_by_whole_pixels_and_zeros_or_the_reflection_come_in(name, border):
    images = uniform(0, 256, 16, 8, 2)
    moved = np.asarray(quick(augment.diff_augment((name,)))(images, keys_of(256)))
    wide, found = np.pad(images, ((0, 0), (2, 2), (1, 1), (0, 0)), mode=border), []
    for i in range(256):
        shifts = [
            s for s in product(range(5), range(3)) if np.array_equal(wide[i, s[0] :][:16, s[1] :][:, :8], moved[i])
        ]
        found += shifts
    assert len(found) == 256 and len(set(found)) == 15
    np.testing.assert_allclose(np.mean(found, 0), [2, 1], atol=0.3)


def test_diff_augment_colours_by_brightness_saturation_and_contrast():
    images = uniform(0, 512, 4, 4, 3)
    ours = np.asarray(quick(augment.diff_augment("color"))(images, keys_of(512)), np.float64)
    grey = lambda x: x.mean(-1, keepdims=True)
    centred = lambda x: grey(x) - x.mean((1, 2, 3), keepdims=True)
    chroma = lambda x: x - grey(x)
    along = lambda part: np.sum(part(ours) * part(images), (1, 2, 3)) / np.sum(part(images) ** 2, (1, 2, 3))
    contrast, both, bright = along(centred), along(chroma), (ours - images).mean((1, 2, 3))
    expand = lambda x: x[:, None, None, None]
    theirs = images.mean((1, 2, 3), keepdims=True) + expand(bright)
    theirs = theirs + expand(contrast) * centred(images) + expand(both) * chroma(images)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for drawn, low, high in ((bright, -0.5, 0.5), (contrast, 0.5, 1.5), (both / contrast, 0, 2)):
        assert low - 1e-4 <= drawn.min() < low + 0.03 * (high - low)
        assert high - 0.03 * (high - low) < drawn.max() <= high + 1e-4
        np.testing.assert_allclose(drawn.mean(), (low + high) / 2, atol=0.05 * (high - low))
    corr = np.corrcoef([bright, contrast, both / contrast])
    assert np.abs(corr - np.eye(3)).max() < 0.15


# -- the laws of all


SHAPES = [(8, 8, 3), (7, 12, 1), (1, 3, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_without_probability_images_come_back(shape):
    images, keys = uniform(0, 8, *shape), keys_of(8)
    np.testing.assert_allclose(ada(images, keys, 0.0), images, rtol=0, atol=1e-5)
    assert np.isfinite(ada(images, keys, 1.0)).all()


def test_without_probability_images_come_back_bit_for_bit_where_none_is_resampled():
    images, keys = uniform(0, 8, 7, 4, 3), keys_of(8)
    np.testing.assert_array_equal(quick(augment.ada("bcfno"))(images, keys, 0.0), images)


CHANGED = {  # how often an image changes
    "g": lambda p: 1 - (1 - p) ** 4,  # two scales, a translation, and a rotation of two
    "c": lambda p: 1 - (1 - p) ** 4 * (1 - p / 2),
    "f": lambda p: 1 - (1 - p) ** 4,
    "n": lambda p: p,
    "o": lambda p: p,
}


@pytest.mark.parametrize("group", CHANGED)
def test_every_image_changes_with_certainty_and_a_share_of_them_below(group):
    images = np.broadcast_to(uniform(0, 6, 6, 3), (256, 6, 6, 3))
    changed = lambda p: np.abs(alone[group](images, keys_of(256), p) - images).max((1, 2, 3)) > 1e-4
    assert changed(1.0).all()
    assert len(np.unique(alone[group](images, keys_of(256), 1.0), axis=0)) > (20 if group == "o" else 255)
    few, more = changed(0.1), changed(0.3)
    np.testing.assert_allclose([few.mean(), more.mean()], [CHANGED[group](0.1), CHANGED[group](0.3)], atol=0.08)
    assert not (few & ~more).any()


def test_blits_come_before_the_general_transformations_in_one_look_up():
    y, x = np.mgrid[:48, :48] - 23.5
    blob = np.exp(-((x - 3) ** 2) / 8 - (y + 2) ** 2 / 18 - x * y / 30).astype(np.float32)
    images, keys = np.broadcast_to(blob[..., None], (32, 48, 48, 1)), keys_of(32)
    ours = quick(augment.ada("bg"))(images, keys, 0.7)
    apart = lambda theirs: np.abs(ours - theirs).max((1, 2, 3))
    same = apart(alone["g"](alone["b"](images, keys, 0.7), keys, 0.7)) < 0.02
    assert same.sum() > 20  # of 32; else the blob has met the border, where one look-up sees another reflection
    for other in (alone["b"](alone["g"](images, keys, 0.7), keys, 0.7), alone["g"](images, keys, 0.7)):
        assert (apart(other) > 0.2).sum() > 16


@pytest.mark.parametrize("letter", GROUPS)
def test_a_number_behind_a_group_multiplies_its_probability(letter):
    images, keys = uniform(0, 32, 8, 8, 3), keys_of(32)
    half = quick(augment.ada(f"{letter}.5"))
    np.testing.assert_array_equal(half(images, keys, 0.8), alone[letter](images, keys, 0.4))
    assert np.abs(half(images, keys, 0.8) - alone[letter](images, keys, 0.8)).max() > 0.1


def test_groups_draw_the_same_alone_and_together():
    images, keys = uniform(0, 256, 6, 6, 3), keys_of(256)
    apart = images
    for group in "gcfno":
        apart = alone[group](apart, keys, 0.7)
    together = quick(augment.ada("gcfno"))(images, keys, 0.7)
    np.testing.assert_allclose(together, apart, atol=1e-5)


def test_derivatives_of_ada_scatter_where_pixels_are_looked_up_and_nowhere_else():
    transform, keys = augment.ada("bgcno"), jax.random.split(jax.random.key(0), 4)
    slope = jax.jit(jax.grad(lambda x: jnp.sum(transform(x, keys, 0.5) ** 2)))
    lowered = slope.trace(jax.ShapeDtypeStruct((4, 16, 16, 3), jnp.float32)).lower(lowering_platforms=("cuda",))
    text = lowered.as_text()
    assert text.count('"stablehlo.scatter"') == 1 and text.count("stablehlo.dot_general") == 0


def test_blits_leak_nothing_below_certainty():
    """The mean over keys is the operator of the paper's section 2.2, which is invertible for p < 1."""
    p, image = 0.6, uniform(0, 8, 8, 1)
    flip, turn = lambda x: x[:, ::-1], np.rot90
    shift = lambda x, dy, dx: np.pad(x, ((1, 1), (1, 1), (0, 0)), mode="reflect")[1 - dy : 9 - dy, 1 - dx : 9 - dx]
    share = {-1: 0.25, 0: 0.5, 1: 0.25}  # of rounded U(-1, 1)

    def mean(x):
        x = (1 - p) * x + p * (x + flip(x)) / 2
        x = (1 - p) * x + p * sum(turn(x, k) for k in range(4)) / 4
        return (1 - p) * x + p * sum(share[i] * share[j] * shift(x, i, j) for i in share for j in share)

    many = quick(augment.ada("b"))(jnp.broadcast_to(image, (16384, 8, 8, 1)), keys_of(16384), p)
    np.testing.assert_allclose(np.mean(many, 0), mean(image), atol=0.025)
    operator = np.stack([mean(unit.reshape(8, 8, 1)).ravel() for unit in np.eye(64)])
    assert np.abs(np.linalg.eigvals(operator)).min() > 0.02


def test_colours_leak_nothing_below_certainty():
    p, contrast, saturation = 0.6, np.exp((0.5 * np.log(2)) ** 2 / 2), np.exp(np.log(2) ** 2 / 2)
    image = uniform(0, 4, 4, 3)
    grey = image.mean(-1, keepdims=True)
    kept = (1 - p) * (1 + p * (contrast - 1))  # a luma flip, or a hue, drawn evenly leaves nothing of what it changes
    mean = kept * grey + kept * (1 + p * (saturation - 1)) * (image - grey)
    many = quick(augment.ada("c"))(jnp.broadcast_to(image, (16384, 4, 4, 3)), keys_of(16384), p)
    np.testing.assert_allclose(np.mean(many, 0), mean, atol=0.04)


@pytest.mark.parametrize("name", ["ada", "diff_augment"])
def test_derivatives_are_finite_differences(name):
    with jax.enable_x64(True):
        x, way, other = (jnp.asarray(uniform(i, 2, 5, 6, 3), jnp.float64) for i in range(3))
        keys = keys_of(2)
        one = augment.diff_augment() if name == "diff_augment" else lambda x, keys: augment.ada(GROUPS)(x, keys, 1.0)
        scalar = lambda x: jnp.sum(jnp.sin(3 * one(x, keys)))

        def slope(x):
            value, gradient = jax.value_and_grad(scalar)(x)
            return jnp.vdot(gradient, way), value

        @quick
        def both(x):
            (first, value), gradient = jax.value_and_grad(slope, has_aux=True)(x)
            return value, first, jnp.vdot(gradient, other)

        step = 1e-6
        _, first, second = both(x)
        differ = lambda way, i: (both(x + step * way)[i] - both(x - step * way)[i]) / (2 * step)
        np.testing.assert_allclose(first, differ(way, 0), rtol=1e-6)
        np.testing.assert_allclose(second, differ(other, 1), rtol=1e-6)
        assert abs(first) > 0.1 and abs(second) > 0.1


def test_a_sample_is_augmented_by_its_own_key_alone():
    images, keys, turn = uniform(0, 8, 8, 8, 3), keys_of(8), np.arange(8)[::-1]
    whole = ada(images, keys, 0.8)
    np.testing.assert_allclose(ada(images[turn], keys[turn], 0.8), whole[turn], atol=1e-6)
    assert len({float(x) for x in np.abs(whole - images).mean((1, 2, 3))}) == 8
    stacked = quick(jax.vmap(augment.ada(GROUPS), (None, None, 0)))(images, keys, jnp.array([0.0, 0.8]))
    np.testing.assert_allclose(stacked[1], whole, atol=1e-6)


@pytest.mark.parametrize("name", ["ada", "diff_augment"])
def test_devices_change_nothing_and_send_each_other_no_images(name):
    images, keys = uniform(0, 8, 8, 8, 3), keys_of(8)
    one = augment.diff_augment() if name == "diff_augment" else lambda x, keys: augment.ada(GROUPS)(x, keys, 0.8)
    both = lambda x, keys: jax.value_and_grad(lambda x: jnp.sum(one(x, keys) ** 2))(x)[1]
    where = NamedSharding(jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,)), PartitionSpec("data"))
    shared = quick(both).lower(*jax.device_put((images, keys), where)).compile()
    ours = shared(*jax.device_put((images, keys), where))
    np.testing.assert_allclose(ours, quick(both)(images, keys), rtol=1e-5, atol=1e-5)
    assert not any(word in shared.as_text() for word in ("all-gather", "all-reduce", "all-to-all", "permute("))


def test_images_keep_their_type():
    images = jnp.asarray(uniform(0, 2, 4, 4, 3), jnp.bfloat16)
    assert jax.eval_shape(augment.ada(GROUPS), images, keys_of(2), 0.5).dtype == jnp.bfloat16
    assert jax.eval_shape(augment.diff_augment(), images, keys_of(2)).dtype == jnp.bfloat16


def test_what_cannot_be_augmented_is_bad_input():
    keys = keys_of(2)
    with pytest.raises(BadInput, match=r"2 channels: ada takes 1 or 3, diff_augment any"):
        augment.ada()(jnp.zeros((2, 4, 4, 2)), keys, 0.5)
    with pytest.raises(BadInput, match=r"uint8\[2, 4, 4, 3\].*floats \[B, H, W, C\]"):
        augment.diff_augment()(jnp.zeros((2, 4, 4, 3), jnp.uint8), keys)
    with pytest.raises(BadInput, match=r"3 images and keys key<fry>\[2\].*sample_keys"):
        augment.diff_augment()(jnp.zeros((3, 4, 4, 3)), keys)
    with pytest.raises(BadInput, match=r"unknown group of ada 'z'.*b, c, f, g, n, o"):
        augment.ada("bz")
    with pytest.raises(BadInput, match=r"unknown policy 'colour'.*color"):
        augment.diff_augment(("colour",))


# -- the controller and D


def test_p_moves_by_the_images_seen_towards_the_target():
    moved = lambda p, signs, count, **said: float(augment.ada_update(p, signs, count, images=2000, **said))
    np.testing.assert_allclose(moved(0.5, 70.0, 100), 0.5 + 2000 / 500_000, rtol=1e-6)
    np.testing.assert_allclose(moved(0.5, 50.0, 100, per=100_000), 0.5 - 2000 / 100_000, rtol=1e-6)
    np.testing.assert_allclose(moved(0.5, 50.0, 100, target=0.4), 0.504, rtol=1e-6)
    assert moved(0.001, -5.0, 10) == 0 and moved(0.999, 10.0, 10) == 1
    assert moved(0.25, 0.0, 0) == 0.25


def test_memory_follows_the_logits_of_real_images():
    logits = np.random.default_rng(0).normal(1.0, 1.0, (40, 6)).astype(np.float32)
    step = quick(lambda memory, logits: augment.watched(memory, {"a": logits}, images=60, per=1000))
    memory, p, seen = augment.AdaState.start(0.1), 0.1, []
    for i, batch in enumerate(logits):
        if i and i % 4 == 0:
            p = min(max(p + np.sign(np.mean(seen) - 0.6) * 240 / 1000, 0), 1)
            seen = []
        seen += np.sign(batch).tolist()
        memory = step(memory, batch)
        np.testing.assert_allclose(memory.p, p, atol=1e-6)
        np.testing.assert_allclose(memory.signs, sum(seen) / 6, atol=1e-6)
        assert int(memory.batches) == len(seen) / 6
    assert all(isinstance(leaf, jax.Array) for leaf in memory)


SUMS = Net(  # a D that says how much of everything it sees
    lambda key, images: {"params": {"w": jnp.ones(images.shape[1:])}},
    lambda variables, images, key=None, train=True: (jnp.sum(images * variables["params"]["w"][None], (1, 2, 3)), {}),
)


def test_an_augmented_discriminator_sees_other_images_in_training_alone():
    images, key = uniform(0, 8, 6, 6, 3), jax.random.key(1)
    net = augment.augmented(SUMS, augment.ada(), adaptive=True)
    with_p = lambda p: {**net.init(jax.random.key(0), images), "trackers": {"ada": augment.AdaState.start(p)}}
    variables = with_p(0.9)
    train = quick(lambda variables, key: net.apply(variables, images, key=key)[0])
    plain = images.sum((1, 2, 3))
    np.testing.assert_allclose(net.apply(variables, images, train=False)[0], plain, rtol=1e-5, atol=1e-5)
    seen = train(variables, key)
    assert (np.abs(seen - plain) > 1e-3).all()
    assert (np.abs(train(variables, jax.random.key(2)) - seen) > 1e-3).all()
    np.testing.assert_allclose(train(with_p(0.0), key), plain, rtol=1e-5, atol=1e-5)
    with pytest.raises(BadInput, match="no controller"):
        net.apply(SUMS.init(key, images), images, key=key)
    with pytest.raises(BadInput, match=r"key=None in training.*train=False"):
        net.apply(variables, images)


def test_an_augmented_discriminator_gives_every_place_in_the_global_batch_its_own_key():
    images, key = uniform(0, 8, 6, 6, 3), jax.random.key(1)
    net = lambda axis: augment.augmented(SUMS, augment.diff_augment(), axis_name=axis)
    variables = SUMS.init(key, images)
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    specs = {"in_specs": PartitionSpec("data"), "out_specs": PartitionSpec("data")}
    local = jax.shard_map(lambda x: net("data").apply(variables, x, key=key)[0], mesh=mesh, **specs)
    whole = quick(lambda x: net(None).apply(variables, x, key=key)[0])(images)
    np.testing.assert_allclose(quick(local)(images), whole, rtol=1e-5, atol=1e-5)


def test_the_controller_moves_p_as_a_game_goes_on():
    d = augment.augmented(models.mlp.discriminator((8,)), augment.ada("bgc"), adaptive=True)
    g = models.mlp.generator((8, 8, 1), (8,))
    steer = augment.controller(start=0.5, per=100, every=2)
    gan = tasks.adversarial(g, d, noise=noise.uniform(4), penalties=(losses.r1(1.0),), trackers=(steer,))
    batch, opt = games.batch(rows=4), games.sgd()
    state, step, seen = init_state(gan, opt, jax.random.key(0), batch), quick(make_step(gan, opt)), []
    for _ in range(4):
        before = state.d.stats["trackers"]["ada"]
        state, metrics = step(state, batch)
        seen.append(float(metrics.d["augment_p"]))
        assert all(np.isfinite(leaf) for leaf in jax.tree.leaves(metrics)) and metrics.d["penalty"] > 0
        if before.batches >= 2:  # D of one step says nothing sure of real images: r_t is below 0.6
            np.testing.assert_allclose(
                state.d.stats["trackers"]["ada"].p,
                before.p + np.sign(before.signs - 0.6 * before.batches) * 8 / 100,
                atol=1e-6,
            )
    assert seen[0] == 0.5 and seen[-1] != 0.5

"""Metrics: known answers, laws, independent implementations, and errors that say what to do."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import linalg, ndimage, spatial
from sklearn.metrics import pairwise_distances

from jaxgan import BadInput, data, metrics
from jaxgan.data.sources.points import RING
from jaxgan.metrics.protocol import Protocol
from jaxgan.metrics.records import EvalContext, cs, record
from jaxgan.metrics.records import memorised as memorised_record

DRAW = np.random.default_rng(0)
REAL = DRAW.standard_normal((700, 8)).astype(np.float32)
FAKE = (0.8 * DRAW.standard_normal((600, 8)) + 0.3).astype(np.float32)
EMPTY = np.zeros((0, 16, 16, 3))


def scipy_frechet(real, fake):
    a, b = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    cross = linalg.sqrtm(a @ b)
    return np.sum((real.mean(0) - fake.mean(0)) ** 2) + np.trace(a + b - 2 * np.real(cross))


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_frechet_distance_is_that_of_scipy(offset):
    expected = scipy_frechet(REAL.astype(np.float64), FAKE.astype(np.float64))
    assert metrics.frechet_distance(REAL + np.float32(offset), FAKE + np.float32(offset)) == pytest.approx(
        expected, rel=1e-4
    )
    assert metrics.frechet_distance(FAKE, REAL) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_of_known_gaussians():
    exact = lambda mean, std: metrics.Moments(2, np.array(mean, float), np.diag(np.square(np.array(std, float))))
    found = metrics.frechet_from(exact([0, 0], [1, 2]), exact([3, 4], [2, 0]))
    assert found == pytest.approx(25 + 1 + 4)  # (1 - 2)^2 + (2 - 0)^2
    assert metrics.frechet_from(exact([1, 2], [1, 2]), exact([1, 2], [1, 2])) == pytest.approx(0, abs=1e-12)


def test_frechet_distance_of_singular_covariances_is_finite_and_warned_of():
    flat = np.concatenate([REAL[:, :4], REAL[:, :4]], axis=1)
    assert metrics.frechet_distance(flat, flat) == pytest.approx(0, abs=1e-6)
    assert metrics.frechet_distance(np.ones((30, 8)), np.zeros((30, 8))) == pytest.approx(8, rel=1e-6)
    with pytest.warns(UserWarning, match="real has 5 samples in 8 dimensions"):
        found = metrics.frechet_distance(REAL[:5], FAKE)
    assert found == pytest.approx(scipy_frechet(REAL[:5].astype(float), FAKE.astype(float)), rel=1e-3)


def test_moments_on_the_device_are_those_on_the_host(monkeypatch):
    large = DRAW.normal(3, 1, (9000, 5)).astype(np.float32)
    host = metrics.moments(large)
    monkeypatch.setattr("jaxgan.metrics.frechet._HOST", 0)
    device = metrics.moments(large)
    assert device.count == host.count == 9000
    np.testing.assert_allclose(device.mean, host.mean, rtol=1e-6)
    np.testing.assert_allclose(device.scatter, host.scatter, rtol=1e-5, atol=1e-2)


def test_merged_moments_are_those_of_the_whole():
    large = DRAW.standard_normal((9000, 3)).astype(np.float32) * [1, 10, 0.1] + [50, 0, 3]
    whole = metrics.moments(large)
    parts = [metrics.moments(large[a:b]) for a, b in ((0, 2), (2, 4000), (4000, 9000))]
    merged = metrics.merge(metrics.merge(parts[2], parts[0]), parts[1])
    for x in (whole, merged):
        np.testing.assert_allclose(x.mean, large.mean(0), rtol=1e-5)
        np.testing.assert_allclose(x.covariance, np.cov(large.astype(float), rowvar=False), rtol=1e-4, atol=1e-4)
    assert merged.count == 9000


def test_intra_class_frechet_looks_within_classes():
    label = np.arange(700) % 2
    shifted = REAL + 5 * label[:, None]
    mean, each = metrics.intra_class_frechet(shifted, label, shifted, label)
    assert mean < 1e-3 and set(each) == {0, 1}
    mixed, _ = metrics.intra_class_frechet(shifted, label, shifted, 1 - label)
    assert mixed > 100 > metrics.frechet_distance(shifted, shifted)
    with pytest.raises(BadInput, match="class 1 is in only one"):
        metrics.intra_class_frechet(REAL, label, FAKE, np.zeros(600, int))


def brute_kid(real, fake):
    kernel = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3
    within = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    return within(kernel(real, real)) + within(kernel(fake, fake)) - 2 * kernel(real, fake).mean()


def test_kernel_distance_is_the_unbiased_one():
    real, fake = REAL[:600].astype(float), FAKE.astype(float)
    mean, std = metrics.kernel_distance(real, fake)  # every subset is the whole
    assert mean == pytest.approx(brute_kid(real, fake), rel=1e-4) and std < 1e-4 * abs(mean) + 1e-6
    mean, std = metrics.kernel_distance(REAL, FAKE, size=100)
    assert std > 0 and abs(mean - brute_kid(real, fake)) < 5 * std / 10
    same = [metrics.kernel_distance(REAL, DRAW.standard_normal((700, 8)), size=100, seed=s)[0] for s in range(5)]
    assert min(same) < 0 < max(same) + 0.02  # around zero, below it too
    assert metrics.kernel_distance(REAL, FAKE, size=100) == metrics.kernel_distance(REAL, FAKE, size=100)


@pytest.mark.parametrize("far", [100, 1e8])
def test_kernel_distance_holds_far_from_zero(far):
    draw = np.random.default_rng(0)
    real, fake = ((draw.standard_normal((200, 64)) + far).astype(np.float32) for _ in range(2))
    mean, _ = metrics.kernel_distance(real, fake, subsets=1)
    size = np.mean(np.sum(np.square(real, dtype=float), 1) / 64) ** 3  # of what is subtracted
    assert mean == pytest.approx(brute_kid(real.astype(float), fake.astype(float)), abs=1e-13 * size)


def test_mmd_of_a_gaussian_kernel():
    kernel = lambda a, b: np.exp(-(pairwise_distances(a, b) ** 2) / 8)
    within = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    expected = within(kernel(REAL, REAL)) + within(kernel(FAKE, FAKE)) - 2 * kernel(REAL, FAKE).mean()
    assert metrics.mmd(REAL + 100, FAKE + 100, bandwidth=2.0) == pytest.approx(expected, rel=1e-3)
    assert abs(metrics.mmd(REAL, DRAW.standard_normal((700, 8)))) < 0.01 < metrics.mmd(REAL, FAKE)


def test_mmd_measures_by_the_real_rows_alone():
    draw = np.random.default_rng(0)
    real, fake = draw.standard_normal((2, 1200, 2)).astype(np.float32)
    further = [metrics.mmd(real, fake + np.float32(by)) for by in (0.3, 1, 3, 10, 30)]
    assert further == sorted(further)
    wider = [metrics.mmd(real, fake * np.float32(by)) for by in (1.5, 3, 6, 12)]
    assert wider == sorted(wider)  # a G that diverges
    median = np.median(pairwise_distances(real.astype(float))[np.triu_indices(len(real), 1)])
    assert metrics.mmd(real, fake + 1) == pytest.approx(metrics.mmd(real, fake + 1, bandwidth=median), rel=1e-6)


def test_mmd_is_the_same_in_any_order_of_the_rows():
    draw = np.random.default_rng(0)
    real, fake = (draw.standard_normal((1200, 2)) + 5 * (np.arange(1200) // 400)[:, None] for _ in range(2))  # by class
    shuffled = draw.permutation(1200)
    assert metrics.mmd(real[shuffled], fake[shuffled] + 1) == pytest.approx(metrics.mmd(real, fake + 1), rel=1e-9)


def test_mmd_holds_where_the_sets_are_far_apart():
    draw = np.random.default_rng(0)
    real, fake = np.float32(1e4) + draw.standard_normal((2, 300, 2)).astype(np.float32)
    far = fake + np.float32([3e6, 0])
    square = lambda x: np.sum((x.astype(float)[:, None] - x) ** 2, axis=-1)
    exact = lambda x: np.mean(np.exp(-square(x) / 2)[~np.eye(len(x), dtype=bool)])
    assert metrics.mmd(real, far, bandwidth=1.0) == pytest.approx(exact(real) + exact(far), rel=1e-6)


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr("jaxgan.metrics.neighbours._ROWS", 64)
    monkeypatch.setattr("jaxgan.metrics.neighbours._COLUMNS", 100)


def test_nearest_neighbours_in_tiles_are_those_of_the_whole(small_tiles):
    distances, indices = metrics.nearest(FAKE + 30, REAL + 30, 4)
    every = pairwise_distances(FAKE.astype(float), REAL.astype(float))
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :4], rtol=1e-4)
    np.testing.assert_array_equal(indices[:, 0], every.argmin(axis=1))
    own, index = metrics.nearest(REAL + 1000, REAL + 1000)
    assert (own == 0).all() and (index[:, 0] == np.arange(700)).all()


def brute_prdc(real, fake, k, distances=pairwise_distances):
    radius = lambda x: np.sort(distances(x, x), axis=1)[:, k]
    across = distances(real, fake)
    in_real = across <= radius(real)[:, None]
    in_fake = across <= radius(fake)[None]
    return in_real.any(0).mean(), in_fake.any(1).mean(), in_real.sum(0).mean() / k, in_real.any(1).mean()


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("shift", [0.0, 1.5, 100.0])
def test_precision_recall_density_coverage_are_those_by_hand(k, shift, small_tiles):
    fake = FAKE[:333] + np.float32(shift)
    found = *metrics.precision_recall(REAL, fake, k), *metrics.density_coverage(REAL, fake, k)
    np.testing.assert_allclose(found, brute_prdc(REAL.astype(float), fake.astype(float), k), atol=2e-3)


@pytest.mark.parametrize("many", [1 / 64, 2.0])  # by products in float64, and by differences
@pytest.mark.parametrize("kind", ["clusters", "ring", "table", "lattice"])
def test_neighbours_that_are_near_beside_the_spread_of_the_set_are_exact(kind, many, small_tiles, monkeypatch):
    monkeypatch.setattr("jaxgan.metrics.neighbours._MANY", many)
    draw = np.random.default_rng(0)

    def points(count):
        x = draw.standard_normal((count, 3))
        far = draw.integers(0, 8, count) / 4 * np.pi
        return {
            "clusters": 0.1 * x + 3000.0 * (draw.integers(0, 2, (count, 1))),
            "ring": np.stack([np.cos(far), np.sin(far)], axis=1) + 3e-4 * x[:, :2],
            "table": x + draw.choice([2e4, 5e4, 9e4], count)[:, None] * [1.0, 0.0, 0.0],
            "lattice": np.rint(3 * x),  # many lie on the surface of a ball, and in it
        }[kind].astype(np.float32)

    real, fake = points(700), points(333)
    found = *metrics.precision_recall(real, fake), *metrics.density_coverage(real, fake)
    every = lambda a, b: spatial.distance.cdist(a.astype(float), b.astype(float)).astype(np.float32)
    hand = [*brute_prdc(real, fake, 3, every)[:2], *brute_prdc(real, fake, 5, every)[2:]]
    np.testing.assert_allclose(found, hand, atol=1e-9)
    assert metrics.memorised(real, real[:200]) == 1
    np.testing.assert_array_equal(metrics.nearest(fake, real, 4)[0], np.sort(every(fake, real), axis=1)[:, :4])
    far = np.float32(1e20) * real  # whose squares no float32 holds
    assert (metrics.nearest(far, far)[0] == 0).all()


def test_equal_collapsed_and_disjoint_sets():
    assert metrics.precision_recall(REAL, REAL) == (1, 1)
    density, coverage = metrics.density_coverage(REAL, REAL)
    assert coverage == 1 and 0.8 < density < 1.4
    collapsed = np.repeat(REAL[:1], 50, axis=0)
    assert metrics.precision_recall(REAL, collapsed) == (1, pytest.approx(1 / 700))
    assert metrics.density_coverage(REAL, collapsed)[1] < 0.05
    assert metrics.precision_recall(REAL, FAKE + 100) == (0, 0)
    assert metrics.density_coverage(REAL, FAKE + 100) == (0, 0)


def test_copies_lie_in_balls_of_no_radius():
    few = 30 * DRAW.standard_normal((20, 256))
    copies = np.repeat(few, 6, axis=0)  # every third neighbour is a copy too
    assert metrics.precision_recall(copies, few.repeat(5, axis=0)) == (1, 1)
    assert metrics.density_coverage(copies, few.repeat(5, axis=0))[1] == 1
    assert metrics.precision_recall(copies, copies + 0.5)[0] == 0


def test_metrics_do_not_depend_on_the_order():
    order = DRAW.permutation(700)
    for metric in (metrics.frechet_distance, metrics.precision_recall, metrics.density_coverage):
        np.testing.assert_allclose(metric(REAL[order], FAKE), metric(REAL, FAKE), rtol=1e-5)


def test_the_score_that_is_called_is_is_the_mean_of_ten_parts():
    logits = np.random.default_rng(0).normal(size=(200, 5)) * 3
    seen = SimpleNamespace(logits=logits, features=logits)
    for net, parts in (("inception-tf", 10), ("classifier-digits", 1)):
        context = EvalContext(Protocol("cs", 200, net, "ab"), classes=tuple("abcde"))
        value = cs.measure(context, None, seen)["cs"]
        assert value.value == pytest.approx(metrics.inception_score(logits, parts))
        assert (value.std is None) == (parts == 1)
    assert metrics.inception_score(logits, 10) < metrics.inception_score(logits) - 0.01


def test_inception_score_is_between_one_and_the_classes():
    assert metrics.inception_score(np.zeros((50, 10))) == pytest.approx(1)
    assert metrics.inception_score(1000 * np.eye(10)[np.arange(50) % 10]) == pytest.approx(10)
    assert metrics.inception_score(1000 * np.eye(10)[np.arange(50) // 5], splits=10) == pytest.approx(1)
    logits = DRAW.standard_normal((40, 5)) * 3
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = np.exp((p * np.log(p / p.mean(0))).sum(1).mean())
    assert metrics.inception_score(logits + 7) == pytest.approx(expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_image_metrics_are_those_of_scikit_image(channels, kind):
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    real = ndimage.gaussian_filter(DRAW.uniform(0, 255, (3, 32, 40, channels)), (0, 1, 1, 0))
    fake = real + DRAW.normal(0, 8, real.shape)
    real, fake = (np.clip(x, 0, 255).astype(np.uint8) for x in (real, fake))
    if kind == np.float32:
        real, fake = (x.astype(np.float32) / 127.5 - 1 for x in (real, fake))
    span = 255 if kind == np.uint8 else 2
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    lift = 0 if kind == np.uint8 else 1  # its luminance is that of values from 0 on
    expected = np.mean(
        [structural_similarity(a + lift, b + lift, data_range=span, **options) for a, b in zip(fake, real, strict=True)]
    )
    assert metrics.ssim(fake, real) == pytest.approx(expected, abs=1e-4)
    peak = np.mean([peak_signal_noise_ratio(b, a, data_range=span) for a, b in zip(fake, real, strict=True)])
    assert metrics.psnr(fake, real) == pytest.approx(peak, rel=1e-4)
    assert metrics.l1(fake, real) == pytest.approx(np.abs(fake.astype(float) - real).mean() / span, rel=1e-4)
    assert metrics.ssim(real, real) == pytest.approx(1, abs=1e-5) and metrics.psnr(real, real) == np.inf


def test_masks():
    real = np.array([[0, 0, 1], [1, 2, 2]])
    fake = np.array([[0, 1, 1], [1, 2, 0]])
    assert metrics.pixel_accuracy(fake, real) == pytest.approx(4 / 6)
    assert metrics.mean_iou(fake, real, 4) == pytest.approx(np.mean([1 / 3, 2 / 3, 1 / 2]))  # class 3 does not occur
    assert metrics.mean_iou(fake, real, 3, ignore=2) == pytest.approx(np.mean([1 / 2, 2 / 3]))
    ignored = np.array([[0, 1, 2, 0]]), np.array([[0, 1, 2, 1]])  # of class 2 nothing is asked, and G says it once
    assert metrics.mean_iou(np.array([[0, 1, 2, 2]]), ignored[1], 3, ignore=2) == pytest.approx(np.mean([1, 1 / 2]))
    assert metrics.mean_iou(*ignored, 3, ignore=2) == pytest.approx(np.mean([1 / 2, 1 / 2]))
    assert metrics.mean_iou(*ignored, 3, ignore=255) == metrics.mean_iou(*ignored, 3) == pytest.approx(2 / 3)
    assert metrics.pixel_accuracy(np.array([[0, 1, 2, 2]]), ignored[1], ignore=2) == pytest.approx(2 / 3)
    from sklearn.metrics import jaccard_score

    one, other = DRAW.integers(0, 5, (2, 4, 9, 9))
    expected = jaccard_score(other.ravel(), one.ravel(), average="macro")
    assert metrics.mean_iou(one, other, 5) == pytest.approx(expected)


def test_modes_of_a_ring():
    ring = data.load("ring")["image"]
    found = metrics.modes(ring, RING.centres, RING.std)
    assert (
        found.found == 8 and 0.98 < found.good < 0.995 and found.reverse_kl < 1e-3
    )  # Rayleigh: 1 - exp(-9 / 2) is 0.989
    np.testing.assert_allclose(found.spread, 1, atol=0.06)
    half = metrics.modes(np.concatenate([RING.centres[:4]] * 5), RING.centres, RING.std)
    assert half.found == 4 and half.good == 1 and half.reverse_kl == pytest.approx(np.log(2)) and half.spread[0] == 0
    none = metrics.modes(np.full((9, 2), 7.0), RING.centres, RING.std)
    assert none.found == 0 and none.good == 0 and none.reverse_kl == np.inf


def test_label_modes():
    assert metrics.label_modes(np.arange(1000), 1000) == (1000, pytest.approx(0))
    found, kl = metrics.label_modes(np.array([0, 0, 0, 1]), 4)
    assert found == 2 and kl == pytest.approx(0.75 * np.log(3) + 0.25 * np.log(1))
    assert metrics.label_modes(np.array([0, 0, 0, 1]), 2, [0.75, 0.25]) == (2, pytest.approx(0))
    assert metrics.label_modes(np.array([0, 1]), 2, [1, 0])[1] == np.inf


def test_path_length_trims_its_tails():
    here = np.zeros((1000, 3))
    there = here + 1e-4 * np.array([2.0, 0, 0])
    there[0] = 1e9
    assert metrics.path_length(here, there) == pytest.approx(4)
    assert metrics.pairwise_distance(np.array([[0.0, 0], [3, 4], [0, 0]])) == pytest.approx(10 / 3)
    assert metrics.pairwise_distance(np.ones((5, 2))) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: metrics.frechet_distance(REAL, FAKE[:, :5]), "8 dimensions and fake 5"),
        (lambda: metrics.frechet_distance(REAL[:1], FAKE), "real has 1 rows, and 2"),
        (
            lambda: metrics.kernel_distance(REAL, np.where(FAKE > 2, np.nan, FAKE)),
            r"fake has \d+ rows of 600.*not finite",
        ),
        (lambda: metrics.frechet_distance(REAL[:, :, None], FAKE), r"\[700, 8, 1\]"),
        (lambda: metrics.precision_recall(REAL[:3], FAKE), "k is 3 and real has 3"),
        (lambda: metrics.density_coverage(REAL, FAKE, k=0), r"k is 0.*1 .. 699"),
        (lambda: metrics.nearest(REAL, FAKE[:2], 3), "k is 3 and there are 2"),
        (lambda: metrics.inception_score(np.zeros(5)), r"\[N, K\]"),
        (lambda: metrics.inception_score(np.zeros((5, 2)), splits=6), "splits is 6.*5"),
        (lambda: metrics.ssim(np.zeros((1, 8, 8, 1)), np.zeros((1, 8, 8, 1))), "8x8.*11x11"),
        (lambda: metrics.psnr(np.zeros((1, 8, 8, 1)), np.zeros((1, 8, 9, 1))), r"8, 8, 1.*8, 9, 1"),
        (lambda: metrics.psnr(EMPTY, EMPTY), r"0, 16, 16, 3.*nothing to compare"),
        (lambda: metrics.l1(EMPTY, EMPTY), "nothing to compare"),
        (lambda: metrics.ssim(EMPTY.astype(np.uint8), EMPTY.astype(np.uint8)), "nothing to compare"),
        (lambda: metrics.ms_ssim(EMPTY, EMPTY), "nothing to compare"),
        (lambda: metrics.pixel_accuracy(EMPTY.astype(int), EMPTY.astype(int)), "no pixel of the masks is left:"),
        (lambda: metrics.inception_score(np.zeros((5, 0))), r"\[N, K\], K > 0"),
        (lambda: metrics.l1(np.full((1, 8, 8, 1), 255.0), np.zeros((1, 8, 8, 1))), r"255.*\[-1, 1\]"),
        (lambda: metrics.mean_iou(np.array([4]), np.array([0]), 4), "0 .. 4, and there are 4"),
        (lambda: metrics.pixel_accuracy(np.array([4.0]), np.array([0.0])), "integers"),
        (lambda: metrics.label_modes(np.array([7]), 4), "7 .. 7.*4 classes"),
        (lambda: metrics.path_length(np.zeros((3, 2)), np.zeros((3, 3))), "equal shapes"),
    ],
)
def test_what_cannot_be_measured_is_told(call, words):
    with pytest.raises(BadInput, match=words):
        call()


def pixels(images):
    return images.reshape(len(images), -1) / 255.0


@pytest.mark.parametrize("change", ["blur", "noise", "brightness", "dropping"])
def test_more_of_a_defect_is_a_larger_distance(change):
    digits = data.load("digits")
    half = DRAW.permutation(1797)
    real, held, label = (
        digits["image"][half[:898]],
        digits["image"][half[898:]].astype(float),
        digits["label"][half[898:]],
    )
    worse = {
        "blur": lambda much: ndimage.gaussian_filter(held, (0, much, much, 0)),
        "noise": lambda much: np.clip(held + 60 * much * np.random.default_rng(1).standard_normal(held.shape), 0, 255),
        "brightness": lambda much: np.clip(held + 40 * much, 0, 255),
        "dropping": lambda much: held[label >= 3 * much],
    }[change]
    sets = [held, *(worse(much) for much in (0.5, 1, 2))]
    for metric in (metrics.frechet_distance, lambda *x: metrics.kernel_distance(*x)[0]):
        values = [metric(pixels(real), pixels(one)) for one in sets]
        assert values == sorted(values), values
    recalls = [metrics.precision_recall(pixels(real), pixels(one))[1] for one in sets]
    coverages = [metrics.density_coverage(pixels(real), pixels(one))[1] for one in sets]
    assert coverages[-1] < 0.7 * coverages[0]
    if change == "dropping":
        assert recalls == sorted(recalls, reverse=True)


def test_memorised_samples_have_neighbours_at_no_distance():
    digits = pixels(data.load("digits")["image"])
    near = lambda x: np.median(metrics.nearest(x, digits[:900])[0])
    copies = digits[:200] + 0.001 * DRAW.standard_normal((200, 64))
    assert near(copies) < 0.02 < 0.5 < near(digits[900:1100])


def test_a_copy_is_found_wherever_in_the_training_set_it_was_made_of(monkeypatch):
    monkeypatch.setattr(record, "NEIGHBOURS", 100)
    train = DRAW.standard_normal((400, 8)).astype(np.float32)
    seen = lambda x: SimpleNamespace(features=x)
    found = lambda fake: memorised_record.measure(None, seen(train), seen(fake))["memorised"]
    copies = train[:-201:-1] + np.float32(1e-4)  # of its last half
    assert found(copies)[:3] == (1.0, 100, 400)
    assert found(DRAW.standard_normal((200, 8)))[0] < 0.6
    assert metrics.memorised(train, copies) == 1 and metrics.memorised(copies, train) == pytest.approx(0.71, abs=0.08)
    with pytest.raises(BadInput, match="1 rows, and 2 are the least"):
        metrics.memorised(train[:1], copies)


def test_no_metric_warns_of_what_is_in_order():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.frechet_distance(REAL, FAKE) > 0
        assert metrics.label_modes(np.array([0, 0]), 3)[0] == 1

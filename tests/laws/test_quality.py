"""Real small trainings, with bars that a broken GAN cannot reach."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from jaxgan.cli import main
from jaxgan.data import load
from jaxgan.data.sources.points import RING

PER_CLASS = 40


@pytest.fixture(scope="module")
def classifier():
    real = load("digits")
    return LogisticRegression(C=0.1, max_iter=2000).fit(flat(real["image"]), real["label"])


def flat(images):
    return images.reshape(len(images), -1) / 127.5 - 1


def spread(images, labels):
    """Mean distance of two samples of a class [10]."""
    out = []
    for label in range(10):
        own = flat(images[labels == label])[:PER_CLASS]
        distance = np.linalg.norm(own[:, None] - own[None], axis=-1)
        out.append(distance.sum() / (len(own) * (len(own) - 1)))
    return np.array(out)


def digits_score(run, classifier, tmp_path, *flags):
    """(share of samples that obey their label, smallest spread of a class in units of the real one)."""
    out = tmp_path / "samples.npz"
    assert main(["sample", str(run), "--num", str(10 * PER_CLASS), "--seed", "1", "--out", str(out), *flags]) == 0
    made = np.load(out)
    return scores(made["image"], made["label"], classifier)


def scores(image, label, classifier):
    real = load("digits")
    obeys = np.mean(classifier.predict(flat(image)) == label)
    return obeys, np.min(spread(image, label) / spread(real["image"], real["label"]))


def passes(obeys, varies):
    return obeys >= 0.9 and varies >= 0.5


@pytest.fixture(scope="module")
def trained(tmp_path_factory, optimised):
    folder = tmp_path_factory.mktemp("digits") / "run"
    optimised("train", "digits", "--out", str(folder))
    return folder


@pytest.mark.slow
def test_digits_obey_their_labels_and_vary(trained, classifier, tmp_path):
    assert passes(*digits_score(trained, classifier, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [
        ("--steps", "1", "--save-every-steps", "1"),  # untrained
        ("--steps", "40", "--save-every-steps", "40"),  # stopped too early
        ("--steps", "1000", "--lr-d", "1e-9"),  # an opponent that does not learn
        ("--steps", "1000", "--noise", "one_hot", "--z-dim", "1"),  # one picture a class: collapsed
    ],
)
def test_digits_of_a_broken_training_miss_the_bar(flags, classifier, tmp_path, optimised):
    small = ("--width", "32", "--sample-every-steps", "1000", "--out", str(tmp_path / "run"))
    optimised("train", "digits", *small, *flags)
    assert not passes(*digits_score(tmp_path / "run", classifier, tmp_path))


def test_ten_fixed_pictures_obey_and_do_not_vary(classifier):
    real = load("digits")
    first = np.array(
        [np.flatnonzero((real["label"] == k) & (classifier.predict(flat(real["image"])) == k))[0] for k in range(10)]
    )
    obeys, varies = scores(np.repeat(real["image"][first], 40, axis=0), np.repeat(np.arange(10), 40), classifier)
    assert obeys == 1 and varies == 0
    assert not passes(obeys, varies)


def ring_score(points):
    """(modes with at least 1 % of the samples, share of good samples, smallest and largest spread of a mode).

    A sample is good within 3 standard deviations of its mode. The spread is that of the good samples, in units of what a
    normal distribution has there.
    """
    distance = np.linalg.norm(points[:, None] - RING.centres[None], axis=-1)
    mode, good = distance.argmin(1), distance.min(1) <= 3 * RING.std
    spreads = []
    for k in range(8):
        own = points[good & (mode == k)]
        if len(own) >= 0.01 * len(points):
            spreads.append(np.sqrt(np.mean((own - own.mean(0)) ** 2)) / RING.std)
    return len(spreads), good.mean(), min(spreads, default=0), max(spreads, default=0)


def ring_passes(modes, good, low, high):
    return modes == 8 and good >= 0.9 and low >= 0.5 and high <= 2


def test_ring_score_knows_the_real_ring_and_what_is_wrong_with_others():
    draw = np.random.default_rng(1)
    real = load("ring")["image"]
    assert ring_passes(*ring_score(real))
    assert not ring_passes(*ring_score(np.repeat(RING.centres, 100, axis=0)))  # no spread
    assert not ring_passes(*ring_score(real[np.arange(len(real)) % 8 < 7]))  # a mode is missing
    assert not ring_passes(*ring_score(real + 0.03 * draw.standard_normal(real.shape)))  # too wide


def ring_points(run):
    """Points that a run of the ring draws."""
    out = run / "points.npz"
    assert main(["sample", str(run), "--num", "5000", "--out", str(out)]) == 0
    return np.load(out)["image"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in (1, 2))])
def test_ring_finds_all_modes_as_wide_as_they_are(seed, tmp_path, optimised):
    run = tmp_path / "run"
    optimised("train", "ring", "--seed", str(seed), "--out", str(run), "--sample-every-steps", "15000")
    score = ring_score(ring_points(run))
    assert ring_passes(*score), score


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags", [("--steps", "1000"), ("--steps", "1500", "--lr-d", "1e-9"), ("--steps", "1500", "--lr-g", "1e-9")]
)
def test_ring_of_a_broken_training_misses_the_bar(flags, tmp_path, optimised):
    optimised("train", "ring", "--out", str(tmp_path / "run"), "--sample-every-steps", "10000", *flags)
    assert not ring_passes(*ring_score(ring_points(tmp_path / "run")))

"""What spoils samples moves the metric that should see it, more of it further: scikit-learn's digits as raw pixels."""

import functools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

from jaxgan import metrics


@functools.cache
def halves():
    """(images [N, 8, 8] in [0, 1], label) of one half of the digits and of the other."""
    digits = load_digits()
    order = np.random.RandomState(0).permutation(len(digits.images))
    image, label = (digits.images[order] / 16).astype(np.float32), digits.target[order]
    return (image[::2], label[::2]), (image[1::2], label[1::2])


def blur(amount):
    return gaussian_filter(halves()[1][0], (0, amount, amount))


def noise(amount):
    image = halves()[1][0]
    return image + amount * np.random.RandomState(1).randn(*image.shape)


def darker(amount):
    return halves()[1][0] * (1 - amount)


def fewer_classes(amount):
    image, label = halves()[1]
    some = image[label >= amount]
    return np.resize(some, image.shape)


def collapse(amount):
    """A share of the samples is one of them with a little noise."""
    image = halves()[1][0].copy()
    count = round(amount * len(image))
    image[:count] = image[-1] + 0.01 * np.random.RandomState(1).randn(count, 8, 8)
    return image


def copies(amount):
    """A share of the samples is of the training data."""
    (train, _), (image, _) = halves()
    image = image.copy()
    count = round(amount * len(image))
    image[:count] = train[:count]
    return image


def as_images(fake):
    """[N, 16, 16, 1] in [-1, 1]: each pixel four times, for the window of MS-SSIM."""
    return 2 * np.clip(fake, 0, 1).reshape(-1, 8, 8, 1).repeat(2, axis=1).repeat(2, axis=2) - 1


@functools.cache
def scores(spoil, amount):
    real, fake = halves()[0][0].reshape(-1, 64), spoil(amount).reshape(-1, 64)
    precision, recall = metrics.precision_recall(real, fake)
    density, coverage = metrics.density_coverage(real, fake)
    return {
        "frechet": metrics.frechet_distance(real, fake),
        "kernel": metrics.kernel_distance(real, fake, subsets=10)[0],
        "mmd": metrics.mmd(real, fake),
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
        "memorised": metrics.memorised(real, fake),
        "spread": metrics.pairwise_distance(fake),
        "alike": metrics.pairwise_ms_ssim(as_images(fake), count=500),
    }


# of each fault its amounts, the metrics that rise with it and those that fall with it. What is not here has its blind
# spots: KID for noise that is equal in all pixels, recall for a collapse that leaves some samples, coverage for blur.
FAULTS = {
    "blur": (blur, (0, 0.4, 0.5, 0.6), ("frechet", "kernel", "mmd", "alike"), ("recall", "spread")),
    "noise": (noise, (0, 0.1, 0.2, 0.3), ("frechet", "mmd", "spread"), ("precision", "density", "coverage")),
    "darker": (darker, (0, 0.1, 0.2, 0.3), ("frechet", "kernel", "mmd"), ("recall", "spread")),
    "fewer classes": (fewer_classes, (0, 3, 6, 9), ("frechet", "kernel", "mmd"), ("recall", "coverage", "spread")),
    "collapse": (collapse, (0, 0.3, 0.6, 1), ("frechet", "kernel", "mmd", "alike"), ("coverage", "spread")),
    "copies": (copies, (0, 0.3, 0.6, 1), ("memorised", "precision", "coverage"), ("frechet",)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_more_of_a_fault_moves_further_what_should_see_it(fault):
    spoil, amounts, rising, falling = FAULTS[fault]
    found = [scores(spoil, amount) for amount in amounts]
    for metric in rising:
        assert (np.diff([x[metric] for x in found]) > 0).all(), (metric, [x[metric] for x in found])
    for metric in falling:
        assert (np.diff([x[metric] for x in found]) < 0).all(), (metric, [x[metric] for x in found])


def test_faults_are_told_from_each_other():
    good, dropped = scores(fewer_classes, 0), scores(fewer_classes, 6)
    assert dropped["precision"] > 0.9 * good["precision"] and dropped["recall"] < 0.7 * good["recall"]
    noisy = scores(noise, 0.2)
    assert noisy["precision"] < 0.5 * good["precision"]
    copied = scores(copies, 1)
    assert copied["memorised"] == 1 and good["memorised"] < 0.6 and copied["recall"] > good["recall"]


def test_intra_class_distance_sees_labels_that_are_mixed_up():
    (real, real_label), (fake, fake_label) = halves()
    shifted = [
        metrics.intra_class_frechet(
            real.reshape(-1, 64), real_label, fake.reshape(-1, 64), (fake_label + by * (np.arange(len(fake)) % 2)) % 10
        )[0]
        for by in (0, 1)
    ]
    assert shifted[1] > 2 * shifted[0]


def test_paired_measures_fall_with_noise():
    real = as_images(halves()[0][0][:64])
    rng = np.random.RandomState(0).randn(*real.shape).astype(np.float32)
    noisy = [np.clip(real + amount * rng, -1, 1) for amount in (0.1, 0.2, 0.6)]
    for measure, sign in ((metrics.ssim, 1), (metrics.ms_ssim, 1), (metrics.psnr, 1), (metrics.l1, -1)):
        found = [sign * measure(fake, real) for fake in noisy]
        assert found[0] > found[1] > found[2]

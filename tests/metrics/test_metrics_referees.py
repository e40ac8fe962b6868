"""Metrics against other people's programs: what they said is in referees.json, and marked `referee` they are asked anew."""

import importlib.util
import json
import warnings

import numpy as np
import pytest
import referees

from jaxgan import metrics

RECORDED = json.loads(referees.RECORDED.read_text())


def each(metric, images, **options):
    """The metric of each pair alone, of images in [0, 1]."""
    return [metric(2 * a[None] - 1, 2 * b[None] - 1, **options) for a, b in zip(*images, strict=True)]


OURS = {
    "inception score mean 1": lambda: metrics.inception_score(referees.logits()),
    "inception score mean 10": lambda: metrics.inception_score(referees.logits(), splits=10),
    "mean iou": lambda: metrics.mean_iou(*referees.maps(), classes=7, ignore=255),
    "pixel accuracy": lambda: metrics.pixel_accuracy(*referees.maps(), ignore=255),
    "rbf rectified": lambda: metrics.mmd(*referees.features("rectified"), bandwidth=5.0),
    "ssim wide": lambda: each(metrics.ssim, referees.images()),
    "ssim large": lambda: each(metrics.ssim, referees.large_images()),
    "psnr wide": lambda: each(metrics.psnr, referees.images()),
    "psnr large": lambda: each(metrics.psnr, referees.large_images()),
    "ms-ssim wide 2": lambda: each(metrics.ms_ssim, referees.images(), scales=2),
    "ms-ssim large 2": lambda: each(metrics.ms_ssim, referees.large_images(), scales=2),
    "ms-ssim large 5": lambda: each(metrics.ms_ssim, referees.large_images()),
}
FEATURES = {
    "frechet": lambda real, fake: {"frechet": metrics.frechet_distance(real, fake)},
    "kernel": lambda real, fake: dict(
        zip(("kernel mean", "kernel std"), metrics.kernel_distance(real, fake), strict=True)
    ),
    "precision_recall": lambda real, fake: dict(
        zip(("precision", "recall", "precision 3", "recall 3"), 2 * metrics.precision_recall(real, fake), strict=True)
    ),
    "precision_recall 5": lambda real, fake: dict(
        zip(("precision 5", "recall 5"), metrics.precision_recall(real, fake, k=5), strict=True)
    ),
    "density_coverage": lambda real, fake: dict(
        zip(("density 5", "coverage 5"), metrics.density_coverage(real, fake), strict=True)
    ),
    "density_coverage 3": lambda real, fake: dict(
        zip(("density 3", "coverage 3"), metrics.density_coverage(real, fake, k=3), strict=True)
    ),
}
JUDGES = [name for name in RECORDED if name != "versions"]


@pytest.mark.parametrize("name", referees.FEATURES)
@pytest.mark.parametrize("metric", FEATURES)
@pytest.mark.filterwarnings("ignore:.*samples in .* dimensions:UserWarning")
def test_features_are_judged_as_the_referees_judge_them(metric, name):
    asked = 0
    for key, ours in FEATURES[metric](*referees.features(name)).items():
        for judge in JUDGES:
            theirs = RECORDED[judge].get(f"{key} {name}")
            if theirs is not None:
                # subsets drawn by another generator: within half of their spread
                spread = RECORDED[judge].get(f"kernel std {name}", 0) if key.startswith("kernel") else 0
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=spread / 2, err_msg=f"{judge}: {key}")
                asked += 1
    assert asked >= 2


@pytest.mark.parametrize("metric", OURS)
def test_images_logits_and_maps_are_judged_as_the_referees_judge_them(metric):
    theirs = [RECORDED[judge][metric] for judge in JUDGES if metric in RECORDED[judge]]
    assert theirs
    for said in theirs:
        np.testing.assert_allclose(OURS[metric](), said, rtol=1e-4, atol=1e-6)


def test_every_recorded_number_is_compared_with_ours():
    compared = set(OURS) | {"ms-ssim with borders large 5", "inception score std 1", "inception score std 10"}
    keys = ["frechet", "kernel mean", "kernel std", "precision", "recall"]
    keys += [f"{metric} {k}" for metric in ("precision", "recall", "density", "coverage") for k in (3, 5)]
    compared |= {f"{key} {name}" for key in keys for name in referees.FEATURES}
    assert {key for judge in JUDGES for key in RECORDED[judge]} == compared


def test_borders_that_torchmetrics_counts_at_the_coarsest_scale_change_little():
    ours = each(metrics.ms_ssim, referees.large_images())
    np.testing.assert_allclose(ours, RECORDED["torchmetrics"]["ms-ssim with borders large 5"], rtol=2e-3)


@pytest.mark.referee
@pytest.mark.parametrize("judge", JUDGES)
def test_a_referee_still_says_what_is_recorded(judge):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        pytest.importorskip("torch", reason="torch is not installed: make referee")
        if not importlib.util.find_spec(judge):
            pytest.skip(f"{judge} is not installed: make referee")
        said = referees.JUDGES[judge]()
    assert said.keys() == RECORDED[judge].keys()
    for key, value in said.items():
        np.testing.assert_allclose(value, RECORDED[judge][key], rtol=1e-6, atol=1e-9, err_msg=key)

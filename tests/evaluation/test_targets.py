"""Samples against their own targets: which evaluator applies, and that its numbers are the metrics'."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxgan import data, metrics
from jaxgan.evaluation import distribution, masks, pairs
from jaxgan.metrics.protocol import Protocol

SPECS = {
    "image": data.Spec((16, 16, 3)),
    "mask": data.Spec((16, 16), modality="mask"),
    "label": data.Spec((), "int32", ""),
}
CONTEXT = distribution.EvalContext(Protocol("", 0, "", "", split="test"), "some")


def game(real="image", given=(), unpaired=()):
    return SimpleNamespace(real=real, given=given, unpaired=unpaired)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (game(), {distribution}),
        (game(given=("label",)), {distribution}),
        (game(given=("input",)), {distribution, pairs}),
        (game(given=("input",), unpaired=("input",)), {distribution}),
        (game("mask", ("image",)), {masks}),
    ],
)
def test_what_a_game_is_given_and_makes_says_how_it_is_evaluated(config, expected):
    specs = {**SPECS, "input": SPECS["image"]}
    assert {each for each in (distribution, pairs, masks) if each.applies(config, specs)} == expected


def test_numbers_of_pairs_are_those_of_the_metrics():
    draw = np.random.default_rng(0)
    real = draw.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    fake = np.clip(real + draw.integers(-9, 9, real.shape), 0, 255).astype(np.uint8)
    found = {score.name: score for score in pairs.all_of(CONTEXT, fake, real)}
    assert {name: score.value for name, score in found.items()} == {
        "l1": pytest.approx(metrics.l1(fake, real)),
        "psnr": pytest.approx(metrics.psnr(fake, real)),
        "ssim": pytest.approx(metrics.ssim(fake, real)),
    }
    assert str(found["psnr"].protocol) == "psnr3-test"
    assert {score.name for score in pairs.all_of(CONTEXT, fake[:, :8, :8], real[:, :8, :8])} == {"l1", "psnr"}
    assert {score.name for score in pairs.all_of(CONTEXT, real, real)} == {"l1", "psnr", "ssim"}


def test_numbers_of_masks_are_those_of_the_metrics():
    draw = np.random.default_rng(0)
    real, fake = draw.integers(0, 4, (2, 3, 16, 16), dtype=np.uint8)
    found = {score.name: score.value for score in masks.all_of(CONTEXT, fake, real, ignore=3)}
    assert found == {
        "miou": metrics.mean_iou(fake, real, 4, 3),
        "pixel_accuracy": metrics.pixel_accuracy(fake, real, 3),
    }

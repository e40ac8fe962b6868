"""What is measured: it follows from what a game is given and makes, and its numbers are the metrics'."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxgan import data, metrics
from jaxgan.errors import BadInput
from jaxgan.evaluation import periodic, scores
from jaxgan.metrics.protocol import Protocol
from jaxgan.metrics.records import EvalContext, all_records, infos

SPECS = {
    "image": data.Spec((16, 16, 3)),
    "mask": data.Spec((16, 16), modality="mask"),
    "label": data.Spec((), "int32", ""),
}
CONTEXT = EvalContext(Protocol("", 0, "", "", split="test"))


def game(real="image", given=(), unpaired=()):
    return SimpleNamespace(real=real, given=given, unpaired=unpaired)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (game(), ["set"]),
        (game(given=("label",)), ["set"]),
        (game(given=("input",)), ["set", "pairs"]),
        (game(given=("input", "label")), ["set", "pairs"]),
        (game(given=("input",), unpaired=("input",)), ["set"]),
        (game("mask", ("image",)), ["masks"]),
    ],
)
def test_what_a_game_is_given_and_makes_says_how_it_is_evaluated(config, expected):
    specs = {**SPECS, "input": SPECS["image"]}
    assert scores.kinds(config, specs) == expected
    named = scores.names(config, specs)
    assert ("psnr" in named) == ("pairs" in expected) and ("miou" in named) == ("masks" in expected)


def test_numbers_of_pairs_are_those_of_the_metrics():
    draw = np.random.default_rng(0)
    real = draw.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    fake = np.clip(real + draw.integers(-9, 9, real.shape), 0, 255).astype(np.uint8)
    found = {score.name: score for score in scores.measure("pairs", CONTEXT, real, fake)}
    assert {name: score.value for name, score in found.items()} == {
        "l1": pytest.approx(metrics.l1(fake, real)),
        "psnr": pytest.approx(metrics.psnr(fake, real)),
        "ssim": pytest.approx(metrics.ssim(fake, real)),
        "matched": 1.0,
    }
    assert str(found["psnr"].protocol) == "psnr3-test"
    fake[0] = real[0]  # counts as 100 dB, and the others as they are
    found = {score.name: score.value for score in scores.measure("pairs", CONTEXT, real, fake)}
    assert found["psnr"] == pytest.approx((100 + 2 * metrics.psnr(fake[1:], real[1:])) / 3)
    small = scores.measure("pairs", CONTEXT, real[:, :8, :8], fake[:, :8, :8])
    assert {score.name for score in small} == {"l1", "psnr", "matched"}
    assert {score.name: score.value for score in scores.measure("pairs", CONTEXT, real, real)}["psnr"] == 100


def test_numbers_of_masks_are_those_of_the_metrics():
    real, fake = np.random.default_rng(0).integers(0, 4, (2, 3, 16, 16), dtype=np.uint8)
    found = {score.name: score.value for score in scores.measure("masks", CONTEXT, real, fake)}
    assert found == {"miou": metrics.mean_iou(fake, real, 4), "pixel_accuracy": metrics.pixel_accuracy(fake, real)}


def test_records_are_whole_and_names_are_had_once():
    names = [name for record in all_records() for name in record.infos]
    assert len(names) == len(set(names)) == len(infos())
    assert [record.place for record in all_records()] == sorted({record.place for record in all_records()})
    for info in infos().values():
        assert info.better in ("higher", "lower", "near 1")
    cheap = [name for record in all_records() if record.cheap and record.kind == "set" for name in record.infos]
    assert cheap == ["fd", "fd_frames", "fd_motion", "motion", "content", "modes", "good", "mode_kl", "spread"]


def test_what_is_made_for_two_evaluations_at_a_step_is_made_once(tmp_path, monkeypatch):
    draw = np.random.default_rng(0)
    columns = {"mask": draw.integers(0, 3, (6, 16, 16), dtype=np.uint8), "image": np.zeros((6, 16, 16, 3), np.uint8)}
    dataset, made = data.from_arrays("six", columns), []
    monkeypatch.setattr(periodic, "against_targets", lambda *args: made.append(args) or [])
    options = {"evaluate_samples": 4, "seed": 0, "threshold": None, "best_metric": "", "data": "six"}
    config = SimpleNamespace(**options, real="mask", given=("image",), unpaired=())
    run = SimpleNamespace(config=config, data=dataset.info, made=dataset.specs["mask"], folder=tmp_path)
    evaluation = periodic.PeriodicEvaluation(run, None, dataset)
    for step in (2, 4):
        state = SimpleNamespace(ema=step)
        assert evaluation.cheap(step, state, {}) == evaluation.all_of(step, state, {}) == {}
    assert [variables for _, _, _, variables, *_ in made] == [2, 4]


def test_a_metric_of_masks_can_be_asked_for_where_the_first_of_them_have_no_class(tmp_path, monkeypatch):
    mask = np.full((6, 16, 16), 255, np.uint8)
    mask[3] = 1
    dataset = data.from_arrays("six", {"mask": mask, "image": np.zeros((6, 16, 16, 3), np.uint8)})
    options = {
        "evaluate_samples": 4,
        "seed": 0,
        "threshold": None,
        "best_metric": "+miou",
        "data": "six",
        "ignored": 255,
    }
    config = SimpleNamespace(**options, real="mask", given=("image",), unpaired=())
    run = SimpleNamespace(config=config, data=dataset.info, made=dataset.specs["mask"], folder=tmp_path)
    found = periodic.PeriodicEvaluation(run, None, dataset)
    monkeypatch.setattr("jaxgan.evaluation.extract.drawn", lambda *_: np.ones((4, 16, 16), np.uint8))
    assert found.cheap(1, SimpleNamespace(ema=None), {}) == {"miou": 1.0, "pixel_accuracy": 1.0}
    config.evaluate_samples = 3
    with pytest.raises(BadInput, match="no pixel of the masks is left without class 255"):  # before a training meets it
        periodic.PeriodicEvaluation(run, None, dataset)
    config.evaluate_samples = 4
    config.best_metric = "fd"
    with pytest.raises(BadInput, match="fd is not measured on these data: there are miou, pixel_accuracy"):
        periodic.PeriodicEvaluation(run, None, dataset)

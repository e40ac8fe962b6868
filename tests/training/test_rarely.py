"""Rows have what is not due at every step: what it was the last time, however a training is cut up."""

import json

import numpy as np
import pytest

from jaxgan.cli import main
from jaxgan.core import Pair
from jaxgan.training.rarely import Rarely


def metrics(step, every=4, loss=0.5):
    """Of the last of `step` steps: a penalty that is its number, where it is due."""
    due = (step - 1) % every == 0
    return Pair({"loss": loss}, {"loss": loss, "penalty": float(step) if due else np.nan})


def test_a_dispatch_ends_behind_what_is_due_last_before_somebody_looks():
    assert Rarely([1, 4]).ends(0, 10) == [9] and Rarely([16, 4, 4]).ends(0, 30) == [29, 17]
    assert Rarely([4]).ends(9, 10) == [] and Rarely([4]).ends(0, 9) == []  # behind it is where they look
    assert Rarely([1]).ends(0, 100) == Rarely().ends(0, 100) == []


def test_what_is_absent_is_what_it_was_and_a_step_that_came_to_nothing_has_nothing():
    rarely = Rarely([4], {"penalty_d": 1.0})
    row = lambda step, **more: rarely.filled({"loss_g": 0.5, "loss_d": 0.5, "penalty_d": np.nan, **more})
    assert row(3)["penalty_d"] == 1.0  # of an earlier part
    rarely.see(5, metrics(5))
    assert row(7) == {"loss_g": 0.5, "loss_d": 0.5, "penalty_d": 5.0} == row(8)
    rarely.see(8, metrics(8))  # which has none
    assert row(8)["penalty_d"] == 5.0 and np.isnan(row(8, loss_d=np.nan)["penalty_d"])
    assert np.isnan(Rarely([4]).filled({"loss_g": 0.0, "loss_d": 0.0, "penalty_d": np.nan})["penalty_d"])
    members = rarely.filled({"loss_g": np.zeros(2), "loss_d": np.array([0, np.nan]), "penalty_d": np.full(2, np.nan)})
    np.testing.assert_array_equal(members["penalty_d"], [5, np.nan])


LINE = ["train", "digits", "--tiny", "--schedule", "constant", "--penalty", "r1", "--penalty-every", "4"]
LINE += ["--log-every-steps", "5", "--save-every-steps", "6", "--sample-every-steps", "100"]


def rows(folder):
    found = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in row.items() if k not in ("seconds", "images_per_s")} for row in found]


@pytest.mark.parametrize("more", [[], ["--steps-per-dispatch", "8"]], ids=["one", "several"])
def test_rows_of_a_lazy_penalty_are_the_same_however_a_training_is_cut(tmp_path, more):
    assert main([*LINE, "--steps", "20", "--out", str(tmp_path / "whole")]) == 0
    whole = {row["step"]: row["penalty_d"] for row in rows(tmp_path / "whole")}
    assert None not in whole.values() and whole[10] != whole[15]
    assert main([*LINE, *more, "--steps", "6", "--out", str(tmp_path / "parts")]) == 0
    assert main([*LINE, *more, "--steps", "20", "--out", str(tmp_path / "parts"), "--resume", "must"]) == 0
    parts = {row["step"]: row["penalty_d"] for row in rows(tmp_path / "parts")}
    assert {10, 15, 20} <= parts.keys() & whole.keys()
    for step in (10, 15, 20):
        assert parts[step] == pytest.approx(whole[step], rel=1e-3)
    ended = [*LINE, *more, "--steps", "20", "--stop-when", "penalty_d>0", "--out", str(tmp_path / "ended")]
    assert main(ended) == 0 and rows(tmp_path / "ended")[-1]["step"] < 20

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


@pytest.mark.parametrize("every", [(), (1, 4), (4, 16), (4, 6), (100,)], ids=str)
def test_what_is_due_last_in_a_dispatch_is_in_its_last_step(every):
    rarely, step = Rarely(every), 0
    for most in (20, 20, 3, 20, 1, 7, 20, 20):
        count = rarely.count(step, most)
        assert 1 <= count <= most and (every or count == most)
        for n in every:
            due = [i for i in range(step, step + count) if i % n == 0]
            assert n == 1 or not due or due[-1] == step + count - 1
        step += count


def test_of_two_that_were_due_the_later_one_counts():
    rarely, row = Rarely([4, 16]), {"loss_g": 0.0, "loss_d": 0.0, "a_g": np.nan, "b_d": np.nan}
    seen = lambda step: Pair({"a": float(step)}, {"b": float(step) if (step - 1) % 16 == 0 else np.nan})
    for first, last in ((0, 100), (100, 200)):
        for step in range(first + 1, last + 1):
            rarely.see(step, seen(step))
        found = rarely.filled(row)
    assert (found["a_g"], found["b_d"]) == (197, 193)


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


def test_members_go_on_with_what_each_had(tmp_path):
    line = [*LINE, "--penalty-every", "16", "--population", "2", "--save-every-steps", "20"]
    assert main([*line, "--steps", "30", "--out", str(tmp_path / "whole")]) == 0
    assert main([*line, "--steps", "20", "--out", str(tmp_path / "parts")]) == 0
    assert main([*line, "--steps", "30", "--out", str(tmp_path / "parts"), "--resume", "must"]) == 0
    for member in ("00", "01"):
        found = [
            {row["step"]: row["penalty_d"] for row in rows(tmp_path / name / member)} for name in ("whole", "parts")
        ]
        assert found[0][25] is not None and found[0][25] == pytest.approx(found[1][25], rel=1e-3)

"""A training ends at a threshold or when its time is up, saved, and can go on."""

import json
import time

import numpy as np
import pytest

from jaxgan import recipes
from jaxgan.cli import main
from jaxgan.training.stopping import EarlyStopping

LINE = ["train", "digits", "--tiny", "--steps", "200", "--log-every-steps", "2", "--save-every-steps", "40"]


def result(folder):
    return json.loads((folder / "result.json").read_text())


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("condition", "values", "at"),
    [
        ("loss_d<0.1", [1, 0.05, 0.05, 0.2, 0.05, 0.05, 0.05, 0.05], 6),
        ("loss_d > 2", [1, 3, 3, 3], 3),
        ("loss_d<1e-1", [0.05, None, 0.05, float("nan"), 0.05], 4),
        ("loss_d<0.1", [0.1, 0.1, 0.1, 0.1], None),
    ],
)
def test_so_many_rows_in_a_row_have_to_pass(condition, values, at):
    end = EarlyStopping(recipes.digits.Config(stop_when=condition), float("inf"))
    over = []
    for step, value in enumerate(values):
        end.look({"step": step, "loss_d": value})
        over.append(end())
    assert over == [at is not None and step >= at for step in range(len(values))]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ending") / "run"
    assert main([*LINE, "--stop-when", "seconds>0", "--stop-rows", "4", "--out", str(folder)]) == 0
    return folder


def test_a_threshold_ends_a_run_with_everything_at_its_last_step(stopped, capsys):
    assert [row["step"] for row in rows(stopped)] == [1, 2, 4, 6]
    assert result(stopped)["step"] == 6 and "seconds > 0 in 4 rows" in result(stopped)["ended"]
    assert (stopped / "checkpoints" / "6").is_dir() and (stopped / "samples" / "000006.png").is_file()
    assert (stopped / "report.html").is_file()


def test_a_run_that_has_ended_goes_on_only_with_another_threshold(stopped, tmp_path, capsys):
    import shutil

    folder = shutil.copytree(stopped, tmp_path / "run")
    again = [*LINE, "--out", str(folder), "--resume", "must"]
    assert main([*again, "--stop-when", "seconds>0", "--stop-rows", "4"]) == 0
    assert result(folder)["step"] == 6 and "another --stop-when" in capsys.readouterr().out
    assert main([*again, "--steps", "8", "--stop-when", "", "--stop-rows", "4"]) == 2  # steps may only grow
    assert main([*again, "--stop-when", "", "--stop-rows", "4"]) == 0
    assert result(folder)["step"] == 200 and "ended" not in result(folder)


def test_a_stopped_and_resumed_run_is_an_uninterrupted_one(stopped, tmp_path):
    import shutil

    folder = shutil.copytree(stopped, tmp_path / "run")
    assert main([*LINE, "--steps", "200", "--out", str(folder), "--resume", "must"]) == 0
    assert main([*LINE, "--out", str(tmp_path / "whole")]) == 0
    assert result(folder)["state_sha256"] == result(tmp_path / "whole")["state_sha256"]


def test_time_that_is_up_ends_a_run_that_can_go_on(tmp_path, capsys):
    line = [*LINE, "--out", str(tmp_path / "run"), "--resume", "auto", "--steps", "2000000"]
    begin = time.perf_counter()
    assert main([*line, "--max-minutes", "0.1"]) == 0
    assert time.perf_counter() - begin < 60
    first = result(tmp_path / "run")
    assert 0 < first["step"] < 2_000_000 and first["ended"] == "--max-minutes are over"
    assert "the same command" in capsys.readouterr().out
    assert (tmp_path / "run" / "samples" / f"{first['step']:06}.png").is_file()
    assert main([*line, "--max-minutes", "0.1"]) == 0
    assert result(tmp_path / "run")["step"] > first["step"]
    steps = [row["step"] for row in rows(tmp_path / "run")]
    assert steps == sorted(set(steps)) and np.isfinite(rows(tmp_path / "run")[-1]["loss_g"])


def test_the_first_rows_come_early_and_the_very_first_has_no_speed(tmp_path):
    every = ["--save-every-steps", "100", "--log-every-steps", "60", "--sample-every-steps", "100"]
    line = ["train", "ring", "--tiny", *every, "--steps-per-dispatch", "50", "--out", str(tmp_path / "run")]
    line += ["--schedule", "constant"]
    assert main([*line, "--steps", "120"]) == 0
    found = rows(tmp_path / "run")
    assert [row["step"] for row in found] == [1, 2, 5, 10, 20, 50, 60, 120]
    assert [row["images_per_s"] is None for row in found] == [True] + 7 * [False]
    assert main([*line, "--steps", "140", "--resume", "must"]) == 0
    assert [row["images_per_s"] is None for row in rows(tmp_path / "run")[8:]] == [True]

"""The time to quality is that of the first row whose distance is below, and a second call trains nothing that has ended."""

import json
import sys
from pathlib import Path

import pytest

from jaxgan import recipes
from jaxgan.config import check_inactive

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import speedrun


def row(step, seconds, fd=None):
    return {"step": step, "images": 2000 * step, "seconds": seconds, "fd": fd, "images_per_s": 10.0 * step}


def test_images_and_seconds_are_of_the_first_row_below_and_the_median_of_seeds_needs_them_all(tmp_path, monkeypatch):
    monkeypatch.setattr(speedrun, "CASES", {"digits": speedrun.Case("digits", 5, (10.0, 5.0, 2.0), {}, fashion=False)})
    distances = {0: (30.0, 12.0, 8.0, 1.0), 1: (30.0, 9.0, 11.0, 6.0)}
    for seed, each in distances.items():
        folder = tmp_path / f"digits-{seed}"
        folder.mkdir()
        lines = [row(i + 1, 10.0 * (i + 1), fd) for i, fd in enumerate(each)] + [row(9, 99.0)]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    lines = speedrun.table(tmp_path, 3).splitlines()[2:]
    assert [line.split(" | ")[1:5] for line in lines] == [
        ["10", "6, 4", "25", "30, 20"],
        ["5", "8, not within 8", "", "40, not within 40"],
        ["2", "8, not within 8", "", "40, not within 40"],
    ]


def test_a_run_ends_at_its_threshold_and_is_not_trained_again(tmp_path, monkeypatch, capsys):
    tiny = {**recipes.get("digits").TINY, "features": "pixels", "steps": 40}
    monkeypatch.setattr(speedrun, "CASES", {"digits": speedrun.Case("digits", 5, (1e9,), tiny, fashion=False)})
    monkeypatch.setattr(speedrun, "SAMPLES", 50)
    call = ["--out", str(tmp_path), "--seeds", "1", "--minutes", "5"]
    speedrun.main(call)
    assert "| `digits` | 1e+09 |" in capsys.readouterr().out
    before = (tmp_path / "digits-0" / "metrics.jsonl").read_text()
    assert len(speedrun.rows(tmp_path / "digits-0")) == 1  # far from its 40 steps
    speedrun.main(call)
    assert (tmp_path / "digits-0" / "metrics.jsonl").read_text() == before


def test_fashion_has_to_be_somewhere(tmp_path, capsys):
    with pytest.raises(SystemExit):
        speedrun.main(["--out", str(tmp_path), "--cases", "sngan"])
    assert "sngan need --fashion FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("name", speedrun.CASES)
def test_every_case_is_a_config_that_its_recipe_trains(name):
    case = speedrun.CASES[name]
    config = speedrun.config_of(case, 1, "fashion")
    check_inactive(config, recipes.get(case.recipe).TINY)
    assert (config.data == "fashion") == case.fashion and config.seed == 1
    assert config.steps > case.every and list(case.below) == sorted(case.below, reverse=True)

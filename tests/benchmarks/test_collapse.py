"""The collapse benchmark: its settings are playable, its judge knows a collapse, its files are written."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxgan import data, recipes
from jaxgan.data.sources.points import RING

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import collapse


def test_every_setting_is_a_config_of_its_own():
    made = [recipes.ring.Config(steps=1, **collapse.BUDGET, **fields) for fields in collapse.settings(1).values()]
    assert len(set(made)) == len(made) == 34


def test_a_collapse_and_a_divergence_are_told_from_the_truth():
    real = data.load("ring")["image"][:2500]
    assert collapse.judged(real, RING)["modes"] == 8 and collapse.judged(real, RING)["kl"] < 0.01
    one = collapse.judged(real[::8], RING)
    assert one["modes"] == 1 and one["good"] > 0.9 and one["kl"] == pytest.approx(np.log(8))
    assert collapse.judged(real + np.nan, RING) == {"modes": 0, "good": 0.0, "kl": None}


def test_one_setting_is_trained_told_and_drawn(tmp_path, capsys):
    collapse.main(["--only", "lecam", "--data", "ring", "--steps", "2", "--seeds", "2", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "collapse.json").read_text())
    assert [row["setting"] for row in result["rows"]] == ["lecam"] and len(result["rows"][0]["seeds"]) == 2
    assert "| lecam |" in (tmp_path / "collapse.md").read_text() and "| lecam |" in capsys.readouterr().out
    assert (tmp_path / "collapse_ring.png").stat().st_size > 1000


@pytest.mark.parametrize("line", ["--only lecams", "--seeds 0"])
def test_what_is_not_there_is_told(line, capsys):
    with pytest.raises(SystemExit):
        collapse.main(line.split())
    assert line.split()[1] in capsys.readouterr().err

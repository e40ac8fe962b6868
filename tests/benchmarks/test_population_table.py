"""A population's speed is over that of a run as `jaxgan train` makes it, not of a population of one."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import population as bench

from jaxgan import recipes, runtime
from jaxgan.training import population


def test_one_member_is_a_run(monkeypatch):
    monkeypatch.setattr(population, "Population", lambda *given: pytest.fail("a population of one"))
    play, images = bench.program("ring", 1)
    play(2)
    config = recipes.ring.Config()
    assert images == config.batch_size * config.steps_per_dispatch


def test_the_ratio_is_that_of_the_rounds_over_a_run_in_a_process_that_keeps_its_memory(monkeypatch, capsys):
    speeds, kept = {1: 100.0, 2: 150.0}, []
    monkeypatch.setattr(runtime, "keep_memory", lambda: kept.append(True))
    monkeypatch.setattr(bench, "program", lambda name, members: (members, kept == [True]))
    monkeypatch.setattr(bench, "rate", lambda members, warm, seconds: warm * speeds[members])
    bench.main(["--recipes", "ring", "--members", "2"])
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["recipe"], row["members"], row["images_per_s"], row["ratio"]) == ("ring", 2, 150.0, 1.5)

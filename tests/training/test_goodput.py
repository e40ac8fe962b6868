"""What a process's time was for."""

import json
import time

import pytest

from jaxgan.cli import main
from jaxgan.training import goodput


def test_the_parts_are_the_whole(monkeypatch):
    monkeypatch.setattr(goodput.Goodput, "_since", time.monotonic())
    clock = goodput.Goodput()
    advance = clock.compiled(lambda: time.sleep(0.2))
    began = time.perf_counter()
    advance()  # compiles
    advance()
    trained = time.perf_counter() - began
    clock.spent("save", lambda: time.sleep(0.1))()
    clock.spent("sample", lambda: time.sleep(0.1))()
    shares, line = clock.end(trained)
    assert sum(shares.values()) == pytest.approx(1, abs=0.1)
    for word, share in {"steps": 1 / 3, "compiling": 1 / 3, "checkpoints": 1 / 6, "pictures": 1 / 6}.items():
        assert shares[word] == pytest.approx(share, abs=0.1)
    assert line.startswith("goodput: steps ") and "checkpoints" in line


def test_the_next_training_does_not_count_the_one_before(monkeypatch):
    monkeypatch.setattr(goodput.Goodput, "_since", time.monotonic() - 1000)
    goodput.Goodput().end(1.0)
    time.sleep(0.05)
    shares, _ = goodput.Goodput().end(0.05)
    assert shares["steps"] == pytest.approx(1, abs=0.3)


def test_a_process_knows_how_old_it_is():
    first = goodput.age()
    time.sleep(0.3)
    assert 0.1 < goodput.age() - first < 5 and first < 3600 * 24


def test_a_run_says_it_at_its_end(tmp_path, capsys):
    assert main(["train", "ring", "--tiny", "--steps", "10", "--out", str(tmp_path / "run")]) == 0
    assert "goodput: steps " in capsys.readouterr().out
    shares = json.loads((tmp_path / "run" / "result.json").read_text())["goodput"]
    assert 0 < sum(shares.values()) <= 1 and {"steps", "compiling", "checkpoints", "pictures", "rows"} == set(shares)

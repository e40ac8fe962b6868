"""Results that are kept are compared with those of the same commit and cases alone, and half of one counts as none."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from jaxgan import cli

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import same_numbers

ONE = threading.Lock()


class House:
    """A repository of two commits, "one" and "two", whose recipes train to what its file `number` says."""

    def __init__(self, home, monkeypatch):
        self.home, self.keep, self.tree, self.trained, self.fails = home, home.parent / "keep", home, [], {}
        (home / "jaxgan/recipes").mkdir(parents=True)
        for name in ("digits", "ring"):
            (home / f"jaxgan/recipes/{name}.py").touch()
        self.git("init", "-q")
        for number, name in ((1.0, "one"), (2.0, "two")):
            (home / "number").write_text(str(number))
            self.git("add", ".")
            self.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", name)
            self.git("tag", name)
        monkeypatch.setattr(same_numbers, "HERE", home)
        monkeypatch.setattr(same_numbers, "child", self.child)
        monkeypatch.setattr(same_numbers, "state_of", lambda run: {"w": np.float32(self.number)})
        monkeypatch.setattr(cli, "main", self.main)
        self.argv = lambda *words: monkeypatch.setattr(sys, "argv", ["same_numbers.py", *words])

    @property
    def number(self):
        return float((self.tree / "number").read_text())

    def git(self, *words):
        subprocess.run(["git", "-C", self.home, *words], check=True)

    def child(self, tree, results, names, modes, home):
        """In this process, one after the other."""
        with ONE:
            self.tree = tree
            same_numbers.play(results, names, modes)

    def main(self, words):
        """jaxgan."""
        run = Path(words[words.index("--out") + 1])
        if words[0] == "sample":
            np.savez(run, image=np.float32(self.number))
            return 0
        run.mkdir()  # one that is there already is refused
        self.trained.append(f"{run.parent.name} {run.name}")
        if status := self.fails.pop(self.trained[-1], 0):
            return status
        (run / "metrics.jsonl").write_text(json.dumps({"step": 20, "loss_g": self.number}))
        (run / "result.json").write_text('{"state_sha256": ""}')
        return 0

    def compared(self, old, *recipes):
        """The cases that a comparison trains."""
        self.trained.clear()
        self.argv(old, "--keep", str(self.keep), "--modes", "single", *(["--recipes", *recipes] * bool(recipes)))
        same_numbers.main()
        return sorted(self.trained)


@pytest.fixture
def house(tmp_path, monkeypatch):
    return House(tmp_path / "house", monkeypatch)


def test_another_commit_is_compared_with_its_own_results(house, capsys):
    house.compared("two")
    assert "the same numbers as two" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="6 of 6 differ from one"):
        house.compared("one")
    assert house.compared("two") == ["new digits-single", "new ring-single"]  # of "two" all is there


def test_recipes_that_were_left_out_are_trained_when_they_are_asked_for(house, capsys):
    house.compared("two", "digits")
    assert house.compared("two") == [
        *("new digits-single", "new ring-single", "old-1 ring-single", "old-2 ring-single"),
    ]
    capsys.readouterr()
    assert house.compared("two", "ring") == ["new ring-single"]
    assert "digits" not in capsys.readouterr().out


def test_a_call_that_was_killed_is_gone_on_with(house, capsys):
    house.fails["old-1 ring-single"] = 130  # asked to stop
    with pytest.raises(SystemExit):
        house.compared("two")
    assert house.compared("two") == [
        *("new digits-single", "new ring-single", "old-1 ring-single", "old-2 digits-single", "old-2 ring-single"),
    ]
    out = capsys.readouterr().out
    assert "the same numbers as two" in out and out.count("equal") == 6


def test_trainings_are_on_devices_that_a_cpu_simulates(tmp_path, monkeypatch):
    given = {}
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    monkeypatch.setattr(subprocess, "run", lambda *_, env, **__: given.update(env))
    same_numbers.child(tmp_path, tmp_path / "old-1", ["digits"], ["single"], tmp_path)
    assert given["JAX_PLATFORMS"] == "cpu" and given["JAX_NUM_CPU_DEVICES"] == str(same_numbers.DEVICES)

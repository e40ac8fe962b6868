"""A run says how it was made, and is made again from that, bit for bit."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from jaxgan import runtime
from jaxgan.checkpoint import Checkpoints
from jaxgan.cli import main

LINE = ["train", "ring", "--tiny", "--schedule", "linear", "--log-every-steps", "5", "--save-every-steps", "10"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A run that its --stop-when ended on the way, and one that began with it."""
    home = tmp_path_factory.mktemp("rerun")
    np.savez(home / "some.npz", image=np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32))
    line = [*LINE, "--steps", "40", "--data", str(home / "some.npz")]
    assert main([*line, "--stop-when", "seconds>0", "--stop-rows", "4", "--out", str(home / "run")]) == 0
    assert main([*line, "--init-from", str(home / "run"), "--out", str(home / "second")]) == 0
    return home


@pytest.fixture
def copied(home, tmp_path):
    return shutil.copytree(home, tmp_path / "home")


def test_a_run_keeps_the_command_that_began_it(home):
    command = json.loads((home / "run" / "config.json").read_text())["command"]
    assert command[:3] == ["jaxgan", "train", "ring"] and command[-2:] == ["--out", str(home / "run")]


def test_a_run_that_ended_early_is_made_again_bit_for_bit(home, tmp_path, capsys):
    step = json.loads((home / "run" / "result.json").read_text())["step"]
    assert step < 40
    assert main(["rerun", str(home / "run"), "--out", str(tmp_path / "again")]) == 0
    assert "bit for bit" in capsys.readouterr().out
    ends = [json.loads((f / "result.json").read_text()) for f in (home / "run", tmp_path / "again")]
    assert ends[0]["state_sha256"] == ends[1]["state_sha256"] and ends[1]["step"] == step


def test_a_run_whose_past_rows_ended_it_is_made_again(copied, tmp_path, capsys):
    line = [*LINE, "--data", str(copied / "some.npz"), "--out", str(tmp_path / "run")]
    assert main([*line, "--steps", "15"]) == 0
    assert main([*line, "--steps", "15", "--stop-when", "loss_d>0", "--stop-rows", "2", "--resume", "must"]) == 0
    assert main(["rerun", str(tmp_path / "run"), "--out", str(tmp_path / "again")]) == 0
    assert "bit for bit" in capsys.readouterr().out


def test_a_run_that_began_with_another_is_made_again_from_it_wherever_it_is(copied, home, tmp_path, capsys):
    (copied / "some.npz").rename(copied / "moved.npz")
    words = ["--data", str(copied / "moved.npz"), "--init-from", str(copied / "run"), "--out", str(tmp_path / "again")]
    assert main(["rerun", str(copied / "second"), *words]) == 0
    assert "bit for bit" in capsys.readouterr().out


def test_another_state_is_told_with_what_differs(copied, tmp_path, capsys):
    facts = json.loads((copied / "run" / "result.json").read_text())
    (copied / "run" / "result.json").write_text(json.dumps({**facts, "state_sha256": "0" * 64, "device": "abacus"}))
    assert main(["rerun", str(copied / "run"), "--out", str(tmp_path / "again")]) == 1
    said = capsys.readouterr().out
    assert "not the same" in said and 'device was "abacus" and is "cpu"' in said


def spoil_data(home):
    np.savez(home / "other.npz", image=np.zeros((64, 2), np.float32))
    return ["run", "--data", str(home / "other.npz")]


def spoil_source(home):
    shutil.rmtree(home / "run")
    return ["second", "--data", str(home / "some.npz"), "--init-from", str(home / "run")]


def another_source(home):
    shutil.rmtree(home / "run")
    assert (
        main([*LINE, "--steps", "10", "--seed", "1", "--data", str(home / "some.npz"), "--out", str(home / "run")]) == 0
    )
    return ["second", "--init-from", str(home / "run")]


def not_ended(home):
    (home / "run" / "result.json").unlink()
    return ["run"]


def damaged(home):
    (home / "run" / "result.json").write_text('{"step": "ten"}')
    return ["run"]


def not_asked_for(home):
    return ["run", "--masks", "some"]


def by_onednn(home):
    path = home / "run" / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "computed_in": "float32, oneDNN"}))
    return ["run"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_data, "give that as --data SOURCE"),
        (spoil_source, "which is no run any more: say where it is, --init-from"),
        (another_source, "give the run as it was, --init-from"),
        (not_ended, "has no result.json"),
        (damaged, "result.json cannot be read"),
        (not_asked_for, "was trained without --masks: remove --masks some"),
        (by_onednn, "was computed in float32, oneDNN: add --onednn"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_trained(spoil, words, copied, tmp_path, capsys):
    argv = spoil(copied)
    assert main(["rerun", str(copied / argv[0]), *argv[1:], "--out", str(tmp_path / "again")]) == 2
    assert words in capsys.readouterr().err and not (tmp_path / "again").exists()


def test_a_member_of_a_population_is_refused(tmp_path, capsys):
    line = [*LINE, "--steps", "10", "--population", "2", "--out", str(tmp_path / "two")]
    assert main(line) == 0
    assert main(["rerun", str(tmp_path / "two" / "01")]) == 2
    assert "was trained beside others" in capsys.readouterr().err


def test_deterministic_asks_xla_before_there_is_a_device(tmp_path):
    code = (
        "import os; from jaxgan.cli import main; "
        "main(['train', 'ring', '--tiny', '--steps', '2', '--deterministic', '--out', 'run']); "
        "import jax; assert '--xla_gpu_deterministic_ops=true' in os.environ['XLA_FLAGS']"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert json.loads((tmp_path / "run" / "result.json").read_text())["deterministic"] is True


def test_a_gpu_is_deterministic_only_where_it_was_asked(monkeypatch):
    import jax

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setitem(os.environ, "XLA_FLAGS", "")
    assert not runtime.is_deterministic()
    runtime.deterministic()
    assert runtime.is_deterministic()


def test_a_run_whose_mode_or_devices_changed_on_the_way_is_told(tmp_path, capsys):
    line = ["train", "ring", "--tiny", "--schedule", "constant", "--save-every-steps", "10"]
    line += ["--out", str(tmp_path / "run")]
    assert main([*line, "--steps", "10", "--parallel", "pmap", "--devices", "4"]) == 0
    assert "parts" not in json.loads((tmp_path / "run" / "result.json").read_text())
    assert main([*line, "--steps", "20", "--resume", "auto"]) == 0
    assert main([*line, "--steps", "30", "--resume", "auto"]) == 0  # as before: no part of its own
    assert main([*line, "--steps", "30", "--resume", "auto", "--parallel", "mesh"]) == 0  # nothing is left to do
    found = json.loads((tmp_path / "run" / "result.json").read_text())
    assert [(part["step"], part["parallel"], part["devices"]) for part in found["parts"]] == [
        (0, "pmap", 4),
        (10, "single", 1),
    ]
    capsys.readouterr()
    assert main(["rerun", str(tmp_path / "run"), "--out", str(tmp_path / "again")]) == 2
    said = capsys.readouterr().err
    assert "pmap on 4 devices in float32 from step 0 on, then single on 1 device in float32 from step 10 on" in said
    assert not (tmp_path / "again").exists()


def test_a_checkpoint_from_before_its_parts_were_kept_is_gone_on_with(tmp_path, monkeypatch):
    line = ["train", "ring", "--tiny", "--schedule", "constant", "--save-every-steps", "10"]
    line += ["--out", str(tmp_path / "run")]
    save = Checkpoints.save
    without = lambda own, step, state, note: save(own, step, state, {k: v for k, v in note.items() if k != "parts"})
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", without)
        assert main([*line, "--steps", "10", "--parallel", "pmap", "--devices", "4"]) == 0
    assert main([*line, "--steps", "20", "--resume", "auto"]) == 0
    assert "parts" not in json.loads((tmp_path / "run" / "result.json").read_text())


def test_a_run_that_ended_before_its_first_step_says_so_and_names_nothing_that_is_not_there(tmp_path, capsys):
    run = tmp_path / "run"
    assert main([*LINE, "--max-minutes", "1e-9", "--out", str(run)]) == 0
    said = capsys.readouterr().out
    assert str(run / "curves.png") not in said and "jaxgan sample" not in said
    assert main(["rerun", str(run), "--out", str(tmp_path / "again")]) == 2
    assert "ended before its first step: go on with it" in capsys.readouterr().err

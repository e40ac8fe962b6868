"""A resumed run is an uninterrupted one, bit for bit, whatever the moment it was killed."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from jaxgan.cli import main

STEPS = 60
RUN = ["train", "digits", "--tiny", "--steps", str(STEPS), "--save-every-steps", "6", "--log-every-steps", "4"]


def command(*words):
    return [sys.executable, "-m", "jaxgan", *words]


def result(folder):
    return json.loads((folder / "result.json").read_text())


def logged(folder, name="step"):
    return [json.loads(line)[name] for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert main([*RUN, "--out", str(folder)]) == 0
    return folder


def test_going_on_equals_never_stopping(whole, tmp_path):
    short = [*RUN[:3], "--steps", "30", *RUN[5:]]
    assert main([*short, "--out", str(tmp_path / "run")]) == 0
    assert result(tmp_path / "run")["state_sha256"] != result(whole)["state_sha256"]
    assert main([*RUN, "--out", str(tmp_path / "run"), "--resume", "must"]) == 0
    assert result(tmp_path / "run")["state_sha256"] == result(whole)["state_sha256"]
    assert result(tmp_path / "run")["images"] == STEPS * 16
    seconds = logged(tmp_path / "run", "seconds")
    assert seconds == sorted(seconds) and result(tmp_path / "run")["seconds"] == pytest.approx(seconds[-1], abs=1e-3)


def test_what_has_no_effect_may_differ_at_a_resume(whole, tmp_path, capsys):
    folder = shutil.copytree(whole, tmp_path / "run")
    saved = json.loads((folder / "config.json").read_text())
    saved["config"]["unroll_rate"] = 0.5  # another default, once
    (folder / "config.json").write_text(json.dumps(saved))
    assert main([*RUN, "--out", str(folder), "--resume", "must"]) == 0
    assert main([*RUN, "--unroll", "2", "--out", str(folder), "--resume", "must"]) == 2
    assert "--unroll is 2" in capsys.readouterr().err


def test_more_may_be_kept_and_drawn_from_there_on(whole, tmp_path, capsys):
    folder = tmp_path / "run"
    assert main([*RUN[:3], "--steps", "30", *RUN[5:], "--out", str(folder)]) == 0
    assert sorted(os.listdir(folder / "checkpoints")) == ["24", "30"]
    rhythm = ["--keep-latest", "4", "--sample-every-steps", "20"]
    assert main([*RUN, *rhythm, "--out", str(folder), "--resume", "must"]) == 0
    assert result(folder)["state_sha256"] == result(whole)["state_sha256"]
    assert sorted(os.listdir(folder / "checkpoints")) == ["42", "48", "54", "60"]
    assert {"40.png", "60.png"} <= {name.lstrip("0") for name in os.listdir(folder / "samples")}
    capsys.readouterr()
    assert main([*RUN, "--out", str(folder), "--resume", "must"]) == 2  # would take away what is kept
    assert "--keep-latest is 2 and was 4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after"),
    [((), ("--parallel", "pmap", "--devices", "4")), (("--parallel", "mesh", "--devices", "2"), ())],
)
def test_mode_and_devices_may_change_at_a_resume(before, after, tmp_path):
    short = [*RUN[:3], "--steps", "6", *RUN[5:], "--out", str(tmp_path / "run")]
    assert main([*short, *before]) == 0
    assert main([*RUN[:3], "--steps", "12", *RUN[5:], "--out", str(tmp_path / "run"), "--resume", "must", *after]) == 0
    assert result(tmp_path / "run")["step"] == 12


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [(("fsdp", 8), ("single", 1)), pytest.param(("single", 1), ("fsdp", 4), marks=pytest.mark.full)],
)
def test_a_run_goes_on_where_there_are_other_devices(before, after, tmp_path):
    losses = []
    for places in ((before, after), (before, before)):
        folder = tmp_path / f"{len(losses)}"
        for (mode, devices), steps in zip(places, ("6", "12"), strict=True):
            line = command(*RUN[:3], "--steps", steps, *RUN[5:], "--optimizer", "sgd", "--out", str(folder))
            where = ["--parallel", mode, "--resume", "auto"]
            subprocess.run([*line, *where], env={**os.environ, "JAX_NUM_CPU_DEVICES": str(devices)}, check=True)
        assert result(folder)["step"] == 12 and result(folder)["devices"] == places[1][1]
        losses.append(json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])["loss_d"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_the_same(whole, tmp_path):
    folder, draw, kills = tmp_path / "run", random.Random(0), 0
    for attempt in range(12):
        # six die while starting, compiling, training or saving; the next is let alone
        with subprocess.Popen(
            command(*RUN, "--out", str(folder), "--resume", "auto"), stdout=subprocess.PIPE, text=True
        ) as process:
            if attempt < 6:
                for line in process.stdout:
                    if line.startswith(("step", "resumed")):
                        break
                time.sleep(draw.uniform(0, 1.2))
                process.kill()
                kills += process.wait() == -signal.SIGKILL
                continue
            process.communicate()
        assert process.returncode == 0
        break
    assert kills >= 2
    assert result(folder)["state_sha256"] == result(whole)["state_sha256"]
    assert logged(folder) == logged(whole)


def test_killed_within_a_save_it_ends_the_same(whole, tmp_path, monkeypatch):
    # a copy of the moment: the run as it was at step 30, and a save of step 36 that never ended
    folder = tmp_path / "run"
    assert main([*RUN[:3], "--steps", "30", *RUN[5:], "--out", str(folder)]) == 0
    (folder / "result.json").unlink()
    half = folder / "checkpoints" / "36.orbax-checkpoint-tmp"
    shutil.copytree(folder / "checkpoints" / "30", half)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 32, "loss_g": 1.0}\n{"step": 36, "lo')
    assert main([*RUN, "--out", str(folder), "--resume", "auto"]) == 0
    assert not half.exists()
    assert result(folder)["state_sha256"] == result(whole)["state_sha256"]
    assert [step for step in logged(folder) if step != 30] == logged(whole)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(number, tmp_path, whole):
    folder = tmp_path / "run"
    long = [*RUN[:3], "--steps", "60000", "--save-every-steps", "60000", "--log-every-steps", "4", "--out", str(folder)]
    with subprocess.Popen(command(*long), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("step"):
                break
        time.sleep(0.5)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "--resume auto" in out and "Traceback" not in err
    (saved,) = (int(name) for name in os.listdir(folder / "checkpoints"))
    assert 0 < saved < 60000
    assert f"saved step {saved}" in out


def test_only_steps_may_grow(whole, capsys):
    assert main([*RUN, "--out", str(whole), "--resume", "auto", "--lr-g", "0.5"]) == 2
    assert "--lr-g is 0.5 and was 0.001" in capsys.readouterr().err
    before = result(whole)
    assert main([*RUN, "--out", str(whole), "--resume", "auto"]) == 0  # nothing left to do
    assert "resumed from step 60" in capsys.readouterr().out
    assert result(whole) == before


@pytest.mark.parametrize("stops", [["20"], ["7", "8", "20"]])
def test_any_number_of_steps_and_intervals_give_the_same_run(stops, tmp_path, dispatched):
    folder = tmp_path / "run"
    for steps in stops:
        assert main([*DISPATCHED, "--steps", steps, "--resume", "auto", "--out", str(folder)]) == 0
    ends = json.loads((folder / "result.json").read_text())
    assert ends["step"] == 20 and ends["state_sha256"] == dispatched
    steps = [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert {3, 6, 9, 12, 15, 18, 20} <= set(steps)


RING = ["train", "ring", "--tiny", "--steps-per-dispatch", "6", "--schedule", "constant"]  # a schedule ends at --steps
DISPATCHED = [*RING, "--sample-every-steps", "11", "--save-every-steps", "7", "--log-every-steps", "3"]


@pytest.fixture(scope="module")
def dispatched(tmp_path_factory):
    """Hash of 20 steps with other intervals, for which one program is compiled."""
    folder = tmp_path_factory.mktemp("dispatched") / "run"
    every = ["--log-every-steps", "20", "--sample-every-steps", "20", "--save-every-steps", "20"]
    assert main([*RING, *every, "--steps", "20", "--out", str(folder)]) == 0
    return json.loads((folder / "result.json").read_text())["state_sha256"]

"""What goes wrong around a training costs no work: disks, numbers that are not finite, signals, a second process."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax.numpy as jnp
import orbax.checkpoint as ocp
import pytest
from small_runs import RING, result, rows, saved, state

from jaxgan.checkpoint import Checkpoints
from jaxgan.cli import main
from jaxgan.errors import Damaged, Diverged, TryAgain
from jaxgan.reports import curves, samples


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert main([*RING, "--steps", "20", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def store(tmp_path, **options):
    found = Checkpoints(tmp_path / "checkpoints", **options)
    if not found.steps():
        for step in (1, 2):
            found.save(step, state(step), {"metrics": {}, "seconds": 1.0})
            found.wait()
    return found


# A disk that does not answer


ERRORS = [OSError(getattr(errno, name), name) for name in ("EIO", "ENOMEM", "EMFILE", "ETIMEDOUT", "EACCES", "ESTALE")]
ERRORS += [MemoryError(), ValueError("RESOURCE_EXHAUSTED: Out of memory"), RuntimeError("[OS error 5: reading]")]
ERRORS += [ValueError("""UNKNOWN: Failed to open: "/2/state/manifest.ocdbt": Input/output error [os_error_code='5']""")]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_a_disk_that_does_not_answer_costs_no_checkpoint(error, tmp_path, monkeypatch):
    found = store(tmp_path)

    def refuse(*_, **__):
        raise RuntimeError("while reading") from error

    with monkeypatch.context() as patch:
        patch.setattr(ocp.StandardCheckpointHandler, "restore", refuse)
        with pytest.raises(TryAgain, match=r"checkpoint 2 .* cannot be read now"):
            found.restore(state())
    assert saved(tmp_path) == [1, 2] and not (tmp_path / "damaged").exists()
    assert int(found.restore(state())[0].step) == 2
    found.close()


def test_files_that_cannot_be_read_are_not_damaged_whatever_the_error_says(tmp_path, monkeypatch):
    found, usual = store(tmp_path), Path.open

    def refuse(self, *how, **more):
        if "/2/state" in str(self):
            raise OSError(errno.EIO, "Input/output error")
        return usual(self, *how, **more)

    monkeypatch.setattr(ocp.StandardCheckpointHandler, "restore", lambda *_, **__: 1 / 0)
    with pytest.raises(Damaged):
        found.restore(state())
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(TryAgain):
        found.restore(state())
    found.close()


def test_a_disk_that_hiccups_ends_a_resume_with_75_and_the_next_one_goes_on(run, monkeypatch, capsys):
    def refuse(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    line = [*RING, "--steps", "30", "--out", str(run), "--resume", "auto"]
    before = (run / "metrics.jsonl").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(ocp.StandardCheckpointHandler, "restore", refuse)
        assert main(line) == 75 and main(line) == 75
    assert saved(run) == [10, 20] and (run / "metrics.jsonl").read_bytes() == before
    assert "nothing was changed, try the same command again" in capsys.readouterr().err
    assert main(line) == 0 and "resumed from step 20" in capsys.readouterr().out


def test_what_is_damaged_is_moved_only_once_something_whole_is_found(tmp_path, capsys):
    found = store(tmp_path)
    for path in (tmp_path / "checkpoints").glob("*/state/**/*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Damaged, match=r"none of the checkpoints \[1, 2\]"):
        found.restore(state())
    assert saved(tmp_path) == [1, 2] and not (tmp_path / "damaged").exists()
    found.close()


def test_a_run_whose_checkpoints_are_gone_does_not_begin_again(run, capsys):
    line = [*RING, "--steps", "30", "--out", str(run), "--resume", "auto"]
    shutil.rmtree(run / "checkpoints")
    before = (run / "metrics.jsonl").read_bytes()
    for _ in range(2):
        assert main(line) == 2
        assert "had a checkpoint, and has none to go on from" in capsys.readouterr().err
    assert (run / "metrics.jsonl").read_bytes() == before
    (run / "committed").unlink()
    (run / "metrics.jsonl.part").write_text("half")
    assert main(line) == 0 and "resumed from step 0" in capsys.readouterr().out


# Numbers that are not finite


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_state_that_is_not_finite_is_not_saved_and_the_leaf_is_named(dtype, tmp_path):
    found = store(tmp_path)
    good = state(3)
    spoilt = good._replace(ema={"params": {"kernel": jnp.ones((4, 2), dtype).at[1, 1].set(jnp.inf)}})
    with pytest.raises(Diverged, match=r"ema\.params\.kernel is not finite at step 3"):
        found.save(3, spoilt, {"metrics": {}, "seconds": 1.0})
    assert found.steps() == [1, 2]
    found.close()


def test_a_state_that_counts_nothing_is_saved_as_versions_before_did(tmp_path):
    store(tmp_path).close()
    names = json.loads((tmp_path / "checkpoints" / "2" / "state" / "_METADATA").read_text())["tree_metadata"]
    assert {path.split("'")[1] for path in names} == {"step", "key", "g", "d", "ema"}


# Others, signals, whoever only looks


def test_a_folder_in_which_another_process_trains_is_left_alone(run, capsys):
    hold = "import sys, time; from jaxgan.training import lock\nwith lock.held(sys.argv[1]): print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold, str(run)], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        (run / "checkpoints" / "30.orbax-checkpoint-tmp").mkdir()  # what it is writing
        assert main([*RING, "--steps", "30", "--out", str(run), "--resume", "auto"]) == 75
        assert f"process {other.pid}" in capsys.readouterr().err
        assert (run / "checkpoints" / "30.orbax-checkpoint-tmp").is_dir()
        assert json.loads((run / "config.json").read_text())["config"]["steps"] == 20
        other.kill()
    assert main([*RING, "--steps", "30", "--out", str(run), "--resume", "auto"]) == 0


SIGNALS = [("SIGHUP", 129), ("SIGINT", 130), ("SIGTERM", 143), ("SIGUSR1", 75)]


@pytest.mark.parametrize(("name", "status"), SIGNALS, ids=[name for name, _ in SIGNALS])
def test_a_signal_saves_and_breaks_off_whoever_looks(name, status, tmp_path, monkeypatch, capsys):
    def slow(*_, **__):
        def draw(step, state):
            signal.raise_signal(getattr(signal, name))
            time.sleep(60)

        return draw

    monkeypatch.setattr(samples, "sample_grids", slow)
    began = time.monotonic()
    line = [*RING, "--steps", "200", "--save-every-steps", "200", "--out", str(tmp_path / "run")]
    assert main([*line, "--sample-every-steps", "12"]) == status
    assert time.monotonic() - began < 40
    assert saved(tmp_path / "run") == [12] and "--resume auto" in capsys.readouterr().out


def test_an_output_that_nobody_reads_any_more_ends_a_training_saved(tmp_path):
    line = [sys.executable, "-m", "jaxgan", *RING, "--steps", "1000000", "--save-every-steps", "1000000"]
    with subprocess.Popen(
        [*line, "--out", str(tmp_path / "run")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for said in process.stdout:
            if said.startswith("step"):
                break
        process.stdout.close()
        process.wait(90)
        assert process.returncode == 141 and "Traceback" not in process.stderr.read()
    assert len(saved(tmp_path / "run")) == 1


def test_a_process_that_does_not_leave_in_time_is_left(tmp_path):
    code = (
        "import signal, time\nfrom jaxgan.training.loop import Signals\n"
        "with Signals(1.0):\n    signal.raise_signal(signal.SIGTERM)\n    time.sleep(60)\n"
    )
    began = time.monotonic()
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 143
    assert time.monotonic() - began < 30


def test_whoever_only_looks_may_fail(tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(samples, "sample_grids", lambda *_, **__: fail)
    monkeypatch.setattr(curves, "save_curves", fail)
    assert main([*RING, "--steps", "40", "--sample-every-steps", "10", "--out", str(tmp_path / "run")]) == 0
    said = capsys.readouterr()
    assert "sample at step 10 failed (OSError: [Errno 28] No space left on device): the training goes on" in said.out
    assert result(tmp_path / "run")["step"] == 40 and saved(tmp_path / "run") == [30, 40]
    assert result(tmp_path / "run")["failed"]["sample"] == 4


def test_a_run_that_could_not_begin_takes_along_only_what_it_wrote(tmp_path):
    from jaxgan import runs
    from jaxgan.recipes import ring

    for there in ("download.part", ""):
        folder = tmp_path / f"run{there}"
        (folder / there).mkdir(parents=True)
        run = runs.create(folder, ring, ring.Config(), runs.open_run(_written(tmp_path)).data)
        (folder / "checkpoints").mkdir()
        (folder / "lock").touch()
        runs.remove_unused(run.folder)
        assert folder.exists() == bool(there) and (not there or os.listdir(folder) == [there])


def _written(tmp_path):
    """Folder of a run."""
    if not (tmp_path / "first").exists():
        assert main([*RING, "--steps", "2", "--out", str(tmp_path / "first")]) == 0
    return tmp_path / "first"


def test_rows_that_could_not_be_written_are_written_later(tmp_path, monkeypatch):
    from jaxgan.training import hooks

    usual, calls = hooks.append, []

    def full(path, text):
        calls.append(text)
        if len(calls) in (2, 3):
            raise OSError(errno.ENOSPC, "No space left on device")
        usual(path, text)

    monkeypatch.setattr(hooks, "append", full)
    assert main([*RING, "--steps", "20", "--out", str(tmp_path / "run")]) == 0
    assert [row["step"] for row in rows(tmp_path / "run")] == [2, 5, 10, 15, 20]


def test_a_line_that_was_cut_short_stays_a_line_of_its_own(tmp_path):
    from jaxgan.training.hooks import append

    for text in ('{"step": 1}\n', '{"st', '{"step": 2}\n'):
        append(tmp_path / "rows", text)
    assert (tmp_path / "rows").read_text().splitlines() == ['{"step": 1}', '{"st', '{"step": 2}']


def test_a_picture_that_cannot_be_read_on_the_way_ends_a_training_saved(tmp_path, monkeypatch, capsys):
    from jaxgan import BadInput
    from jaxgan.data import Loader

    usual = Loader.batch

    def damaged(self, step, upcoming=None):
        if step >= 15:
            raise BadInput("x.png is damaged")
        return usual(self, step, upcoming)

    monkeypatch.setattr(Loader, "batch", damaged)
    assert main([*RING, "--steps", "40", "--save-every-steps", "40", "--out", str(tmp_path / "run")]) == 2
    assert "x.png is damaged" in capsys.readouterr().err and saved(tmp_path / "run") == [15]


def test_a_schedule_does_not_become_another_one_silently(tmp_path, capsys):
    line = ["train", "ring", "--tiny", "--schedule", "linear", "--out", str(tmp_path / "run")]
    assert main([*line, "--steps", "4"]) == 0
    longer = [*line, "--steps", "8", "--resume", "must"]
    assert main(longer) == 2
    said = capsys.readouterr().err
    assert "--decay-steps 4 keeps it as it was, --decay-steps 8 stretches it" in said
    assert main([*longer, "--decay-steps", "8"]) == 0
    assert main([*line, "--steps", "12", "--decay-steps", "8", "--resume", "must"]) == 0
    assert main([*line, "--steps", "12", "--decay-steps", "12", "--resume", "must"]) == 2  # without more steps

"""What somebody found who wanted to break a training: each cost work once, wrote elsewhere, or had no way out."""

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest

from jaxgan import runs
from jaxgan.checkpoint import Checkpoints, keeping
from jaxgan.cli import main
from jaxgan.training import lock, loop, rollback

RING = ["train", "ring", "--tiny", "--schedule", "constant", "--save-every-steps", "10", "--log-every-steps", "5"]
RING += ["--sample-every-steps", "20"]


def result(folder):
    return json.loads((Path(folder) / "result.json").read_text())


def saved(folder):
    return sorted(os.listdir(Path(folder) / "checkpoints"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outsiders") / "run"
    assert main([*RING, "--steps", "20", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    home = tmp_path_factory.mktemp("outsiders") / "two"
    assert main([*RING, "--steps", "20", "--population", "2", "--out", str(home)]) == 0
    return home


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


@pytest.fixture
def population(two, tmp_path):
    return shutil.copytree(two, tmp_path / "two")


def go_on(folder, steps="30", *more):
    return main([*RING, "--steps", steps, "--out", str(folder), "--resume", "auto", *more])


# -- populations


def test_members_without_a_common_step_are_not_begun_again(population, capsys):
    shutil.rmtree(population / "01" / "checkpoints" / "20")
    shutil.rmtree(population / "00" / "checkpoints" / "10")
    before = (population / "00" / "metrics.jsonl").read_text()
    assert go_on(population, "30", "--population", "2") == 2
    assert "no checkpoint of the same step (00 has 20; 01 has 10)" in capsys.readouterr().err
    assert (population / "00" / "metrics.jsonl").read_text() == before


def test_a_member_that_never_saved_is_not_taken_for_a_new_one_where_the_table_is_gone(population, capsys):
    shutil.rmtree(population / "01" / "checkpoints")
    (population / "01" / "committed").unlink()
    (population / "population.json").unlink()
    assert go_on(population, "30", "--population", "2") == 2
    assert "01 has none" in capsys.readouterr().err and saved(population / "00") == ["10", "20"]


def test_a_member_keeps_the_step_before_for_the_others(tmp_path):
    home = tmp_path / "two"
    assert main([*RING, "--steps", "20", "--population", "2", "--keep-latest", "1", "--out", str(home)]) == 0
    assert saved(home / "00") == saved(home / "01") == ["10", "20"]


def test_what_another_process_begins_is_not_taken_away(two, tmp_path, capsys):
    home = tmp_path / "two"
    (home / "00").mkdir(parents=True)
    shutil.copy(two / "00" / "config.json", home / "00")
    with lock.held(home):
        assert go_on(home, "20", "--population", "2") == 75
    assert (home / "00" / "config.json").is_file()


@pytest.mark.parametrize("left", [["00"], ["00", "01"]])
def test_a_population_that_ended_before_all_were_made_begins(left, two, tmp_path):
    home = tmp_path / "two"
    for name in left:
        (home / name).mkdir(parents=True)
        shutil.copy(two / name / "config.json", home / name)
    if len(left) > 1:
        (home / "01" / "config.json").rename(home / "01" / "config.json.part")
    assert go_on(home, "20", "--population", "2") == 0
    assert [result(home / name)["state_sha256"] for name in ("00", "01")] == [
        result(two / name)["state_sha256"] for name in ("00", "01")
    ]


SWEEP = ["--sweep", f"lr_g={','.join(['1'] * 99)}"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["1099511627776"], "give 1 to 4096"), (["0"], "give 1"), (["99", *SWEEP], "make 9801 runs: give 4096 or less")],
    ids=["many", "none", "product"],
)
def test_too_many_members_are_refused_at_once(words, said, tmp_path, capsys):
    assert main([*RING, "--population", *words, "--out", str(tmp_path / "run")]) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "run").exists()


# -- two at once, links, what is in the way


def test_the_loser_of_two_that_begin_changes_nothing(tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    with lock.held(folder):
        assert main([*RING, "--steps", "5", "--seed", "1", "--out", str(folder)]) == 75
        assert sorted(os.listdir(folder)) == ["lock"]


def test_no_link_in_the_folder_of_a_run_is_written_through(run, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    for name in ("curves.png", "samples/000030.png"):
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(mine)
    (run / "committed").unlink()
    (run / "committed").symlink_to(tmp_path / "made")
    assert go_on(run) == 2  # and says so: it is in the way
    (run / "committed").unlink()
    assert go_on(run) == 0
    assert mine.read_text() == "mine" and not (tmp_path / "made").exists()
    (run / "lock").unlink()
    (run / "lock").symlink_to(mine)
    assert go_on(run, "40") == 2
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("what", ["lock", "result.json"])
def test_what_is_in_the_way_is_no_reason_to_try_again(what, run, capsys):
    (run / what).unlink()
    (run / what).mkdir()
    assert go_on(run) == 2
    assert "take" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["note/metadata", "state/_METADATA", "state/manifest.ocdbt"])
def test_a_pipe_among_the_files_of_a_checkpoint_is_not_waited_for(name, run):
    signal.alarm(100)
    (run / "checkpoints/20" / name).unlink()
    os.mkfifo(run / "checkpoints/20" / name)
    assert go_on(run, "20") == 0 and saved(run) == ["10", "20"]
    signal.alarm(0)


def test_a_file_called_damaged_is_named(run, capsys):
    (run / "damaged").write_text("")
    (run / "checkpoints/20/note/metadata").write_text("{}")
    assert go_on(run) == 2
    assert "damaged" in capsys.readouterr().err


# -- checkpoints and notes


@pytest.mark.parametrize("name", ["90", "9" * 20])
def test_a_checkpoint_under_another_steps_name_is_damaged(name, run, capsys):
    shutil.copytree(run / "checkpoints/20", run / "checkpoints" / name)
    assert go_on(run) == 0
    assert saved(run) == ["20", "30"] and "it is of step 20" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("field", "value"), [("seconds", '"abc"'), ("seconds", "[1]"), ("rollbacks", '"x"'), ("seconds", "-1")]
)
def test_odd_fields_of_a_note_are_no_reason_to_stop(field, value, run):
    note = run / "checkpoints/20/note/metadata"
    content = json.loads(note.read_text())
    note.write_text(json.dumps({**content, field: json.loads(value)}))
    assert go_on(run) == 0 and result(run)["step"] == 30


def test_rollbacks_that_nobody_recorded_are_told(tmp_path, run):
    state = type("S", (), {"step": 20, "key": jax.random.key(0)})
    with pytest.raises(Exception, match="has 2 rollbacks behind it"):
        rollback.moved(state, run, 2)


@pytest.mark.parametrize("metrics", ["{}", "null", '{"fd": null}', '{"fd": "x"}'])
def test_the_best_checkpoint_is_found_among_damaged_notes(metrics, tmp_path, run):
    pick = importlib.import_module("jaxgan.inference.load").pick
    for step, content in (("10", '{"fd": 2.0}'), ("20", metrics)):
        note = run / "checkpoints" / step / "note/metadata"
        note.write_text(json.dumps({**json.loads(note.read_text()), "metrics": json.loads(content)}))
    opened = runs.open_run(run)
    best = opened._replace(config=type("C", (), {"best_metric": "fd"}))
    assert pick(best, "best") == 10


# -- signals, terminals, disks


def test_a_signal_that_whoever_called_ignores_ends_nothing():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with loop.Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGUSR2)
            time.sleep(0.05)
        assert signals.number == signal.SIGUSR2 and loop.status(signals.number) == 75
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGUSR2])
def test_a_batch_systems_warnings_save(number):
    with loop.Signals() as signals:
        os.kill(os.getpid(), number)
        time.sleep(0.05)
    assert loop.status(signals.number) == 75


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")
def test_words_that_cannot_be_written_end_nothing(tmp_path):
    code = "from jaxgan import names; names.tell('a'); names.tell('b'); import sys; sys.exit(0)"
    for how in ({"stdout": "/dev/full"}, {"stdout": "/dev/full", "stderr": "/dev/full"}):
        with open("/dev/full", "w") as full:
            ran = subprocess.run([sys.executable, "-c", code], **dict.fromkeys(how, full), timeout=100, check=False)
        assert ran.returncode == 0


def test_a_command_without_stdout_works():
    code = "import sys; sys.stdout = sys.stderr = None; from jaxgan.cli import main; "
    for words, status in (("['--version']", 0), ("['train', 'nothing']", 2)):
        ran = subprocess.run([sys.executable, "-c", f"{code} sys.exit(main({words}))"], timeout=100, check=False)
        assert ran.returncode == status


def test_what_a_parser_says_has_no_commands_for_a_terminal(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "ring", "--tiny", "--on-nan", "\x1b[2J"])
    assert stop.value.code == 2 and "\x1b" not in capsys.readouterr().err


def test_rows_that_a_disk_does_not_give_are_no_damage(run, monkeypatch):
    def refuse(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(runs.files.reading, "regular", refuse)
    assert go_on(run) == 75


# -- the same state


def test_a_rollback_goes_to_what_a_training_that_nobody_stopped_has(run):
    shutil.copytree(run / "checkpoints/20", run / "checkpoints/25")
    store = Checkpoints(run / "checkpoints")
    assert keeping.back_to(store.steps(), 10) == 20
    store.drop_after(20)
    assert store.steps() == [10, 20] and keeping.back_to(store.steps(), 7) == 20
    store.close()


def test_a_source_that_was_trained_on_is_not_begun_from(run, tmp_path, capsys):
    line = [*RING, "--steps", "20", "--init-from", str(run), "--out", str(tmp_path / "second")]
    assert main([*line, "--max-minutes", "1e-9"]) == 0
    assert go_on(run) == 0
    shutil.rmtree(tmp_path / "second" / "checkpoints", ignore_errors=True)
    (tmp_path / "second" / "committed").unlink(missing_ok=True)
    assert main([*line, "--resume", "auto"]) == 2
    assert "give the run as it was" in capsys.readouterr().err


def test_a_rerun_is_no_copy_and_no_stretched_run(run, tmp_path, capsys):
    assert main(["rerun", str(run), "--out", str(run), "--resume", "auto"]) == 2
    assert "is no rerun of" in capsys.readouterr().err
    line = ["train", "ring", "--tiny", "--schedule", "linear", "--out", str(tmp_path / "linear")]
    assert main([*line, "--steps", "5"]) == 0
    assert main([*line, "--steps", "10", "--decay-steps", "10", "--resume", "auto"]) == 0
    assert main(["rerun", str(tmp_path / "linear")]) == 2
    assert "left the curve of its rates" in capsys.readouterr().err


def test_a_member_is_told_by_its_own_folder(population, tmp_path, capsys):
    shutil.copytree(population / "00", tmp_path / "alone")
    assert main(["rerun", str(tmp_path / "alone")]) == 2
    assert "trained beside others" in capsys.readouterr().err


def test_versions_that_are_none_are_told_after_a_rerun(run, tmp_path):
    path = run / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "versions": 5}))
    assert main(["rerun", str(run), "--out", str(tmp_path / "again")]) == 0
    assert result(tmp_path / "again")["state_sha256"] == result(run)["state_sha256"]

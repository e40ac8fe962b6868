"""Several processes train as one: its numbers, one writer, one mind; and none outlives another."""

import dataclasses
import json
import signal
import time

import jax
import numpy as np
import pytest
from arrays import far
from PIL import Image
from together import by_hand, by_open_mpi, by_slurm, started

from jaxgan import inference, training
from jaxgan.cli import main
from jaxgan.recipes import digits

SGD = {"optimizer": "sgd", "b1": 0.0, "lr_g": 0.01, "lr_d": 0.01, "save_every_steps": 5, "log_every_steps": 5}
WORDS = [word for name, value in SGD.items() for word in (f"--{name.replace('_', '-')}", f"{value}")]
GONE = 120  # seconds in which no survivor may be left


def numbers(run):
    """(step, what is learned) of a run's newest checkpoint."""
    state = inference.load(run).state
    return int(state.step), jax.tree.map(np.asarray, (state.g.params, state.d.params, state.ema))


def alone(folder, steps):
    """What one process makes of as many steps."""
    config = digits.Config(**{"data": "digits", **digits.TINY, **SGD})
    training.train("digits", dataclasses.replace(config, steps=steps), out=folder)
    return numbers(folder)


def rows(run):
    path = run / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.slow
def test_two_processes_have_the_numbers_of_one_and_a_signal_to_one_is_a_signal_to_both(tmp_path):
    words = ("train", "digits", "--tiny", *WORDS, "--steps", 5000, "--sample-every-steps", 1, "--parallel", "mesh")
    run = tmp_path / "run"
    with started(tmp_path, by_slurm(2), *words, "--out", run) as both:
        both.when(lambda: rows(run))
        both.all[1].send_signal(signal.SIGUSR1)
        assert both.ended(60) == [75, 75], both.said
    step, learned = numbers(run)
    assert (step, far(learned, alone(tmp_path / "alone", step)[1]) < 1e-6) == (step, True)
    assert f"SIGUSR1: saved step {step}" in both.said[0] and "saved" not in both.said[1]
    assert [row["step"] for row in rows(run)][:1] == [1] and (run / "samples" / "000001.png").exists()


@pytest.mark.full
@pytest.mark.parametrize(
    ("first", "then"), [((4, "mesh"), (2, "fsdp")), ((2, "fsdp"), (4, "mesh")), ((2, "fsdp"), (1, "mesh"))]
)
def test_a_run_goes_on_with_another_number_of_processes(first, then, tmp_path):
    run = tmp_path / "run"
    for (count, mode), steps in ((first, 5), (then, 10)):
        words = ("train", "digits", "--tiny", *WORDS, "--parallel", mode, "--steps", steps, "--resume", "auto")
        with started(tmp_path, by_open_mpi(count) if count > 1 else [([], {})], *words, "--out", run) as all_:
            assert all_.ended(240) == [0] * count, all_.said
    step, learned = numbers(run)
    assert step == 10 and far(learned, alone(tmp_path / "alone", 10)[1]) < 1e-6
    assert json.loads((run / "result.json").read_text())["devices"] == then[0]


@pytest.mark.full
def test_processes_read_their_own_share_of_streamed_data(tmp_path):
    drawn = np.random.default_rng(0).integers(0, 256, (50, 8, 8), dtype=np.uint8)
    for i, image in enumerate(drawn):  # files are read as they are needed
        (tmp_path / "images" / str(i % 10)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "images" / str(i % 10) / f"{i}.png")
    for name, starts, mode in (("one", [([], {})], "single"), ("two", by_hand(2), "mesh")):
        words = ("train", "digits", "--tiny", *WORDS, "--data", tmp_path / "images", "--steps", 5, "--parallel", mode)
        with started(tmp_path / f"{name}-said", starts, *words, "--out", tmp_path / name) as all_:
            assert all_.ended(240) == [0] * len(starts), all_.said
    assert far(numbers(tmp_path / "two")[1], numbers(tmp_path / "one")[1]) < 1e-6


@pytest.mark.full
def test_processes_sample_and_evaluate_what_one_does(tmp_path):
    run, found = tmp_path / "run", {}
    alone(run, 5)
    for name, count in (("one", 1), ("two", 2)):
        starts = lambda: by_hand(2) if count == 2 else [([], {})]  # noqa: B023
        drawn, measured = tmp_path / f"{name}.npz", tmp_path / f"{name}.json"
        with started(tmp_path / name, starts(), "sample", run, "--num", 600, "--out", drawn) as all_:
            assert all_.ended(120) == [0] * count, all_.said
        words = ("evaluate", run, "--num", 600, "--features", "pixels", "--json", measured)
        with started(tmp_path / name, starts(), *words) as all_:
            assert all_.ended(120) == [0] * count, all_.said
        scores = {one["name"]: one["value"] for one in json.loads(measured.read_text())["metrics"]}
        found[name] = dict(np.load(drawn)), scores
    (images, scores), (ours, theirs) = found["one"], found["two"]
    np.testing.assert_array_equal(ours["image"], images["image"])
    assert scores == pytest.approx(theirs, rel=1e-5)


@pytest.mark.full
@pytest.mark.parametrize(
    ("who", "how", "within"), [(1, signal.SIGKILL, 20), (0, signal.SIGKILL, 20), (1, signal.SIGSTOP, GONE)]
)
def test_no_process_outlives_another(who, how, within, tmp_path):
    run = tmp_path / "run"
    words = ("train", "ring", "--tiny", "--parallel", "mesh", "--steps", 10**6, "--save-every-steps", 50, "--out", run)
    with started(tmp_path, by_hand(4), *words) as all_:
        all_.when(lambda: (run / "committed").exists())
        all_.all[who].send_signal(how)
        began = time.monotonic()
        survivors = [each for i, each in enumerate(all_.all) if i != who]
        while any(each.poll() is None for each in survivors) and time.monotonic() < began + within:
            time.sleep(0.1)
        assert all(each.poll() in (75, -6) for each in survivors), all_.said  # -6: JAX, where it was faster
        assert any(f"process {who} of 4" in said for said in all_.said)
    step = numbers(run)[0]
    with started(tmp_path / "again", by_hand(2), *words, "--resume", "must") as both:
        both.when(lambda: any(row["step"] > step for row in rows(run)))
        both.all[0].send_signal(signal.SIGTERM)
        assert both.ended(120) == [143, 143], both.said
    assert numbers(run)[0] > step


@pytest.mark.full
def test_killed_at_random_moments_leaves_no_process_behind(tmp_path):
    run, draws = tmp_path / "run", np.random.default_rng(0)
    words = ("train", "ring", "--tiny", "--parallel", "mesh", "--steps", 10**6, "--save-every-steps", 20, "--out", run)
    for number in range(5):
        with started(tmp_path / str(number), by_hand(2), *words, "--resume", "auto") as both:
            both.when(lambda: "into" in both.said[0])
            time.sleep(draws.uniform(0, 6))
            both.all[killed := int(draws.integers(2))].kill()
            statuses = both.ended(GONE)
            assert statuses[killed] == -9 and statuses[1 - killed] in (75, -6), (statuses, both.said)
    with started(tmp_path / "last", by_hand(2), *words, "--resume", "auto") as both:
        both.when(lambda: "loss_g" in both.said[0])
        both.all[1].send_signal(signal.SIGTERM)
        assert both.ended(120) == [143, 143], both.said
    assert numbers(run)[0] >= 20


@pytest.mark.full
def test_who_cannot_go_on_takes_all_along_with_the_reason(tmp_path):
    words = ("train", "digits", "--tiny", "--steps", 5, "--out", tmp_path / "run")
    with started(tmp_path / "all", by_hand(2), *words) as both:
        assert both.ended(60) == [2, 2], both.said
        assert "--parallel single is of one process, and there are 2: take mesh or fsdp" in both.said[0]
    starts = by_hand(2)
    starts[1][0].extend(["--data", str(tmp_path / "nowhere")])
    with started(tmp_path / "one", starts, *words, "--parallel", "mesh") as both:
        assert both.ended(90) == [2, 2], both.said
        assert "process 1 of 2 gave up" in both.said[0] and "nowhere" in both.said[0]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--distributed", "auto"), "finds no Slurm step, no mpirun and no TPU pod around this process"),
        (("--process", "1"), "go together: add --coordinator and --processes"),
        (("--coordinator", "here", "--process", "0", "--processes", "2"), "--coordinator here: give HOST:PORT"),
        (("--coordinator", "a:1", "--process", "2", "--processes", "2"), "--process 2 of --processes 2: give 0 .. 1"),
        (("--coordinator", "a:1", "--distributed", "auto"), "and --coordinator names them: remove one"),
    ],
)
def test_what_cannot_be_joined_is_refused_in_one_line(words, line, capsys, monkeypatch):
    calls = []
    monkeypatch.setattr(jax.distributed, "initialize", lambda *args, **more: calls.append(args) or _none_found())
    assert main(["train", "digits", "--tiny", *words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and line in said and len(calls) == (words == ("--distributed", "auto"))


def _none_found():
    raise ValueError("coordinator_address should be defined.")

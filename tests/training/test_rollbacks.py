"""What comes of steps that are not numbers: they are skipped, or a training goes back, however it was cut up."""

import json
import shutil
import signal
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_runs import RING, result, rows, saved, state
from together import by_hand, started

from jaxgan import steps
from jaxgan.checkpoint import Checkpoints, keeping
from jaxgan.cli import main
from jaxgan.core import Pair
from jaxgan.errors import Diverged
from jaxgan.training import loop, rollback

SPOILT = Path(__file__).with_name("spoilt.py")
WILD = ["--loss", "least_squares", "--optimizer", "sgd", "--clip-norm", "0", "--lr-g", "1e9", "--lr-d", "1e9"]


def spoilt_step(bad_at):
    """A step that adds 1 to both sides, but is not a number at these steps."""

    def step(state, batch):
        x = jnp.where(jnp.isin(state.step, jnp.array(bad_at)), jnp.nan, batch)
        moved = lambda player: player._replace(params=jax.tree.map(lambda p: p + x, player.params))
        ema = jax.tree.map(lambda p: p + x, state.ema)
        new = state._replace(step=state.step + 1, g=moved(state.g), d=moved(state.d), ema=ema)
        return new, Pair({"loss": x}, {"loss": x})

    return step


def test_a_step_that_would_spoil_the_state_comes_to_nothing_within_a_dispatch_too():
    first = state(0)._replace(skips=steps.no_skips())
    step, batches = steps.guarded(spoilt_step([1, 2, 4])), 1.0 + jnp.arange(6.0)
    alone = first
    for batch in batches:
        alone, _ = jax.jit(step)(alone, batch)
    together, _ = jax.jit(steps.repeat(step, 6))(first, batches)
    for found in (alone, together):
        assert int(found.step) == 6 and float(found.g.params["kernel"][0, 0]) == 1.0 + 1 + 4 + 6
        assert {name: int(x) for name, x in found.skips.items()} == {"skipped": 3, "in_a_row": 0}
    for x, y in zip(jax.tree.leaves(alone), jax.tree.leaves(together), strict=True):
        np.testing.assert_array_equal(*(jax.random.key_data(z) if z.dtype == first.key.dtype else z for z in (x, y)))
    assert int(jax.jit(step)(first._replace(step=jnp.int32(1)), 1.0)[0].skips["in_a_row"]) == 1


@pytest.fixture
def spoilt(tmp_path, monkeypatch):
    def command(share, *more):
        monkeypatch.setenv("SPOILT", str(share))
        shutil.copy(SPOILT, tmp_path)
        return ["train", str(tmp_path / "spoilt.py"), "--data", "ring", *RING[2:], *more]

    return command


def test_skipping_goes_on_and_counts_and_a_resume_is_exact(spoilt, tmp_path):
    line = spoilt(0.05, "--on-nan", "skip", "--steps-per-dispatch", "5")
    assert main([*line, "--steps", "40", "--out", str(tmp_path / "whole")]) == 0
    assert main([*line, "--steps", "20", "--out", str(tmp_path / "parts")]) == 0
    assert main([*line, "--steps", "40", "--out", str(tmp_path / "parts"), "--resume", "must"]) == 0
    assert result(tmp_path / "whole")["state_sha256"] == result(tmp_path / "parts")["state_sha256"]
    assert rows(tmp_path / "whole")[-1]["skipped"] > 0
    assert main(["sample", str(tmp_path / "whole"), "--num", "4", "--recipe", str(tmp_path / "spoilt.py")]) == 0


def test_a_divergence_ends_with_70_and_names_what_is_not_finite(spoilt, tmp_path, capsys):
    line = spoilt(0.05, "--steps", "100", "--out", str(tmp_path / "run"))
    assert main(line) == 70
    assert ", g.params." in (said := capsys.readouterr().err) and "is not finite" in said and said.count("\n") == 1
    assert all(row["loss_g"] is not None for row in rows(tmp_path / "run"))


def test_after_a_rollback_other_draws_follow_and_a_resume_is_exact(spoilt, tmp_path, capsys):
    line = spoilt(0.05, "--on-nan", "rollback")
    assert main([*line, "--steps", "60", "--out", str(tmp_path / "whole")]) == 0
    assert "back to step" in capsys.readouterr().out
    record = json.loads((tmp_path / "whole" / "rollbacks.json").read_text())
    assert [one["number"] for one in record] == list(range(1, len(record) + 1))
    shutil.copytree(tmp_path / "whole", tmp_path / "parts")
    shutil.rmtree(tmp_path / "parts" / "checkpoints" / "60")  # as if it had been killed before its last save
    assert main([*line, "--steps", "60", "--out", str(tmp_path / "parts"), "--resume", "must"]) == 0
    assert result(tmp_path / "whole")["state_sha256"] == result(tmp_path / "parts")["state_sha256"]


def test_what_was_drawn_behind_a_rollback_is_drawn_again(tmp_path):
    folder = tmp_path / "run"
    (folder / "samples").mkdir(parents=True)
    for name in ("000020.png", "000030.png", "000030.wav", "000040.png", "000040.wav", "1000000.png", "sample-7.png"):
        (folder / "samples" / name).touch()
    (folder / "result.json").write_text('{"step": 40}')
    assert rollback.back(folder, 30, Diverged("step 45: g is not finite")) == 1
    left = sorted(path.name for path in (folder / "samples").iterdir())
    assert left == ["000020.png", "000030.png", "000030.wav", "sample-7.png"]
    assert not (folder / "result.json").exists()


def test_what_diverges_after_each_rollback_is_given_up(spoilt, tmp_path, capsys):
    line = spoilt(1.0, "--on-nan", "skip", "--skips", "5", "--steps", "60", "--out", str(tmp_path / "run"))
    assert main(line) == 70
    assert "and so it did after each of 3 rollbacks to step 0" in capsys.readouterr().err


def test_a_stretch_of_skipped_steps_is_seen_whenever_somebody_looks():
    guarded, done = jax.jit(steps.guarded(spoilt_step([11, 12, 13, 14]), 3)), []

    def advance(state, batch, count):
        done.append(count)
        return guarded(state, batch)

    def ends(interrupted):
        done.clear()
        first = state(0)._replace(skips=steps.no_skips())
        options = {"start": 0, "stop": 30, "chunk": 1, "images_per_step": 1, "skips": 3, "interrupted": interrupted}
        hooks = (loop.Hook(10, lambda *_: None, stopped=True),)
        with pytest.raises(Diverged, match="in a row") as error:
            loop.run(advance, first, lambda *_: jnp.float32(1), hooks=hooks, **options)
        return str(error.value)

    assert ends(lambda: False) == "3 steps in a row came to nothing, by step 20"
    assert ends(lambda: len(done) == 14) == "3 steps in a row came to nothing, by step 14"


# Where a training goes back to


def test_back_is_where_a_training_is_that_nobody_stopped():
    assert keeping.back_to([4000, 5000, 5100, 5200], 1000) == 5000
    assert (
        keeping.back_to([50], 1000) == 50 and keeping.back_to([], 1000) == 0
    )  # nothing is taken away before it is due
    assert keeping.back_to([1000, 5100, 5200], 1000) == 5200  # of a version that kept no other
    assert keeping.back_to([4000, 5000], 700) == 5000  # saved every so many other steps


def test_what_a_rollback_goes_back_to_is_kept_whatever_signals_save(tmp_path):
    found = Checkpoints(tmp_path / "checkpoints", keep_latest=1, keep_best=1, metric="fd", every=10)
    for step in (10, 20, 30, 33, 36):
        found.save(step, state(step), {"metrics": {"fd": float(step)}, "seconds": 1.0})
        found.wait()
    assert found.steps() == [10, 30, 36] and keeping.back_to(found.steps(), 10) == 30
    found.drop_after(30)
    assert found.steps() == [10, 30]
    found.close()


def test_what_was_saved_before_anything_was_due_stays_whatever_diverges(tmp_path, capsys):
    line = [*RING, *WILD, "--on-nan", "rollback", "--save-every-steps", "50", "--out", str(tmp_path / "run")]
    assert main([*line, "--lr-d", "0.01", "--lr-g", "0.01", "--steps", "5"]) == 0 and saved(tmp_path / "run") == [5]
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    config["config"] |= {"lr_g": 1e9, "lr_d": 1e9}
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    assert main([*line, "--steps", "60", "--resume", "must"]) == 70
    assert "back to step 5" in capsys.readouterr().out and saved(tmp_path / "run") == [5]


def test_what_is_given_up_keeps_what_was_saved_last(tmp_path, capsys):
    line = [*RING, *WILD, "--on-nan", "rollback", "--out", str(tmp_path / "run")]
    assert main([*line, "--lr-d", "0.01", "--lr-g", "0.01", "--steps", "13"]) == 0
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "13")
    assert main([*line, "--lr-d", "0.01", "--lr-g", "0.01", "--steps", "16", "--resume", "must"]) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    config["config"] |= {"lr_g": 1e9, "lr_d": 1e9}
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    record = [{"number": i, "to": 10, "why": "so"} for i in (1, 2, 3)]
    (tmp_path / "run" / "rollbacks.json").write_text(json.dumps(record))
    assert main([*line, "--steps", "60", "--resume", "must"]) == 70
    assert "after each of 3 rollbacks to step 10" in capsys.readouterr().err and saved(tmp_path / "run") == [10, 16]


def test_a_rollback_to_the_beginning_is_one_to_the_networks_that_were_taken(tmp_path, capsys):
    assert main([*RING, "--loss", "least_squares", "--steps", "10", "--out", str(tmp_path / "first")]) == 0
    line = [*RING, *WILD, "--on-nan", "rollback", "--steps", "60", "--init-from", str(tmp_path / "first")]
    assert main([*line, "--out", str(tmp_path / "run")]) == 70
    said = capsys.readouterr()
    assert "(rollback 3)" in said.out and "after each of 3 rollbacks to step 0" in said.err


def test_a_signal_just_before_a_divergence_ends_the_training_after_its_rollback(tmp_path, monkeypatch, capsys):
    line = [*RING, *WILD, "--on-nan", "rollback", "--steps", "60", "--out", str(tmp_path / "run")]
    usual = loop.run

    def run(*args, **how):
        monkeypatch.setattr(loop, "run", usual)
        signal.raise_signal(signal.SIGTERM)
        return usual(*args, **{**how, "interrupted": lambda: False})  # it comes when the loop has looked

    monkeypatch.setattr(loop, "run", run)
    assert main(line) == 143
    said = capsys.readouterr().out
    assert "(rollback 1)" in said and "SIGTERM" in said and "(rollback 2)" not in said


@pytest.mark.slow
def test_several_processes_go_back_together(tmp_path):
    shutil.copy(SPOILT, tmp_path)
    words = ("train", tmp_path / "spoilt.py", "--data", "ring", *RING[2:], "--on-nan", "rollback", "--parallel", "mesh")
    for share, steps_, status in (("0", 15, 0), ("1", 40, 70)):
        starts = [(flags, {"SPOILT": share}) for flags, _ in by_hand(2)]
        line = (*words, "--steps", steps_, "--resume", "auto", "--out", tmp_path / "run")
        with started(tmp_path / share, starts, *line) as both:
            assert both.ended(200) == [status] * 2, both.said
    assert "after each of 3 rollbacks to step 10" in both.said[0] and saved(tmp_path / "run") == [10]

"""Scalars and pictures for TensorBoard and Weights & Biases."""

import json
import struct
import sys
import types
from itertools import pairwise

import pytest

from jaxgan import BadInput
from jaxgan.cli import main
from jaxgan.training import hooks, loggers

EVERY = ["--log-every-steps", "5", "--sample-every-steps", "10", "--save-every-steps", "10"]


def events(folder):
    """Every (step, tag, value) in TensorBoard's files, as its own format has it."""
    from tensorboardX.proto.event_pb2 import Event

    for path in sorted(folder.glob("events*")):
        raw = path.read_bytes()
        while raw:
            (size,) = struct.unpack("<Q", raw[:8])
            event = Event.FromString(raw[12 : 12 + size])
            raw = raw[16 + size :]
            for value in event.summary.value:
                yield event.step, value.tag, value.simple_value if value.HasField("simple_value") else value.image


def test_tensorboard_has_the_rows_and_the_pictures(tmp_path):
    pytest.importorskip("tensorboardX")
    folder = tmp_path / "run"
    assert main(["train", "digits", "--tiny", "--log-to", "tensorboard", *EVERY, "--out", str(folder)]) == 0
    found = list(events(folder / "tensorboard"))
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    losses = {step: value for step, tag, value in found if tag == "loss_g"}
    assert losses == pytest.approx({row["step"]: row["loss_g"] for row in rows})
    shown = {step: image for step, tag, image in found if tag == "samples"}
    assert sorted(shown) == [10, 20] and shown[20].width > 100


@pytest.fixture
def wandb(monkeypatch):
    """A module in the place of wandb that keeps what it is told."""
    told = types.SimpleNamespace(begun=[], rows=[], finished=0)

    class Run:
        def log(self, row, step):
            told.rows.append((step, row))

        def finish(self):
            told.finished += 1

    def init(**options):
        told.begun.append(options)
        return Run()

    monkeypatch.setitem(sys.modules, "wandb", types.SimpleNamespace(init=init, Image=lambda path: f"image {path}"))
    return told


def test_weights_and_biases_goes_on_with_the_same_run(tmp_path, wandb):
    line = ["train", "digits", "--tiny", "--log-to", "wandb", *EVERY, "--out", str(tmp_path / "run")]
    assert main([*line, "--steps", "10"]) == 0
    assert main([*line, "--steps", "20", "--resume", "must"]) == 0
    first, second = wandb.begun
    assert first["id"] == second["id"] and second["resume"] == "allow" and first["config"]["steps"] == 10
    assert wandb.finished == 2
    steps = [step for step, _ in wandb.rows]
    assert steps == sorted(steps) and steps[-1] == 20
    pictures = {step: row["samples"] for step, row in wandb.rows if "samples" in row}
    assert list(pictures) == [10, 20] and pictures[20].endswith("000020.png")
    assert all("step" not in row for _, row in wandb.rows) and "loss_d" in wandb.rows[0][1]


def test_numbers_that_are_none_are_left_out(tmp_path, wandb):
    with loggers.open_loggers(("wandb",), tmp_path, "a run", {}, 0) as write:
        write({"step": 3, "penalty_d": float("nan"), "loss_g": 1.0, "fd": None})
    assert wandb.rows == [(3, {"loss_g": 1.0})]


def test_a_missing_package_and_an_unknown_name_are_told(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "wandb", None)
    assert main(["train", "digits", "--tiny", "--log-to", "wandb", "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert "wandb" in err and "pip install 'jaxgan[wandb]'" in err and err.count("\n") == 1
    assert not (tmp_path / "run").exists()
    with pytest.raises(BadInput, match="tensorboard"):
        loggers.check(("tensorbord",))


def test_curves_are_drawn_seldom_while_a_training_goes_on(monkeypatch):
    now, drawn = [0.0], []
    monkeypatch.setattr(hooks.time, "monotonic", lambda: now[0])

    def draw():
        drawn.append(now[0])
        now[0] += 0.5

    seldom = hooks._seldom(draw, first=10.0, share=0.01)
    for _ in range(2000):
        now[0] += 0.1
        seldom()
    assert len(drawn) == 4 and drawn[0] >= 10 and all(b - a >= 50 for a, b in pairwise(drawn))

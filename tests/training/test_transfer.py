"""A training begins with the networks of another run."""

import dataclasses
import json
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxgan
from jaxgan import inference, runs
from jaxgan.cli import main
from jaxgan.net import TRACKERS

EVERY = ["--log-every-steps", "2", "--sample-every-steps", "4", "--save-every-steps", "2"]
DCGAN = ["train", "dcgan", "--tiny", "--steps", "2", "--schedule", "constant", *EVERY]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A run of batch norms and a tracker, on two classes."""
    home = tmp_path_factory.mktemp("transfer")
    draw = np.random.default_rng(0)
    for name, classes in (("two", 2), ("three", 3)):
        image = draw.integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
        np.savez(home / f"{name}.npz", image=image, label=np.arange(24) % classes)
    assert (
        main([*DCGAN, "--data", str(home / "two.npz"), "--conditional", "--lecam", "0.1", "--out", str(home / "run")])
        == 0
    )
    return home


def test_a_run_that_goes_on_is_not_begun_from_another(source, tmp_path, capsys):
    line = [*DCGAN, "--data", str(source / "two.npz"), "--conditional", "--out", str(tmp_path / "run")]
    assert main(line) == 0
    more = ["--steps", "3", "--resume", "auto", "--init-from", str(source / "run")]
    assert main([*line, *more]) == 2
    assert f"began with no other run: remove --init-from {source / 'run'}" in capsys.readouterr().err
    own = ["--lecam", "0.1", "--init-from", str(source / "run"), "--out", str(tmp_path / "from")]
    assert main([*line, *own]) == 0
    assert main([*line, *own, "--steps", "3", "--resume", "auto"]) == 0  # a scheduler's same line
    shutil.copytree(tmp_path / "from", tmp_path / "first")
    gone = [*line, "--init-from", str(tmp_path / "first"), "--lecam", "0.1", "--out", str(tmp_path / "next")]
    assert main(gone) == 0
    shutil.rmtree(tmp_path / "first")
    assert main([*gone, "--steps", "3", "--resume", "auto"]) == 0  # which needs it no more


def same(ours, theirs):
    return jax.tree.map(np.array_equal, ours, theirs)


def test_networks_and_what_they_remember_are_taken_and_the_rest_begins(source, tmp_path, capsys):
    out = tmp_path / "run"
    line = [
        *DCGAN,
        "--data",
        str(source / "two.npz"),
        "--conditional",
        "--lecam",
        "0.2",
        "--lr-g",
        "1e-9",
        "--lr-d",
        "1e-9",
        "--lookahead",
        "2",  # half of the way back: to what was taken, not to what the seed draws
    ]
    line += ["--ema-halflife-images", "1e9", "--ema-ramp", "1e9", "--init-from", str(source / "run"), "--out", str(out)]
    assert main(line) == 0
    assert f"begun from step 2 of {source / 'run'}" in capsys.readouterr().out
    was, now = jaxgan.load(source / "run").state, jaxgan.load(out).state
    for ours, theirs in (
        (now.g.params, was.g.params),
        (now.d.params, was.d.params),
        (now.ema["params"], was.ema["params"]),
    ):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), ours, theirs)
    assert int(now.step) == 2 and now.d.stats[TRACKERS]["lecam"].batches == 2  # not 4: it began anew
    begun = inference.untrained(jaxgan.load(out))["batch_stats"]
    sides = (now.g.stats["batch_stats"], was.g.stats["batch_stats"], begun)
    for ours, theirs, fresh in zip(*map(jax.tree.leaves, sides), strict=True):
        assert np.abs(ours - theirs).max() < np.abs(ours - fresh).max()  # moved on from there, not from the beginning
    record = json.loads((out / "config.json").read_text())["begun_from"]
    result = json.loads((source / "run" / "result.json").read_text())
    assert record.pop("images") == 2 * jaxgan.load(source / "run").config.batch_size
    assert record == {"run": str(source / "run"), "step": 2, "state_sha256": result["state_sha256"]}


def test_the_average_goes_on_from_the_one_that_was_taken(source, tmp_path):
    line = [*DCGAN, "--data", str(source / "two.npz"), "--conditional", "--lecam", "0.1"]
    slow = ["--ema-ramp", "10", "--steps", "8", "--lr-g", "0.05"]
    assert main([*line, *slow, "--out", str(tmp_path / "first")]) == 0
    still = ["--ema-ramp", "10", "--lr-g", "1e-9", "--lr-d", "1e-9", "--init-from", str(tmp_path / "first")]
    assert main([*line, *still, "--out", str(tmp_path / "on")]) == 0
    was, now = jaxgan.load(tmp_path / "first").state, jaxgan.load(tmp_path / "on").state
    apart = lambda a, b: sum(float(np.abs(x - y).sum()) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True))
    assert apart(now.ema["params"], was.ema["params"]) < 0.5 * apart(was.g.params, was.ema["params"])
    assert main([*line, *still, "--steps", "4", "--out", str(tmp_path / "on"), "--resume", "auto"]) == 0
    assert main([*line, *still, "--steps", "4", "--out", str(tmp_path / "whole")]) == 0
    hashes = [json.loads((tmp_path / name / "result.json").read_text())["state_sha256"] for name in ("on", "whole")]
    assert hashes[0] == hashes[1]  # a run that goes on knows how many images came before


def test_the_run_goes_on_without_its_source(source, tmp_path, capsys):
    shutil.copytree(source / "run", tmp_path / "first")
    line = [*DCGAN, "--data", str(source / "two.npz"), "--conditional", "--lecam", "0.1"]
    whole = [*line, "--steps", "4", "--init-from", str(tmp_path / "first")]
    assert main([*whole, "--out", str(tmp_path / "whole")]) == 0
    assert main([*line, "--init-from", str(tmp_path / "first"), "--out", str(tmp_path / "parts")]) == 0
    shutil.rmtree(tmp_path / "first")
    assert main([*line, "--steps", "4", "--out", str(tmp_path / "parts"), "--resume", "must"]) == 0
    results = [json.loads((tmp_path / name / "result.json").read_text()) for name in ("whole", "parts")]
    assert results[0]["state_sha256"] == results[1]["state_sha256"]
    shutil.rmtree(tmp_path / "parts" / "checkpoints")
    (tmp_path / "parts" / "committed").unlink()
    assert main([*line, "--steps", "4", "--out", str(tmp_path / "parts"), "--resume", "auto"]) == 2
    assert "was begun from" in capsys.readouterr().err


def test_what_does_not_fit_is_named_and_refused_or_left_out(source, tmp_path, capsys):
    line = [*DCGAN, "--data", str(source / "three.npz"), "--conditional", "--init-from", str(source / "run")]
    assert main([*line, "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert (
        "g['params']['Dense_0']['kernel'] is float32[103," in said
        and "was float32[102," in said
        and "--init-partial" in said
    )
    assert not (tmp_path / "run").exists()
    assert main([*line, "--init-partial", "--out", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.count("left as it begins") >= 3
    was, now = jaxgan.load(source / "run"), inference.untrained(jaxgan.load(tmp_path / "run"))
    conv = lambda variables: variables["params"]["ConvTranspose_0"]["kernel"]
    assert not np.allclose(conv(was.state.g.variables), conv(now))
    np.testing.assert_allclose(
        conv(jaxgan.load(tmp_path / "run").state.g.variables), conv(was.state.g.variables), atol=0.05
    )
    other = ["train", "digits", "--tiny", "--steps", "2", *EVERY, "--init-from"]
    assert main([*other, str(source / "run"), "--out", str(tmp_path / "o")]) == 2
    assert "does not fit" in capsys.readouterr().err
    assert main(["train", "digits", "--init-partial"]) == 2 and "--init-from RUN" in capsys.readouterr().err
    assert main([*other, str(source), "--out", str(tmp_path / "p")]) == 2


def test_a_run_of_a_recipe_of_ones_own_begins_another(tmp_path):
    text = Path(jaxgan.recipes.digits.__file__).read_text()
    (tmp_path / "mine.py").write_text(text)
    line = ["train", str(tmp_path / "mine.py"), "--tiny", "--steps", "2", *EVERY]
    assert main([*line, "--out", str(tmp_path / "one")]) == 0
    assert main([*line, "--init-from", str(tmp_path / "one"), "--out", str(tmp_path / "two")]) == 0
    assert json.loads((tmp_path / "two" / "config.json").read_text())["begun_from"]["step"] == 2


def test_frozen_layers_of_d_keep_the_weights_of_the_run_they_are_from(source, tmp_path, capsys):
    data = ["--data", str(source / "two.npz"), "--conditional"]
    line = [*DCGAN, *data, "--freeze-d", "1", "--lookahead", "2", "--penalty", "r1"]
    assert main([*line, "--out", str(tmp_path / "run")]) == 2
    assert "--freeze-d 1 keeps what D begins with: add --init-from RUN" in capsys.readouterr().err
    whole = [*line, "--init-from", str(source / "run"), "--out", str(tmp_path / "run")]
    assert main([*whole, "--freeze-d", "3"]) == 2
    assert "--freeze-d is 3 of the network's 3 layers: give 2 or less" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert main(whole) == 0
    was, now = jaxgan.load(source / "run").state.d.params, jaxgan.load(tmp_path / "run").state.d.params
    jax.tree.map(np.testing.assert_array_equal, now["Conv_0"], was["Conv_0"])
    assert not np.array_equal(now["Dense_0"]["kernel"], was["Dense_0"]["kernel"])
    assert main([*line, "--steps", "4", "--out", str(tmp_path / "run"), "--resume", "must"]) == 0  # needs no source
    again = jaxgan.load(tmp_path / "run").state.d.params
    jax.tree.map(np.testing.assert_array_equal, again["Conv_0"], was["Conv_0"])


def test_a_run_that_is_open_is_one_to_begin_with(source, tmp_path):
    run = runs.open_run(source / "run")
    config = dataclasses.replace(run.config, data=str(source / "two.npz"), steps=1)
    made = jaxgan.training.train("dcgan", config, out=tmp_path / "run", init_from=run)
    assert made.begun_from["run"] == str(source / "run")
    again = jaxgan.training.rerun(made, out=tmp_path / "again", init_from=run)
    assert again.same

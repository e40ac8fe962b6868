"""A run's data are found again where they are now, with what lies beside them; what is held out comes with its own."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxgan import inference, recipes, runs
from jaxgan.cli import main
from jaxgan.errors import BadInput
from jaxgan.training import compiled


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def put(folder, value, names="ab", size=16):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(names):
        Image.new("RGB", (size, size), (value, 10 * i, 0)).save(f"{folder}/{name}.png")


def begun(recipe, **options):
    """A run of which nothing was trained."""
    module = recipes.get(recipe)
    config = module.Config(**{**module.TINY, **options})
    return runs.create(Path(recipe), module, config, compiled.prepare(module, config).info)


@pytest.mark.parametrize("recipe", ["pix2pix", "cyclegan"])
def test_held_out_pictures_come_with_inputs_of_their_own(recipe):
    for folder, value in (("B", 1), ("A", 2), ("other", 3), ("others", 4)):
        put(folder, value)
    run = begun(recipe, data="B", input="A")
    with pytest.raises(BadInput, match="other has no column input: say where they are with --held-out-input SOURCE"):
        inference.data_of(run, held_out="other")
    _, other = inference.data_of(run, held_out="other", others=inference.Beside(input="others"))
    assert (other["image"][0, 0, 0, 0], other["input"][0, 0, 0, 0]) == (3, 4)
    np.savez("both.npz", image=other["image"], input=other["input"])
    _, other = inference.data_of(run, held_out="both.npz")
    assert (other["image"][0, 0, 0, 0], other["input"][0, 0, 0, 0]) == (3, 4)
    with pytest.raises(BadInput, match="--held-out-input others lies beside a --held-out SOURCE: give it too"):
        inference.data_of(run, others=inference.Beside(input="others"))
    with pytest.raises(BadInput, match="--masks B, but the run was trained without --masks: remove it"):
        inference.data_of(run, moved=inference.Beside(masks="B"))


def test_held_out_pairs_may_be_files_where_a_run_s_are_side_by_side():
    put("both", 1)
    for path in Path("both").iterdir():
        Image.new("RGB", (32, 16), (9, 0, 0)).save(path)
    put("other", 3)
    put("others", 4)
    run = begun("pix2pix", data="both", side_by_side="left-input", input="")
    _, other = inference.data_of(run, held_out="other", others=inference.Beside(input="others"))
    assert (other["image"][0, 0, 0, 0], other["input"][0, 0, 0, 0]) == (3, 4)


def test_data_that_were_moved_are_named_with_what_lies_beside_them():
    put("B", 1)
    put("A", 2)
    run = begun("pix2pix", data="B", input="A")
    for name in "AB":
        shutil.move(name, f"new{name}")
    with pytest.raises(BadInput, match="where they are now with --data SOURCE and --input SOURCE"):
        inference.data_of(run)
    with pytest.raises(BadInput, match="where they are now with --input SOURCE"):
        inference.data_of(run, "newB")
    with pytest.raises(BadInput, match="there is no nowhere/A") as told:
        inference.data_of(run, "newB", moved=inference.Beside(input="nowhere/A"))
    assert "where they are now" not in str(told.value)
    dataset, _ = inference.data_of(run, "newB", moved=inference.Beside(input="newA"))
    assert dataset.sha256 == run.data.sha256
    put("newA", 5)
    with pytest.raises(BadInput, match=r"has sha256 .* the run was trained on B"):
        inference.data_of(run, "newB", moved=inference.Beside(input="newA"))


def test_a_training_goes_on_and_is_measured_where_its_data_are_now(capsys):
    put("B", 1, "abcd")
    put("A", 2, "abcd")
    command = ["train", "pix2pix", "--tiny", "--data", "B", "--input", "A", "--out", "run"]
    assert main([*command, "--steps", "2"]) == 0
    for name in "AB":
        shutil.move(name, f"new{name}")
    now = ["--data", "newB", "--input", "newA"]
    for words in (["sample", "run", "--num", "4"], ["evaluate", "run", "--features", "pixels", "--num", "4"]):
        assert main([*words, *now]) == 0
    assert main(["train", "pix2pix", "--tiny", *now, "--out", "run", "--steps", "4", "--resume", "auto"]) == 0
    assert runs.open_run("run").config.input == "newA"
    capsys.readouterr()
    assert main(["evaluate", "run", "--split", "test", "--held-out", "newB", "--num", "4"]) == 2
    assert "newB has no column input" in capsys.readouterr().err

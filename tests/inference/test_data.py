"""A run's data are found again where they are now, with what lies beside them; what is held out comes with its own."""

import itertools
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxgan import inference, recipes, runs
from jaxgan.cli import main
from jaxgan.errors import BadInput
from jaxgan.training import compiled

_COUNT = itertools.count()


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
    return runs.create(Path(f"runs/{next(_COUNT)}"), module, config, compiled.prepare(module, config).info)


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


def classes(*parts, names="ab", value=1):
    for part in parts:
        for name in names:
            put(f"{part}/{name}", value := value + 1, "12")


def test_of_a_source_that_holds_something_out_that_is_held_out():
    classes("own/train", "own/val", "own/test", "others/train", "others/val", "flat")
    run = begun("dcgan", data="own", resolution=32)
    of = lambda *given, **how: inference.data_of(*given, **how)[1]
    assert of(run).part == of(run, held_out="own").part == of(run, held_out="others").part == "val"
    assert of(run, held_out="own").sha256 == of(run).sha256
    assert of(run, held_out="flat").size == of(run, held_out="own/test").size == 4
    for same in ("own/train", "own/train/"):
        with pytest.raises(
            BadInput, match=r"--held-out own/train.* has sha256 (\w{12}) and 4 samples, as has own, .* was not"
        ):
            of(run, held_out=same)
    part = begun("dcgan", data="own", resolution=32, split="val")
    assert of(part, held_out="own").part == of(part).part == "test"
    Path("moved").symlink_to("own")
    assert of(run, "moved", "moved").part == "val"


def test_of_two_splits_the_other_is_held_out_however_the_folder_is_written():
    classes("two/train", "two/test")
    run = begun("dcgan", data="two", resolution=32, split="test")
    for source in ("two", "two/", f"{Path.cwd()}/two", "two/train"):
        own, other = inference.data_of(run, held_out=source)
        assert other["image"][..., 0].max() < own["image"][..., 0].min()


def test_held_out_labels_are_beside_those_that_the_source_has_now():
    """As a run of before has them that read 00 and 01 as 0 and 1."""
    classes("own/train", "own/val")
    run = begun("dcgan", data="own", resolution=32, conditional=True)
    old = run.data.specs["label"]._replace(classes=("0", "1"))
    run = run._replace(data=run.data._replace(specs={**run.data.specs, "label": old}))
    assert inference.data_of(run)[1]["label"].tolist() == [0, 0, 1, 1]


def test_held_out_texts_are_whole_files_and_of_the_run_s_own_the_last_tenth():
    for name, text in (("own", "abcde fghij "), ("other", "fghij abcde ")):
        Path(f"{name}.txt").write_text(text * 20)
    run = begun("text_gan", data="own.txt", length=10)
    for source, size in (("own.txt", 24 - 10), ("other.txt", 240 - 1 - 10 + 1)):
        found = inference.data_of(run, held_out=source)[1]
        assert found.size == size, (source, found.size)
    Path("lines.txt").write_text("".join(f"{a}{b}\n" for a in "abcdefghij" for b in "abcdef"))
    shutil.copy("own.txt", "copy.txt")
    for source, size in (("lines.txt", 179 - 10 + 1), ("copy.txt", 24 - 10)):
        assert inference.data_of(run, held_out=source)[1].size == size, source
    Path("short.txt").write_text("fghij abcd")  # nine tenths of which are no sample
    assert inference.data_of(run, held_out="short.txt")[1].size == 1
    Path("short.txt").write_text("fghij abc")
    with pytest.raises(BadInput, match=r"short\.txt has 9 characters, and a sample \d+: give a longer text"):
        inference.data_of(run, held_out="short.txt")
    Path("mine.txt").write_text("abcdefghij\n" * 20)
    run = begun("text_gan", data="lines:mine.txt", length=10)
    assert inference.data_of(run, held_out="lines:lines.txt")[1].size == 60
    assert inference.data_of(begun("text_gan"), held_out="sentences")[1].size == 5000


def test_the_text_that_was_trained_on_is_not_held_out_by_another_cut():
    draw = np.random.default_rng(0)
    Path("own.txt").write_text("\n".join("".join(draw.choice(list("abcdef"), 12)) for _ in range(40)))
    shutil.copy("own.txt", "copy.txt")
    for own, others in (("lines:own.txt", ("own.txt", "copy.txt")), ("own.txt", ("lines:own.txt", "lines:copy.txt"))):
        run = begun("text_gan", data=own, length=10)
        for source in others:
            with pytest.raises(
                BadInput, match=f"--held-out {source} is the text of {own}, which the run was trained on"
            ):
                inference.data_of(run, held_out=source)
        assert inference.data_of(run, held_out=own)[1].sha256 == inference.data_of(run)[1].sha256


def test_labels_that_are_none_of_the_run_s_are_refused_with_both():
    classes("own/train")
    classes("fewer", names="b", value=50)
    classes("others", names="bz", value=60)
    put("plain", 9)
    put("numbers", 7)
    Path("numbers/labels.csv").write_text("file,a,b\na.png,1,2.5\nb.png,3,4\n")
    run = begun("dcgan", data="own", resolution=32, conditional=True)
    other = inference.data_of(run, held_out="fewer")[1]
    assert other.classes == ("a", "b") and other["label"].tolist() == [1, 1]
    for source, has in (("others", "2 classes (b, z)"), ("plain", "none"), ("numbers", "2 numbers (a, b)")):
        said = f"the run has labels of 2 classes (a, b), {source} has {has}: give such"
        with pytest.raises(BadInput, match=re.escape(said)):
            inference.data_of(run, held_out=source)
    assert inference.data_of(begun("dcgan", data="own", resolution=32), held_out="others")[1].classes == ("b", "z")


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

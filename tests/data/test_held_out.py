"""What is held out has the labels of what was trained on: by name, whichever of them its own files have."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data
from jaxgan.data.dataset import renumbered


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def put(*names):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), "teal").save(name)


def both(source):
    trained = data.load(source)
    return trained, data.held_out(source, like=trained)


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize(
    ("others", "numbers"), [(["b", "c"], [1, 2]), (["c"], [2]), (["b/more"], [1]), (["a", "b", "c"], [0, 1, 2])]
)
def test_classes_are_those_of_what_was_trained_on(kind, others, numbers):
    put(*(f"s/pets/train/{name}/1.png" for name in "abc"), *(f"s/pets/val/{name}/2.png" for name in others))
    source = "s"
    if kind == "zip":
        with zipfile.ZipFile("s.zip", "w") as archive:
            for file in sorted(Path("s").rglob("*.png")):
                archive.write(file, file.relative_to("s"))
        source = "s.zip"
    trained, other = both(source)
    assert other.classes == trained.classes == ("a", "b", "c")
    assert other["label"].tolist() == numbers and other["label"].dtype == np.int32
    assert other.specs["label"] == trained.specs["label"]


def test_films_and_sounds_of_one_class_are_of_it():
    soundfile = pytest.importorskip("soundfile")
    for part, names in (("train", "ab"), ("val", "b")):
        put(*(f"films/{part}/{name}/film/{i}.png" for name in names for i in range(3)))
        for name in names:
            Path(f"sounds/{part}/{name}").mkdir(parents=True)
            soundfile.write(f"sounds/{part}/{name}/a.wav", np.zeros(64), 8000)
    for source in ("video:films", "sounds"):
        trained, other = both(source)
        assert trained.classes == other.classes == ("a", "b") and set(other["label"].tolist()) == {1}


def test_classes_that_are_none_of_those_keep_their_names():
    put("s/train/a/1.png", "s/train/b/1.png", "s/val/b/2.png", "s/val/z/2.png", "t/train/1.png", "t/val/a/1.png")
    assert both("s")[1].classes == ("b", "z")  # cities of another country, say, where no label is used
    assert both("t")[1].classes == ()  # a folder around everything


def labelled(source, tables):
    for part, table in tables.items():
        put(*(f"{source}/{part}/{name}" for name in table))
        Path(f"{source}/{part}/labels.json").write_text(json.dumps(table))


def test_words_that_no_sample_has_are_none_of_its_own():
    tags = {"train": {"1.png": ["cat", "dog"], "2.png": ["sun"]}, "val": {"3.png": ["sun"], "4.png": ["sun", "dog"]}}
    labelled("s", tags)
    trained, other = both("s")
    assert other.classes == trained.classes == ("cat", "dog", "sun")
    np.testing.assert_array_equal(other["label"], np.float32([[0, 0, 1], [0, 1, 1]]))
    assert other["label"].dtype == np.float32 and {len(one) for one in other.specs["label"].examples} == {3}


def test_columns_of_numbers_are_found_by_name_and_all_asked_for():
    for part, head, rows in (("train", "p,q", "1,2.5"), ("val", "q,p", "3,4.5"), ("test", "q", "0.5")):
        put(f"s/{part}/1.png")
        Path(f"s/{part}/labels.csv").write_text(f"file,{head}\n1.png,{rows}\n")
    trained, other = both("s")
    assert other.classes == trained.classes == ("p", "q") and other["label"].tolist() == [[4.5, 3]]
    with pytest.raises(BadInput, match="has the numbers q, and p, q are wanted: give them all"):
        renumbered(data.load("s", split="test"), trained.classes)
    with pytest.raises(KeyError):
        renumbered(trained, ("q",))

"""Tables of labels: codes stay as they are written, own names are enough where they are single, others' tables are left aside."""

import json

import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data


def put(folder, *names):
    for name in names:
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), len(name)).save(path)
    return str(folder)


@pytest.fixture
def four(tmp_path):
    """Function (text of a labels.csv): the Dataset of a folder of a, b, c, d."""
    source = put(tmp_path / "set", *"abcd")

    def load(text):
        (tmp_path / "set" / "labels.csv").write_text(text)
        return data.load(source)

    return load


@pytest.mark.parametrize(
    ("words", "classes"),
    [
        (("01", "1", "1_0", "10"), ("01", "1", "10", "1_0")),
        (("1e3", "2e3", "1000", "abc"), ("1000", "1e3", "2e3", "abc")),
        (("1e3", "2e3", "1000", "1000"), ("1000", "1e3", "2e3")),
        (("1.0", "1.50", "x", "x"), ("1.0", "1.50", "x")),
        (("\u0661", "1", "1", "1"), ("1", "\u0661")),
        (("1", "2", "10", "10"), ("1", "2", "10")),
        (("1.0", "1", "2", "2"), ("1", "2")),
    ],
)
def test_codes_stay_as_they_are_written(words, classes, four):
    found = four("file,label\n" + "".join(f"{name}.png,{word}\n" for name, word in zip("abcd", words, strict=True)))
    assert found.classes == classes
    if any(not word.isdigit() or word.startswith("0") for word in classes):
        assert [found.classes[i] for i in found["label"]] == list(words)


@pytest.mark.parametrize(
    "words", [("0.5", "-2", "1e-05", "1.5E+3"), ("0.5", "1e3", "2.5", "01"), (".5", "+3", "1.000e00", "-0.25")]
)
def test_numbers_as_programs_write_them_are_numbers(words, four):
    found = four("file,x\n" + "".join(f"{name}.png,{word}\n" for name, word in zip("abcd", words, strict=True)))
    np.testing.assert_array_equal(found["label"], np.array([[float(word)] for word in words], np.float32))


def test_other_separators_and_their_decimals_are_read(four):
    for separator in ";\t":
        rows = ("file|label", "a.png|x", "b.png|y", "c.png|y, z", "d.png|x")
        found = four("\n".join(rows).replace("|", separator))
        assert found.classes == ("x", "y", "y, z") and found["label"].tolist() == [0, 1, 2, 0]
    found = four("file;p;q\na.png;0,5;1\nb.png;-1,25;0\nc.png;2;0\nd.png;0;0\n")
    assert found["label"].tolist() == [[0.5, 1], [-1.25, 0], [2, 0], [0, 0]]
    found = four("file;p\na.png;0,5\nb.png;1,5E-03\nc.png;2\nd.png;0\n")
    np.testing.assert_allclose(found["label"], [[0.5], [0.0015], [2], [0]], rtol=1e-6)
    assert four("file;p\na.png;1,2\nb.png;2,3\nc.png;a\nd.png;a\n").classes == ("1,2", "2,3", "a")
    assert four("file\tp\na.png\t1,000\nb.png\t1,500\nc.png\t2\nd.png\t2\n").classes == ("1,000", "1,500", "2")
    with pytest.raises(BadInput, match="has no labels: give a head such as file,label"):
        four("file label\na.png x\n")


def test_stylegans_way_to_say_no_labels_is_the_last_word(tmp_path):
    source = put(tmp_path / "sg", "00000/img0", "00000/img1", "00001/img2")
    assert data.load(source).classes == ("00000", "00001")
    (tmp_path / "sg" / "dataset.json").write_text(json.dumps({"labels": None}))
    found = data.load(source)
    assert "label" not in found
    assert found.notes == (f"{source}/dataset.json says that there are no labels: folders are no classes",)


@pytest.mark.parametrize("suffix", [".png", ""])
def test_own_names_are_enough_where_each_is_single(suffix, tmp_path):
    source = put(tmp_path, "train/t0", "train/t1", "test/s0", "test/s1")
    table = tmp_path / "labels.csv"
    rows = [f"t0{suffix},cat", f"t1{suffix},dog", f"s0{suffix},dog", f"s1{suffix},ant"]
    table.write_text("\n".join(["file,label", *rows]))
    found, other = data.load(source), data.load(source, split="test")
    assert [found.classes[i] for i in found["label"]] == ["cat", "dog"]
    assert [other.classes[i] for i in other["label"]] == ["dog", "ant"]
    table.write_text("\n".join(["file,label", *rows[:2]]))
    assert data.load(source).classes == ("cat", "dog")
    assert "left aside" in data.load(source, split="test").notes[0]
    table.write_text("\n".join(["file,label", rows[0]]))
    assert "left aside" in data.load(source).notes[0]


def test_numbers_that_both_splits_count_from_0_are_nobodys(tmp_path):
    source = put(tmp_path, "train/a/0", "train/b/1", "test/a/1", "test/b/2")
    (tmp_path / "labels.csv").write_text("file,label\n0.png,cat\n1.png,dog\n2.png,dog\n")
    found = data.load(source)
    assert found.classes == ("a", "b") and "left aside" in found.notes[0]


def test_a_name_of_several_images_and_one_with_another_folder_are_nobodys(tmp_path):
    source = put(tmp_path, "train/0", "test/0")
    (tmp_path / "labels.csv").write_text("file,label\n0.png,cat\n")
    assert "label" not in data.load(source)
    source = put(tmp_path / "m", "x/0", "x/1", "y/2")
    (tmp_path / "m" / "labels.csv").write_text("file,label\nz/0.png,cat\nz/1.png,dog\nz/2.png,dog\n")
    with pytest.raises(BadInput, match="no row for 3 of 3 images"):
        data.load(source)
    (tmp_path / "m" / "labels.csv").write_text("file,label\n0.png,cat\n1.png,dog\n2.png,dog\n")
    assert data.load(source).classes == ("cat", "dog")


def test_the_table_beside_a_folder_is_found_from_inside(tmp_path, monkeypatch):
    put(tmp_path / "hb", "0", "1", "sub/2")
    (tmp_path / "hb.csv").write_text("file,label\n0.png,x\n1.png,y\n2.png,y\n")
    monkeypatch.chdir(tmp_path / "hb")
    (tmp_path / "hb" / "sub" / "2.png").rename("2.png")
    assert data.load(".").classes == data.load("../hb").classes == ("x", "y")
    monkeypatch.chdir(tmp_path / "hb" / "sub")
    assert data.load("..").classes == ("x", "y")


COCO = {"info": {}, "images": [{"id": i, "file_name": f"{i}.jpg"} for i in range(1000)], "annotations": []}


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("json", json.dumps(COCO)),
        ("json", '{"version": 3, "camera": {"name": "x", "name": "y"}}'),
        ("json", "no JSON"),
        ("json", "[1, 2]"),
        ("csv", "just one column\nx\n"),
        ("csv", "id,price\n17,3,4\n"),
        ("csv", "id,price\n3,caf\xe9\n".encode("latin-1")),
        ("csv", "id,price\n0,3\n8,2\n"),
    ],
)
def test_a_file_beside_the_folder_that_is_no_table_of_it_is_left_aside(suffix, text, tmp_path):
    source = put(tmp_path / "photos", "cat/0", "dog/1")
    (tmp_path / f"photos.{suffix}").write_bytes(text if isinstance(text, bytes) else text.encode())
    found = data.load(source)
    assert found.classes == ("cat", "dog")
    (note,) = found.notes
    assert f"photos.{suffix}" in note and "left aside" in note and len(note) < 250 + len(source)


def test_rows_in_messages_are_cut_short(tmp_path):
    source = put(tmp_path / "set", "images", "0")
    (tmp_path / "set.json").write_text(json.dumps(COCO))  # of a picture called images
    with pytest.raises(BadInput, match=r"the label of images is .* [.]{3}: give a number") as raised:
        data.load(source)
    assert len(str(raised.value)) < 250 + len(source)

"""Samples that are made on the way to the device: textures, Stacked MNIST, sets of tensorflow-datasets."""

import json
import shutil
import time
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from test_sources import write_idx

from jaxgan import BadInput, data
from jaxgan.cli import main
from jaxgan.data.sources.crops import Crops


def on_device(dataset, rows):
    pick = jax.jit(dataset["image"].gather)
    return np.asarray(pick(dataset["image"].arrays, rows))


def test_textures_are_crops_of_three_photographs():
    from skimage import data as photographs

    found = data.load("textures")
    assert found["image"].shape[1:] == (64, 64, 3) and found.classes == ("brick", "grass", "gravel")
    places = (512 - 64 + 1) ** 2
    assert len(found["image"]) == 3 * places and np.bincount(found["label"]).tolist() == [places] * 3
    row = 2 * places + 5 * (512 - 64 + 1) + 9
    crop = found["image"][np.array([row])][0]
    np.testing.assert_array_equal(crop, np.repeat(photographs.gravel()[5:69, 9:73, None], 3, axis=-1))
    assert data.load("textures", 32, channels=1)["image"].shape[1:] == (32, 32, 1)


def test_crops_of_pictures_of_several_sizes_are_the_same_on_host_and_device():
    draw = np.random.default_rng(0)
    pictures = [draw.integers(0, 256, (*size, 2), dtype=np.uint8) for size in ((9, 12), (20, 8), (8, 8))]
    view = Crops(pictures, 8)
    expected = [p[i : i + 8, j : j + 8] for p in pictures for i in range(p.shape[0] - 7) for j in range(p.shape[1] - 7)]
    np.testing.assert_array_equal(view[:], np.stack(expected))
    rows = draw.integers(0, len(view), (3, 4)).astype(np.int32)
    np.testing.assert_array_equal(jax.jit(view.gather)(view.arrays, rows), view[rows])
    assert view.picture_of(np.array([0, 9, 10, 22, 23])).tolist() == [0, 0, 1, 1, 2]


def test_of_very_large_pictures_not_every_place_is_used(monkeypatch):
    monkeypatch.setattr("jaxgan.data.sources.crops.MOST", 100)
    picture = np.arange(50 * 60, dtype=np.uint32).reshape(50, 60, 1)
    view = Crops([picture], 8)
    assert 25 < len(view) <= 110
    corners = [(x // 60, x % 60) for x in view[:][:, 0, 0, 0].tolist()]
    assert corners[0] == (0, 0) and max(top for top, _ in corners) > 35 and max(left for _, left in corners) > 45
    every = corners[1][1]
    assert every > 1 and all(top % every == 0 and left % every == 0 for top, left in corners)


@pytest.fixture
def digits_folder(tmp_path):
    digits = data.load("digits")
    folder = tmp_path / "idx"
    folder.mkdir()
    write_idx(folder / "train-images-idx3-ubyte", digits["image"][..., 0])
    write_idx(folder / "train-labels-idx1-ubyte", digits["label"].astype(np.uint8))
    return folder


def test_stacked_mnist_has_a_digit_in_each_channel(digits_folder):
    digits, found = data.load("digits"), data.load(f"stacked_mnist:{digits_folder}")
    assert found["image"].shape == (128_000, 8, 8, 3) and len(found.classes) == 1000
    assert np.unique(found["label"]).size == 1000  # every mode occurs
    triples = found["image"].arrays["triples"]
    for channel in range(3):  # each epoch of a channel is a permutation, and the channels' differ
        assert sorted(triples[:1797, channel]) == list(range(1797))
    assert (triples[:, 0] != triples[:, 1]).mean() > 0.99
    for row in (0, 77, 127_999):
        image = found["image"][np.array(row)]
        for channel in range(3):
            np.testing.assert_array_equal(image[..., channel], digits["image"][triples[row, channel], ..., 0])
        figures = "".join(str(digits["label"][i]) for i in triples[row])
        assert found.classes[found["label"][row]] == figures
    rows = np.array([[5, 6], [7, 100_000]], np.int32)
    np.testing.assert_array_equal(on_device(found, rows), found["image"][rows])
    assert data.load(f"stacked_mnist:{digits_folder}").info == found.info


def test_stacked_mnist_needs_digits_with_labels(digits_folder, tmp_path):
    with pytest.raises(BadInput, match="stacked_mnist:FOLDER"):
        data.load("stacked_mnist")
    with pytest.raises(BadInput, match="no idx files"):
        data.load(f"stacked_mnist:{tmp_path}")
    (digits_folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(BadInput, match="no labels"):
        data.load(f"stacked_mnist:{digits_folder}")


@pytest.mark.parametrize("source", ["textures", "stacked"])
def test_resident_and_streamed_views_give_the_same_samples(source, digits_folder):
    found = data.load(f"stacked_mnist:{digits_folder}" if source == "stacked" else "textures")
    batches = []
    for resident in (True, False):
        loader = data.Loader(found, 8, seed=5, flip=True, turns=2, chunk=2, resident=resident)
        batches.append(jax.jit(loader.gathering(lambda state, batch: batch))(0, loader.batch(4), *loader.shared))
    jax.tree.map(np.testing.assert_array_equal, *batches)
    assert batches[0]["image"].shape[:3] == (2, 2, 8)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    return tmp_path / "tfds"


def test_a_source_becomes_a_tfds_set_and_is_read_back(home, capsys):
    assert main(["data", "write", "digits", "--name", "my_digits"]) == 0
    assert "tfds:my_digits" in capsys.readouterr().out
    digits, found = data.load("digits"), data.load("tfds:my_digits")
    assert found["image"].shape == digits["image"].shape and found.classes == digits.classes
    pairs = lambda d: sorted((image.tobytes(), int(label)) for image, label in zip(d["image"], d["label"], strict=True))
    assert pairs(found) == pairs(digits)  # in an order of their own
    assert data.load(f"tfds:{home}/my_digits").sha256 == found.sha256
    assert data.load("tfds:my_digits", memory=0)["image"][[]].shape == (0, *found["image"].shape[1:])
    assert data.load("tfds:my_digits", split="train").sha256 == found.sha256
    assert data.held_out("tfds:my_digits", split="train") is None
    with pytest.raises(BadInput, match="tfds:my_digits has the splits train, and none called val: add --split train"):
        data.load("tfds:my_digits", split="val")
    small = data.load("tfds:my_digits", 4, memory=0)
    assert small["image"].shape == (1797, 4, 4, 1) and not isinstance(small["image"], np.ndarray)
    np.testing.assert_array_equal(
        small["image"][np.array([[5], [9]])], data.load("tfds:my_digits", 4)["image"][[[5], [9]]]
    )
    assert main(["data", "write", "digits", "--name", "my_digits"]) == 2
    assert "already there" in capsys.readouterr().err


def test_a_set_that_was_not_written_to_its_end_is_written_again_and_names_are_of_one_class(home, monkeypatch):
    image = np.zeros((2, 4, 4, 3), np.uint8)
    with monkeypatch.context() as patch:
        patch.setattr(data.tfds, "_png", lambda _: (_ for _ in ()).throw(OSError("the disk is full")))
        with pytest.raises(OSError, match="the disk is full"):
            data.tfds.write(data.from_arrays("two", {"image": image}), "again")
    data.tfds.write(data.from_arrays("two", {"image": image}), "again")
    assert data.load("tfds:again").size == 2
    with pytest.raises(BadInput, match="two classes of one name"):
        twice = {"image": image, "label": np.arange(2, dtype=np.int32)}
        data.tfds.write(data.from_arrays("two", twice, ("a", "a")), "twice")


def test_what_is_trained_on_is_not_held_out(monkeypatch):
    splits = lambda *names: (None, SimpleNamespace(info=SimpleNamespace(splits=dict.fromkeys(names))))
    monkeypatch.setattr(data.tfds, "load", lambda word, how, memory, split: split)
    for there, split, expected in (
        (("train", "test", "validation"), "", "test"),
        (("train", "test", "validation"), "test", "validation"),
        (("train", "test", "validation"), "val", "test"),
        (("test",), "", None),
        (("validation", "test"), "", "test"),
    ):
        monkeypatch.setattr(data.tfds, "_builder", lambda word, there=there: splits(*there))
        assert data.tfds.held_out("tfds:x", None, split) == expected


def test_label_vectors_survive_tfds(home):
    image = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3), dtype=np.uint8)
    label = np.random.default_rng(1).standard_normal((6, 2)).astype(np.float32)
    data.tfds.write(data.from_arrays("mine", {"image": image, "label": label}, ("a", "b")), "vectors")
    found = data.load("tfds:vectors")
    order = [next(i for i in range(6) if (image[i] == one).all()) for one in found["image"]]
    np.testing.assert_allclose(found["label"], label[order])


def test_a_tfds_set_trains_without_tensorflow(home, tmp_path):
    import sys

    data.tfds.write(data.load("digits"), "my_digits")
    assert main(["train", "digits", "--tiny", "--data", "tfds:my_digits", "--out", str(tmp_path / "run")]) == 0
    assert json.loads((tmp_path / "run" / "config.json").read_text())["data"]["size"] == 1797
    assert "tensorflow" not in sys.modules


def test_a_tfds_set_that_is_not_there_is_told_at_once(home, capsys):
    begin = time.perf_counter()
    assert main(["train", "digits", "--data", "tfds:mnist"]) == 2
    assert time.perf_counter() - begin < 20
    err = capsys.readouterr().err
    assert "tfds:mnist is not prepared" in err and "tfds.builder('mnist', file_format='array_record')" in err
    assert "pip install 'jaxgan[tf]'" in err and err.count("\n") == 1


def test_a_damaged_tfds_set_and_another_file_format_are_told(home):
    data.tfds.write(data.load("digits"), "my_digits")
    info = home / "my_digits" / "1.0.0" / "dataset_info.json"
    good = info.read_text()
    info.write_text(good.replace('"array_record"', '"tfrecord"').replace("{FILEFORMAT}", "{FILEFORMAT}"))
    with pytest.raises(BadInput, match=r"tfrecord.*array_record"):
        data.load("tfds:my_digits")
    info.write_text(good[:50])
    with pytest.raises(BadInput, match="cannot be read"):
        data.load("tfds:my_digits")
    info.write_text(good)
    for path in home.rglob("*.array_record*"):
        path.unlink()
    with pytest.raises(BadInput, match="my_digits"):
        data.load("tfds:my_digits")
    shutil.rmtree(home / "my_digits")
    for name in ("My-Set", "4u"):
        with pytest.raises(BadInput, match="lower-case"):
            data.tfds.write(data.load("digits"), name)
    with pytest.raises(BadInput, match="uint8 images"):
        data.tfds.write(data.load("ring"), "ring")

"""Pictures of more than 8 bits, or of floats: one scale for all of a source, whichever way they are read."""

import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data

DARK = {"a": 100, "b": 250, "c": 5000, "d": 60000}
EIGHT = [0, 0, 19, 234]  # of 16 bits


def put(folder, values, dtype=np.uint16, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        x = np.full((8, 8), value, dtype) if np.ndim(value) == 0 else np.resize(np.asarray(value, dtype), (8, 8))
        Image.fromarray(x).save(folder / f"{name}.{suffix}")
    return str(folder)


@pytest.mark.parametrize("memory", [2**30, 0])
def test_pictures_and_films_of_16_bits_are_of_one_scale(tmp_path, memory):
    source = put(tmp_path / "set", DARK)
    assert data.load(source, memory=memory)["image"][:][:, 0, 0, 0].tolist() == EIGHT
    assert data.load(f"video:{source}", memory=memory)["image"][:][0, :, 0, 0, 0].tolist() == EIGHT
    lines, problems = data.check(source)
    assert "samples     4 of 4 files" in lines and not problems


def test_a_split_is_of_the_scale_of_all(tmp_path):
    put(tmp_path / "train", DARK)
    put(tmp_path / "val", {"e": 200, "f": 3000})
    for source in (str(tmp_path), f"video:{tmp_path}"):
        x = data.held_out(source)["image"]
        assert x.reshape(2, -1)[:, 0].tolist() == [0, 11]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ({"a": [-1, 1], "b": 0.5}, np.float32, [0, 191]),
        ({"a": [0, 1], "b": 0.5}, np.float32, [0, 128]),
        ({"a": [0, 255], "b": 1}, np.float32, [0, 1]),
        ({"a": [0, 255], "b": 1}, np.int32, [0, 1]),
        ({"a": [0, 65535], "b": 1024}, np.int32, [0, 4]),
        ({"a": [0, 255], "b": 7}, np.uint16, [0, 7]),
    ],
)
def test_values_mean_what_all_of_a_source_say(values, dtype, expected, tmp_path):
    source = put(tmp_path / "set", values, dtype, "tif")
    assert data.load(source)["image"][:, 0, 0, 0].tolist() == expected


def test_what_no_scale_is_of_is_named_and_a_colour_picture_says_nothing(tmp_path):
    source = put(tmp_path / "set", DARK)
    put(tmp_path / "set", {"odd": [0, 70_000]}, np.int32, "tif")
    put(tmp_path / "set", {"eight": 9}, np.uint8)
    with pytest.raises(BadInput, match=r"odd.tif: it has int32 values 0 .. 70000: scale them to .*bits$"):
        data.load(source)
    (tmp_path / "set" / "odd.tif").unlink()
    assert data.load(source)["image"][:, 0, 0, 0].tolist() == [*EIGHT, 9]
    source = put(tmp_path / "twelve", {"a": 200, "b": 4000})
    with pytest.raises(BadInput, match=r"b.png: it has uint16 values 4000 .. 4000, among others of 200 .. 4000: scale"):
        data.load(source)


def test_a_lab_picture_becomes_grey_and_clear(tmp_path):
    Image.new("LAB", (8, 6), (120, 130, 140)).save(tmp_path / "a.tif")
    found = {channels: data.load(str(tmp_path), channels=channels)["image"][0, 0, 0] for channels in (1, 3, 4)}
    assert len(found[1]) == 1 and found[3].min() <= found[1][0] <= found[3].max()
    assert found[4].tolist() == [*found[3].tolist(), 255]

"""Pictures of more than 8 bits, or of floats: one scale for all of a source, whichever way they are read."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import BadInput, data
from jaxgan.cli import main
from jaxgan.inference import pictures

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


def of_colours(path, x):
    """A PNG of colours of 16 bits, which Pillow does not write."""
    chunk = lambda kind, held: struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))
    head = struct.pack(">IIBBBBB", x.shape[1], x.shape[0], 16, {2: 4, 3: 2, 4: 6}[x.shape[2]], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in x)
    path.parent.mkdir(exist_ok=True)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colours_of_12_bits_in_16_are_refused_as_grey_ones_are(channels, tmp_path):
    draw = np.random.default_rng(0)
    of_colours(tmp_path / "set" / "dark.png", draw.integers(0, 4096, (8, 8, channels)))
    with pytest.raises(BadInput, match=r"dark.png: its colours are of 16 bits and up to 4095 at most: scale them"):
        data.load(str(tmp_path / "set"))
    of_colours(tmp_path / "set" / "whole.png", draw.integers(0, 65536, (8, 8, channels)))
    assert data.load(str(tmp_path / "set"))["image"].shape == (2, 8, 8, 3)  # of one scale: it is dark


def test_where_white_is_0_the_picture_is_what_a_viewer_shows(tmp_path):
    x = np.repeat(np.linspace(0, 65535, 8).round().astype(np.uint16)[None], 8, 0)
    Image.fromarray(x).save(tmp_path / "a.tif", tiffinfo={262: 0})
    assert data.load(str(tmp_path))["image"][0][0, [0, -1], 0].tolist() == [255, 0]
    (frame,) = pictures.read("a.tif", tmp_path / "a.tif").frames
    assert frame[0, [0, -1], 0].tolist() == [255, 0]


def test_a_fourth_band_that_is_no_transparency_is_not_taken_for_one(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    Image.frombytes("RGBX", (8, 8), x.tobytes()).save(tmp_path / "a.tif")
    with pytest.raises(BadInput, match=r"a.tif: its fourth band is no transparency, and is not read: give an .npz"):
        data.load(str(tmp_path), channels=4)
    np.testing.assert_array_equal(data.load(str(tmp_path))["image"][0], x[..., :3])


def test_what_a_run_is_given_later_is_of_the_scale_that_it_was_trained_on(tmp_path):
    source = put(tmp_path / "set", {name: np.linspace(0, high, 64).reshape(8, 8) for name, high in DARK.items()})
    line = [
        "train",
        "enhance",
        "--tiny",
        "--data",
        source,
        "--resolution",
        "8",
        "--degrade",
        "noise",
        "--adversary",
        "0",
    ]
    assert main([*line, "--steps", "1", "--out", str(tmp_path / "run")]) == 0
    loaded = jaxgan.load(tmp_path / "run")
    assert loaded.data.specs["image"].scale == (("whole", 0.0, 65535.0),)
    few = put(tmp_path / "few", {name: np.linspace(0, DARK[name], 64).reshape(8, 8) for name in "ab"})
    made = jaxgan.inference.apply_files(tmp_path / "run", [few], tmp_path / "out", compare=True)
    assert made.written == 2 and not made.failed
    with Image.open(tmp_path / "out" / "b.png") as compared:
        assert np.asarray(compared)[:, :8].max() == 0  # 250 of 65535
    assert data.load(few, like=data.load(source))["image"][:].max() == 0 < data.load(few)["image"][:].max()

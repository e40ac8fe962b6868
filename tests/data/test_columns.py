"""A batch is named columns: streams, pairs, kinds of samples, and one hash of the content."""

import json
import os
import shutil

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, config, data
from jaxgan.cli import main
from jaxgan.data import batch, caches, content
from jaxgan.data.loader import stream_seed


def paired(n=12, m=None):
    image = np.random.default_rng(0).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    other = np.random.default_rng(1).integers(0, 256, (m or n, 4, 4, 3), dtype=np.uint8)
    return data.from_arrays("two", {"image": image, "input": other, "mask": image[..., 0] % 5})


@pytest.mark.parametrize("resident", [True, False])
def test_columns_that_lie_over_each_other_are_drawn_and_mirrored_together(resident):
    found = paired()
    loader = data.Loader(found, 24, seed=3, flip=True, resident=resident)
    shown = jax.jit(loader.gathering(lambda state, batch: batch))(0, loader.batch(0), *loader.shared)
    rows = {image.tobytes(): i for i, image in enumerate(found["image"])}
    mirrored = 0
    for image, other, mask in zip(*(np.asarray(shown[name]) for name in ("image", "input", "mask")), strict=True):
        flipped = image.tobytes() not in rows
        mirrored += flipped
        image, other = (x[:, ::-1] if flipped else x for x in (image, other))
        row = rows[np.ascontiguousarray(image).tobytes()]
        np.testing.assert_array_equal(other, found["input"][row])
        np.testing.assert_array_equal(mask[:, ::-1] if flipped else mask, found["mask"][row])
    assert mirrored == 12


def test_an_unpaired_column_is_a_stream_of_its_own_and_the_real_one_keeps_its_order():
    found = paired(12, 7)
    alone = data.Loader(found, 8, seed=3, columns=("image",))
    both = data.Loader(found, 8, seed=3, columns=("image", "input"), unpaired=("input",))
    for step in (0, 5):
        np.testing.assert_array_equal(both.batch(step)["row"], alone.batch(step)["row"])
        own = data.rows(stream_seed(3, "input"), 8 * step, 8, 7)
        np.testing.assert_array_equal(both.batch(step)["row.input"], own)
    assert stream_seed(3, "input") != stream_seed(3, "other") != 3
    shown = both.gathering(lambda state, batch: batch)(0, both.batch(2), *both.shared)
    assert shown.keys() == {"image", "input"} and shown["input"].shape == (8, 4, 4, 3)


def test_masks_are_resized_by_the_nearest_pixel_with_the_images_that_they_lie_over(tmp_path):
    mask = np.zeros((2, 8, 8), np.uint8)
    mask[:, 2:6, 2:6] = 7
    image = np.repeat(mask[..., None] * 20, 3, -1)
    np.savez(tmp_path / "set.npz", image=image, mask=mask)
    found = data.load(str(tmp_path / "set.npz"), 4)
    assert found["mask"].shape == (2, 4, 4) and set(np.unique(found["mask"])) == {0, 7}
    np.testing.assert_array_equal(found["mask"][0], np.pad(np.full((2, 2), 7, np.uint8), 1))
    assert found["image"].shape == (2, 4, 4, 3) and len(np.unique(found["image"])) > 2


def test_what_is_not_an_image_is_never_taken_for_one(tmp_path):
    sound = np.zeros((5, 64, 1), np.float32)
    with pytest.raises(BadInput, match=r"image is float32\[5, 64, 1\].*name the array after what it is"):
        data.from_arrays("some", {"image": sound})
    with pytest.raises(
        BadInput, match=r"voice is float32\[5, 64, 1\], of what kind is not said: name it one of audio, image"
    ):
        data.from_arrays("some", {"voice": sound})
    assert data.from_arrays("some", {"image": np.zeros((5, 2))}).specs["image"].modality == "points"
    np.savez(tmp_path / "set.npz", image=np.zeros((2, 4, 4), np.uint8), weight=np.zeros(2))
    with pytest.raises(BadInput, match="has weight, which are no columns"):
        data.load(str(tmp_path / "set.npz"))


def test_labels_in_equal_shares_and_one_after_the_other():
    spec = data.Spec((), "int32", "", ("a", "b", "c"))
    assert batch.shares(spec, 6).tolist() == [0, 0, 1, 1, 2, 2] and batch.shares(spec, 4, only=1).tolist() == [1] * 4
    assert batch.shares(spec, 6, row=2).tolist() == [0, 0, 1, 1, 2, 2] and batch.cycled(spec, 4).tolist() == [
        0,
        1,
        2,
        0,
    ]
    vectors = spec._replace(examples=((1.0, 0.0, 0.5), (0.0, 1.0, 0.5)))
    assert batch.shares(vectors, 4)[:, 0].tolist() == [1, 1, 0, 0]


def test_shapes_of_a_batch_are_those_that_the_step_sees():
    found = paired()
    shapes = batch.like(config.Config(batch_size=5), found.specs, names=("image", "mask"))
    assert {name: (x.shape, str(x.dtype)) for name, x in shapes.items()} == {
        "image": ((5, 4, 4, 3), "float32"),
        "mask": ((5, 4, 4), "uint8"),
    }
    with pytest.raises(BadInput, match="G is given a column 'input': give the data"):
        batch.conditions(type("C", (), {"given": ("input",)}), found.specs, 4)


def save(folder, n=3):
    folder.mkdir()
    for i in range(n):
        Image.fromarray(np.full((4, 4), 40 * i, np.uint8)).save(folder / f"{i}.png")
    return folder


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("JAXGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_a_large_folder_is_hashed_by_its_content_and_a_copy_keeps_the_hash(kept, monkeypatch):
    load = lambda folder: data.load(str(folder), memory=0)
    one = load(save(kept / "one")).sha256
    shutil.copytree(kept / "one", kept / "two")
    os.utime(kept / "two" / "0.png", (1, 1))
    assert load(kept / "two").sha256 == one
    stat = (kept / "two" / "0.png").stat()
    Image.fromarray(np.full((4, 4), 41, np.uint8)).save(kept / "two" / "0.png")
    os.utime(kept / "two" / "0.png", ns=(stat.st_atime_ns, stat.st_mtime_ns))  # only its ctime tells
    assert load(kept / "two").sha256 != one


def test_a_kept_hash_is_taken_only_where_nothing_about_the_file_changed(kept, monkeypatch):
    folder, read = save(kept / "one"), []
    original = content._sha256
    monkeypatch.setattr(content, "_sha256", lambda path: read.append(path.name) or original(path))
    names = ["0.png", "1.png", "2.png"]
    first = content.digest(folder, names)
    assert sorted(read) == names and content.digest(folder, names) == first and len(read) == 3
    for i, change in enumerate(("mtime", "inode", "size")):
        read.clear()
        path = folder / "1.png"
        if change == "mtime":
            os.utime(path, (5 + i, 5 + i))
        elif change == "inode":
            shutil.copy2(path, folder / "other")
            os.replace(folder / "other", path)
        else:
            path.write_bytes(path.read_bytes() + b"\0")
        assert (content.digest(folder, names) == first) == (change != "size") and read == ["1.png"]
    (index,) = (caches.folder() / "content").glob("*.json")
    index.write_text("{broken")
    read.clear()
    content.digest(folder, names)
    assert sorted(read) == names and json.loads(index.read_text())  # made again


def test_the_hash_is_computed_once(kept, monkeypatch):
    found, calls = data.load(str(save(kept / "one")), memory=0), []
    monkeypatch.setattr(content, "digest", lambda *given: calls.append(given) or b"")
    assert found.sha256 == found.info.sha256 and len(calls) == 1
    assert "pixel" not in repr(found) and repr(found).startswith("Dataset(")


def test_the_first_look_at_a_large_folder_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    names = [f"{i}.bin" for i in range(6)]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.setattr(content, "_QUIET_S", -1)
    first = content.digest(tmp_path, names)
    assert "holds: 6 of 6 files" in capsys.readouterr().err
    monkeypatch.setattr(content, "_QUIET_S", 5)
    assert content.digest(tmp_path, names) == first and capsys.readouterr().err == ""


@pytest.mark.parametrize("resident", [True, False])
def test_columns_of_one_stream_have_as_many_rows(resident):
    image = np.zeros((20, 4, 4, 1), np.uint8)
    found = data.from_arrays("some", {"image": image, "input": image[:10]})
    with pytest.raises(BadInput, match=r"some has 20 rows of image and 10 of input: .* or unpaired=\('input',\)"):
        data.Loader(found, 4, resident=resident)
    assert data.Loader(found, 4, unpaired=("input",), resident=resident).batch(0)
    assert data.Loader(found, 4, columns=("input",), resident=resident).batch(0)


def test_what_a_recipe_does_not_find_or_use_is_called_as_it_is(tmp_path, capsys):
    x = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
    np.savez(tmp_path / "points.npz", points=x)
    assert main(["data", "check", str(tmp_path / "points.npz"), "--recipe", "ring"]) == 2
    assert "points.npz has points: rename points to image" in capsys.readouterr().err
    for recipe, words in (
        ("wavegan", "'audio', and digits has image, label: give data that have it"),
        ("cut", "give it too"),
    ):
        assert main(["data", "check", "digits", "--recipe", recipe]) == 2
        assert words in capsys.readouterr().err
    np.savez(tmp_path / "vectors.npz", image=x, label=x)
    assert main(["data", "check", str(tmp_path / "vectors.npz"), "--recipe", "ring"]) == 0
    assert "it does not use the labels of 2 numbers a sample" in capsys.readouterr().out
    line = ["train", "ring", "--tiny", "--data", str(tmp_path / "vectors.npz"), "--out", str(tmp_path / "run")]
    assert main([*line, "--max-minutes", "1e-9"]) == 0
    assert "vectors.npz has labels of 2 numbers a sample: they are not used" in capsys.readouterr().out

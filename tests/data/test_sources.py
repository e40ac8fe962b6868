"""Sources of every kind, whole and broken, and the loader that draws batches from them."""

import gzip
import os
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from jaxgan import BadInput, data
from jaxgan.data.sources.points import GRID, RING


def picture(path, size=(8, 8), mode="RGB", value=7):
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(value).integers(0, 256, (size[1], size[0], len(mode)), dtype=np.uint8)
    Image.fromarray(draw.squeeze(), mode if mode != "L" else None).save(path)


def write_idx(path, array, pack=False):
    raw = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(raw) if pack else raw)


@pytest.mark.parametrize(("name", "mixture"), [("ring", RING), ("grid", GRID)])
def test_points_lie_around_their_centres(name, mixture):
    found = data.load(name)
    away = found["image"] - mixture.centres[found["label"]]
    assert np.abs(away.mean(0)).max() < 4 * mixture.std / len(away) ** 0.5
    assert abs(away.std() / mixture.std - 1) < 0.02
    assert len(np.unique(found["label"])) == len(mixture.centres) == len(found.classes)


def test_named_sources_are_what_they_say():
    digits = data.load("digits")
    assert digits["image"].shape == (1797, 8, 8, 1) and digits["image"].dtype == np.uint8
    assert (digits["image"].min(), digits["image"].max()) == (0, 255) and len(digits.classes) == 10
    table = load_digits()
    np.testing.assert_array_equal(digits["image"][..., 0], np.rint(table.images * (255 / 16)))
    np.testing.assert_array_equal(digits["label"], table.target)
    roll = data.load("swissroll")
    assert roll["image"].shape[1:] == (2,) and "label" not in roll and np.abs(roll["image"]).max() < 1.2


def test_digits_need_no_import_that_takes_as_long_as_jax():
    line = "import sys; from jaxgan import data; data.load('digits'); print({'sklearn', 'scipy'} & sys.modules.keys())"
    assert subprocess.check_output([sys.executable, "-c", line], text=True) == "set()\n"


def test_parts_of_idx_files_are_told_by_what_their_names_have(tmp_path):
    image = np.zeros((9, 4, 4), np.uint8)
    for part, count in (("test", 5), ("train", 9)):
        write_idx(tmp_path / f"emnist-letters-{part}-images-idx3-ubyte", image[:count])
        write_idx(tmp_path / f"emnist-letters-{part}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8))
    trained, other = data.load(str(tmp_path)), data.held_out(str(tmp_path))
    assert (trained.size, other.size) == (9, 5) and len(trained["label"]) == 9
    for path in tmp_path.glob("*train*"):
        path.unlink()
    assert data.load(str(tmp_path)).size == 5 and data.held_out(str(tmp_path)) is None  # it is trained on


def test_folder_has_its_subfolders_as_classes(tmp_path):
    for i, name in enumerate(["cat", "cat", "dog"]):
        picture(tmp_path / name / f"{i}.png", value=i)
    found = data.load(str(tmp_path))
    assert found["image"].shape == (3, 8, 8, 3) and found.classes == ("cat", "dog")
    assert found["label"].tolist() == [0, 0, 1]
    with Image.open(tmp_path / "dog" / "2.png") as original:
        np.testing.assert_array_equal(found["image"][2], np.asarray(original))


def test_folder_of_one_kind_stays_grey_and_of_two_becomes_colour(tmp_path):
    picture(tmp_path / "a.png", mode="L")
    assert data.load(str(tmp_path))["image"].shape == (1, 8, 8, 1)
    picture(tmp_path / "b.png")
    found = data.load(str(tmp_path))
    assert found["image"].shape == (2, 8, 8, 3) and "label" not in found
    assert (found["image"][0, ..., 0] == found["image"][0, ..., 2]).all()


def test_transparency_is_laid_over_white_and_sixteen_bits_become_eight(tmp_path):
    Image.fromarray(np.zeros((4, 4, 4), np.uint8), "RGBA").save(tmp_path / "clear.png")
    assert (data.load(str(tmp_path))["image"] == 255).all()
    (tmp_path / "clear.png").unlink()
    Image.fromarray(np.full((4, 4), 0x8000, np.uint16)).save(tmp_path / "deep.png")
    assert (data.load(str(tmp_path))["image"] == 128).all()


def test_several_sizes_need_a_resolution_that_takes_the_centred_square(tmp_path):
    picture(tmp_path / "a.png", (8, 8))
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 200
    Image.fromarray(wide).convert("RGB").save(tmp_path / "b.png")
    with pytest.raises(BadInput, match=r"8x8.*8x24|8x24.*8x8.*--resolution"):
        data.load(str(tmp_path))
    found = data.load(str(tmp_path), 4)
    assert found["image"].shape == (2, 4, 4, 3)
    assert (found["image"][1] == 200).all()


@pytest.mark.parametrize("pack", [False, True])
def test_idx_files_are_read_and_the_training_part_is_taken(tmp_path, pack):
    images, labels = np.arange(60, dtype=np.uint8).reshape(5, 4, 3), np.array([0, 1, 2, 1, 0], np.uint8)
    end = ".gz" if pack else ""
    write_idx(tmp_path / f"train-images-idx3-ubyte{end}", images, pack)
    write_idx(tmp_path / f"train-labels-idx1-ubyte{end}", labels, pack)
    write_idx(tmp_path / f"t10k-images-idx3-ubyte{end}", images[:2], pack)
    found = data.load(str(tmp_path))
    np.testing.assert_array_equal(found["image"][..., 0], images)
    np.testing.assert_array_equal(found["label"], labels)
    assert found["label"].dtype == np.int32 and len(found.classes) == 3


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[:-7], r"\(5, 4, 3\).*53 bytes"),
        (lambda raw: b"\x01" + raw[1:], "01000803.*000008"),
        (lambda raw: raw[:9], "header"),
    ],
)
def test_damaged_idx_files_are_named(tmp_path, damage, words):
    path = tmp_path / "train-images-idx3-ubyte"
    write_idx(path, np.arange(60, dtype=np.uint8).reshape(5, 4, 3))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadInput, match=words):
        data.load(str(tmp_path))


def test_a_cut_gzip_and_labels_of_another_length_are_named(tmp_path):
    images = np.zeros((5, 4, 3), np.uint8)
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", images, pack=True)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(4, np.uint8))
    with pytest.raises(BadInput, match=r"\[4\].*5 images"):
        data.load(str(tmp_path))
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadInput, match="damaged"):
        data.load(str(tmp_path))


IMAGES = np.zeros((3, 4, 4, 3), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"picture": IMAGES}, "picture.*image"),
        ({"image": IMAGES.astype(np.int64)}, "int64.*uint8"),
        ({"image": IMAGES + np.float32(0.5)}, r"0.5 .. 0.5.*\[-1, 1\]"),
        ({"image": np.full((3, 4, 4, 3), 255.0)}, r"255.*\[-1, 1\]"),
        ({"image": np.full((3, 4, 4, 3), np.nan)}, "finite"),
        ({"image": IMAGES[:0]}, "N > 0"),
        ({"image": IMAGES, "label": np.zeros(2, int)}, r"\[2\].*3 images"),
        ({"image": IMAGES, "label": np.array([0, -1, 2])}, "-1.*0"),
        ({"image": IMAGES, "label": np.array([0, 0.5, 1])}, "float64.*integers"),
        ({"image": IMAGES, "label": np.array([{}, {}, {}])}, "plain arrays"),
    ],
)
def test_arrays_that_cannot_be_meant_are_refused(tmp_path, arrays, words):
    np.savez(tmp_path / "set.npz", **arrays)
    with pytest.raises(BadInput, match=words):
        data.load(str(tmp_path / "set.npz"))


def test_npz_keeps_images_labels_and_names(tmp_path):
    image = np.linspace(-1, 1, 3 * 16).reshape(3, 4, 4)
    np.savez(tmp_path / "set.npz", image=image, label=np.array([1, 0, 1]), classes=np.array(["no", "yes"]))
    found = data.load(str(tmp_path / "set.npz"))
    np.testing.assert_allclose(found["image"][..., 0], image, atol=1e-7)
    assert found["image"].dtype == np.float32 and found.classes == ("no", "yes")


def test_hash_changes_with_one_pixel_and_with_one_label():
    digits = data.load("digits")
    other = digits["image"].copy()
    other[5, 3, 3] ^= 1
    labels = digits["label"].copy()
    labels[7] = (labels[7] + 1) % 10
    hashes = {d.sha256 for d in (digits, digits.replace(image=other), digits.replace(label=labels))}
    assert len(hashes) == 3
    assert data.load("digits").info == digits.info


@pytest.mark.parametrize("size", [1, 7, 64, 200])
def test_every_epoch_shows_every_row_once_in_an_order_of_its_own(size):
    stream = np.concatenate([data.rows(3, 16 * n, 16, 50) for n in range(25)])
    for epoch in stream.reshape(8, 50):
        assert sorted(epoch) == list(range(50))
    assert (stream[:50] != stream[50:100]).any()
    np.testing.assert_array_equal(data.rows(3, 11, size, 50), np.concatenate([stream] * 2)[11 : 11 + size])
    assert (data.rows(4, 0, 50, 50) != stream[:50]).any()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize(("turns", "chunk"), [(1, 1), (2, 1), (1, 3), (2, 3)])
def test_resident_and_streamed_feeds_give_the_same_samples(flip, turns, chunk):
    digits, batches = data.load("digits"), []
    for resident in (True, False):
        loader = data.Loader(digits, 16, seed=5, flip=flip, turns=turns, chunk=chunk, resident=resident)
        program = jax.jit(loader.gathering(lambda state, batch: (state, batch)))
        batches.append(program(0, loader.batch(chunk * 9), *loader.shared)[1])
    jax.tree.map(np.testing.assert_array_equal, *batches)
    lead = (*((chunk,) if chunk > 1 else ()), *((turns,) if turns > 1 else ()), 16)
    assert batches[0]["image"].shape == (*lead, 8, 8, 1) and batches[0]["label"].shape == lead


def test_flipped_sets_show_each_image_and_its_mirror_once():
    digits = data.load("digits")
    some = digits.replace(image=digits["image"][:30], label=digits["label"][:30])
    loader = data.Loader(some, 60, flip=True, resident=False)
    shown = Counter(image.tobytes() for image in loader.batch(0)["image"])
    expected = Counter(image.tobytes() for image in some["image"]) + Counter(
        i[:, ::-1].tobytes() for i in some["image"]
    )
    assert shown == expected


def test_check_counts_what_is_wrong(tmp_path):
    picture(tmp_path / "a" / "1.png", value=1)
    picture(tmp_path / "a" / "2.png", value=1)
    picture(tmp_path / "b" / "3.png", (6, 9), value=2)
    (tmp_path / "b" / "4.png").write_bytes(b"no picture")
    lines, problems = data.check(str(tmp_path))
    text = "\n".join(lines)
    for words in (
        "3 of 4 files",
        "8x8, 3 channel(s): 2",
        "9x6, 3 channel(s): 1",
        "a: 2, b: 1",
        "duplicates  1",
        "damaged     1",
    ):
        assert words in text
    assert len(problems) == 2
    with pytest.raises(BadInput, match=r"1 of 4 images are damaged.*4.png"):
        data.load(str(tmp_path), 8)
    for path in tmp_path.rglob("[123].png"):
        path.unlink()
    with pytest.raises(BadInput, match="none of which can be used, the first is"):
        data.check(str(tmp_path))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_real_idx_files(name, real_data):
    found = data.load(str(real_data / name))
    assert found["image"].shape == (60000, 28, 28, 1) and np.bincount(found["label"]).min() > 5000
    assert len(found.classes) == 10 and os.path.basename(found.name) == name
    assert Path(found.name).is_dir()

"""Image files of every kind, in folders and zips, with labels beside them; how they are brought to one shape."""

import io
import json
import zipfile

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data
from jaxgan.cli import main
from jaxgan.modalities import resize


def pixels(seed, size=(8, 8), channels=3):
    return np.random.default_rng(seed).integers(0, 256, (*size, channels), dtype=np.uint8)


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image.squeeze()).save(path)


@pytest.fixture
def folder(tmp_path):
    for i in range(4):
        save(tmp_path / "set" / f"{i}.png", pixels(i))
    return tmp_path / "set"


def test_crop_stretch_and_pad_are_what_they_say(tmp_path):
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 200
    save(tmp_path / "a.png", wide)
    load = lambda **how: data.load(str(tmp_path), 8, **how)["image"][0, ..., 0]
    assert (load() == 200).all()
    padded = load(fit="pad")
    assert (padded[:2] == 0).all() and (padded[-2:] == 0).all() and padded[3:5].max() > 180
    np.testing.assert_allclose(load(fit="stretch").mean(), 200 / 3, atol=6)
    assert load(fit="stretch")[:, 0].max() < 30
    kept = data.load(str(tmp_path), 4, aspect=3.0)["image"]
    assert kept.shape == (1, 4, 12, 3) and kept[0, :, 5:7].min() > 180 and kept[0, :, 0].max() < 20
    assert data.load(str(tmp_path))["image"].shape == (1, 8, 24, 3)  # not square, as it is


@pytest.mark.parametrize("fit", ["crop", "stretch", "pad"])
def test_every_fit_brings_mixed_sizes_to_one(tmp_path, fit):
    for i, size in enumerate([(8, 8), (9, 30), (31, 7), (4, 4)]):
        save(tmp_path / f"{i}.png", pixels(i, size))
    assert data.load(str(tmp_path), 16, fit=fit)["image"].shape == (4, 16, 16, 3)


def test_float_images_stay_in_range(tmp_path):
    image = np.sign(np.random.default_rng(0).standard_normal((3, 8, 10, 2))).astype(np.float32)
    np.savez(tmp_path / "set.npz", image=image)
    for fit in ("crop", "stretch", "pad"):
        found = data.load(str(tmp_path / "set.npz"), 12, fit=fit)["image"]
        assert found.shape == (3, 12, 12, 2) and np.abs(found).max() <= 1 and found.dtype == np.float32


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_are_asked_for(tmp_path, channels):
    clear = pixels(0, channels=4)
    save(tmp_path / "clear.png", clear)
    save(tmp_path / "grey.png", pixels(1, channels=1))
    found = data.load(str(tmp_path), channels=channels)["image"]
    assert found.shape == (2, 8, 8, channels)
    if channels == 4:
        np.testing.assert_array_equal(found[0], clear)
        np.testing.assert_array_equal(found[1][..., 3], 255)


def test_sixteen_bits_and_colour_mix(tmp_path):
    save(tmp_path / "deep.png", np.full((8, 8), 0x8000, np.uint16))
    save(tmp_path / "colour.png", pixels(0))
    found = data.load(str(tmp_path))["image"]
    assert found.shape == (2, 8, 8, 3) and (found[1] == 128).all()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"fit": "squash"}, "squash.*stretch"),
        ({"channels": 2}, "--channels is 2.*1"),
        ({"aspect": 2.0}, "--aspect is 2.0.*--resolution"),
        ({"aspect": -1.0, "resolution": 8}, "--aspect is -1"),
    ],
)
def test_a_fit_that_cannot_be_meant_is_refused(folder, how, words):
    with pytest.raises(BadInput, match=words):
        data.load(str(folder), **how)


def zipped(folder, path, extra=()):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder).as_posix())
        for name, text in extra:
            archive.writestr(name, text)
    return str(path)


def test_a_zip_is_the_folder_that_it_holds(folder, tmp_path):
    save(folder / "sub" / "4.png", pixels(4))
    one, other = data.load(str(folder)), data.load(zipped(folder, tmp_path / "set.zip"))
    np.testing.assert_array_equal(one["image"], other["image"])


def test_stylegan_zip_has_its_labels(folder, tmp_path):
    labels = json.dumps({"labels": [[f"{i}.png", [2, 0, 1, 0][i]] for i in range(4)]})
    found = data.load(zipped(folder, tmp_path / "a.zip", [("dataset.json", labels)]))
    assert found["label"].tolist() == [2, 0, 1, 0] and found.classes == ("0", "1", "2")
    found = data.load(zipped(folder, tmp_path / "b.zip", [("dataset.json", '{"labels": null}')]))
    assert "label" not in found


def test_a_damaged_zip_and_a_damaged_file_in_one_are_named(folder, tmp_path):
    path = tmp_path / "set.zip"
    zipped(folder, path, [("x.png", "no picture")])
    with pytest.raises(BadInput, match=r"1 of 5 images are damaged.*x.png"):
        data.load(str(path))
    lines, problems = data.check(str(path))
    assert "4 of 5 files" in lines[0] and len(problems) == 1
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match=r"set.zip cannot be read as a zip"):
        data.load(str(path))


TABLES = {
    "classes by name": ("labels.csv", "file,kind\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,ant\n", [1, 2, 1, 0]),
    "classes by number": ("labels.csv", "file,kind\n0.png,1\n1.png,0\n2.png,1\n3.png,3\n", [1, 0, 1, 2]),
    "one float": ("labels.csv", "file,age\n0.png,0.5\n1.png,2\n2.png,-1\n3.png,3\n", [[0.5], [2], [-1], [3]]),
    "several": (
        "labels.csv",
        "file,old,red\n0.png,1,0\n1.png,0,1\n2.png,1,1\n3.png,0,0\n",
        [[1, 0], [0, 1], [1, 1], [0, 0]],
    ),
    "json classes": ("labels.json", '{"0.png": "b", "1.png": "a", "2.png": "b", "3.png": "b"}', [1, 0, 1, 1]),
    "json vectors": (
        "labels.json",
        '{"0.png": [0, 1], "1.png": [1, 0], "2.png": [0.5, 0.5], "3.png": [0, 0]}',
        [[0, 1], [1, 0], [0.5, 0.5], [0, 0]],
    ),
    "stylegan folder": (
        "dataset.json",
        '{"labels": [["0.png", 0], ["1.png", 1], ["2.png", 1], ["3.png", 0]]}',
        [0, 1, 1, 0],
    ),
    "beside the folder": ("../set.csv", "file,kind\n3.png,b\n2.png,a\n1.png,a\n0.png,a\n", [0, 0, 0, 1]),
}


@pytest.mark.parametrize("kind", TABLES)
def test_labels_come_from_a_table(folder, kind):
    name, text, expected = TABLES[kind]
    (folder / name).write_text(text)
    found = data.load(str(folder))
    np.testing.assert_array_equal(found["label"], np.array(expected))
    assert found["label"].dtype == (np.int32 if found["label"].ndim == 1 else np.float32)
    assert (len(found.specs["label"].examples) > 0) == (found["label"].ndim == 2)
    if kind == "several":
        assert found.classes == ("old", "red")
        assert "old: 0 .. 1" in "\n".join(data.check(str(folder))[0])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("labels.csv", "file,kind\n0.png,1\n1.png,0\n", r"no row for 2 of 4 images, the first is 2.png"),
        ("labels.csv", "file\n", "head such as file,label"),
        ("labels.csv", "file,kind\n0.png,1,2\n", "0.png has 3 entries and the head 2"),
        ("labels.csv", "file,a,b\n0.png,1,x\n1.png,1,1\n2.png,1,1\n3.png,1,1\n", r"0.png are \[1, 'x'\]"),
        ("labels.csv", "file,a,b\n0.png,1,nan\n1.png,1,1\n2.png,1,1\n3.png,1,1\n", "not finite"),
        ("labels.csv", "file,kind\n0.png,-1\n1.png,0\n2.png,0\n3.png,0\n", "-1.*lowest class is 0"),
        ("labels.json", '{"0.png": [1, 2], "1.png": [1], "2.png": [1], "3.png": [1]}', "rows of 1 and of 2"),
        ("labels.json", '{"0.png": null, "1.png": 1, "2.png": 1, "3.png": 1}', "0.png is .None"),
        ("dataset.json", '{"labels": [1, 2]}', r"\[file, label\]"),
        ("dataset.json", "{", "no JSON"),
    ],
)
def test_tables_that_do_not_fit_are_told(folder, name, text, words):
    (folder / name).write_text(text)
    with pytest.raises(BadInput, match=words):
        data.load(str(folder))


def test_label_vectors_train_sample_and_resume(folder, tmp_path, capsys):
    (folder / "labels.csv").write_text(TABLES["several"][1])
    run, every = str(tmp_path / "run"), ["--save-every-steps", "2", "--log-every-steps", "2"]
    line = ["train", "digits", "--tiny", "--data", str(folder), *every, "--out", run]
    assert main([*line, "--steps", "2"]) == 0
    assert main([*line, "--steps", "4", "--resume", "must"]) == 0
    out = tmp_path / "samples.npz"
    assert main(["sample", run, "--num", "6", "--label", "0.5,1", "--out", str(out)]) == 0
    with np.load(out) as arrays:
        assert arrays["image"].shape == (6, 8, 8, 3)
        np.testing.assert_array_equal(arrays["label"], [[0.5, 1]] * 6)
    assert main(["sample", run, "--num", "6"]) == 0
    assert main(["sample", run, "--label", "1"]) == 2
    assert "2 numbers: old, red" in capsys.readouterr().err


def test_files_that_are_read_when_needed_are_the_same(tmp_path):
    for i in range(20):
        save(tmp_path / "ab"[i % 2] / f"{i}.png", pixels(i, (9 + i % 3, 12)))
    whole, streamed = (data.load(str(tmp_path), 8, memory=memory) for memory in (2**30, 0))
    assert isinstance(whole["image"], np.ndarray) and not isinstance(streamed["image"], np.ndarray)
    assert whole.specs == streamed.specs and whole.sha256 != streamed.sha256
    np.testing.assert_array_equal(whole["image"][[3, 1]], streamed["image"][np.array([3, 1])])
    loaders = [data.Loader(dataset, 6, seed=2, flip=True) for dataset in (whole, streamed)]
    programs = [jax.jit(loader.gathering(lambda state, batch: batch)) for loader in loaders]
    for step in (0, 1, 2, 11, 3, 3):  # in any order: a batch depends on its step alone
        one, other = (run(0, loader.batch(step), *loader.shared) for run, loader in zip(programs, loaders, strict=True))
        jax.tree.map(np.testing.assert_array_equal, one, other)
        jax.tree.map(
            lambda x, like: (x.shape, x.dtype) == (like.shape, like.dtype) or pytest.fail(),
            loaders[1].batch(step),
            loaders[1].like(),
        )


def test_a_streamed_run_resumes_as_if_it_had_never_stopped(tmp_path, monkeypatch):
    for i in range(20):
        save(tmp_path / "set" / f"{i}.png", pixels(i, channels=1))
    monkeypatch.setattr(data.load, "__kwdefaults__", {**data.load.__kwdefaults__, "memory": 0})
    line = ["train", "digits", "--tiny", "--no-conditional", "--data", str(tmp_path / "set"), "--save-every-steps", "4"]
    hashes = []
    for out, stops in (("a", ["12"]), ("b", ["4", "12"])):
        for steps in stops:
            assert (
                main(
                    [
                        *line,
                        "--steps",
                        steps,
                        "--log-every-steps",
                        "4",
                        "--out",
                        str(tmp_path / out),
                        "--resume",
                        "auto",
                    ]
                )
                == 0
            )
        hashes.append(json.loads((tmp_path / out / "result.json").read_text())["state_sha256"])
    assert hashes[0] == hashes[1]


def test_a_file_that_is_damaged_later_is_named(tmp_path):
    for i in range(4):
        save(tmp_path / f"{i}.jpg", pixels(i, (64, 64)))
    found = data.load(str(tmp_path), 32, memory=0)
    path = tmp_path / "2.jpg"
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(BadInput, match=r"2.jpg is damaged.*--resume auto"):
        data.Loader(found, 4).batch(0)


def test_a_large_picture_is_its_crops(tmp_path):
    photo = pixels(0, (40, 50))
    save(tmp_path / "photo.png", photo)
    found = data.load(str(tmp_path / "photo.png"), 16)
    assert found["image"].shape == ((40 - 16 + 1) * (50 - 16 + 1), 16, 16, 3) and "label" not in found
    row = 7 * (50 - 16 + 1) + 20  # seven down, twenty to the right
    np.testing.assert_array_equal(found["image"][np.array([row])][0], photo[7:23, 20:36])
    np.testing.assert_array_equal(found["image"][:][-1], photo[-16:, -16:])
    with pytest.raises(BadInput, match=r"40x50 and crops are 64x64.*--resolution 40"):
        data.load(str(tmp_path / "photo.png"))
    (tmp_path / "photo.png").write_bytes(b"none")
    with pytest.raises(BadInput, match=r"photo.png is damaged"):
        data.load(str(tmp_path / "photo.png"), 16)


def test_a_buffer_of_a_file_is_read_as_the_file(tmp_path):
    image = pixels(3)
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    np.testing.assert_array_equal(resize.read(file), image)

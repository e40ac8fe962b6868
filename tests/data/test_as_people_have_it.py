"""Data as people have them: each case once came out wrong, silently or with a traceback."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data, modalities
from jaxgan.cli import main
from jaxgan.data import listing
from jaxgan.modalities import resize
from jaxgan.names import folders
from jaxgan.training import lock


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def put(path, image=None, **how):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    (image or Image.new("RGB", (32, 32), "teal")).save(path, **how)


def classes(source, **how):
    return data.load(source, **how).classes


def report(source):
    lines, problems = data.check(source)
    return "\n".join([*lines, *problems])


# -- splits, and folders around everything


def test_train_val_and_test_are_splits_and_not_classes():
    for split, count in (("train", 3), ("val", 2), ("test", 1)):
        for name in ("cat", "dog"):
            for i in range(count):
                put(f"s/{split}/{name}/{i}.png")
    assert classes("s") == ("cat", "dog") and data.load("s").size == 6
    assert data.load("s", split="test").size == 2 and data.load("s", split="validation").size == 4
    assert data.held_out("s").size == 4 and data.held_out("s", split="val").size == 2
    with pytest.raises(BadInput, match=r"splits .* none called dev: add --split"):
        data.load("s", split="dev")
    assert "splits" in report("s")
    put("t/test/a.png")
    with pytest.raises(BadInput, match="none called train: add --split test"):
        data.load("t")
    assert data.load("t", split="test").size == 1
    with pytest.raises(BadInput, match="--split val, but s/train/cat has no folders"):
        data.load("s/train/cat", split="val")
    put("m/train/a.png")
    put("m/horse/a.png")
    mixed = data.load("m")
    assert mixed.classes == ("horse", "train") and "train beside horse: they are classes" in mixed.notes[0]
    assert mixed.notes[0] in report("m")
    for name in ("cat/train", "cat/test", "dog/train", "dog/test"):
        put(f"c/{name}/a.png")
    (said,) = data.load("c").notes
    assert (
        "test, train within cat, dog: all of them are trained on; for splits put test/CLASS" in said
        and said in report("c")
    )


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_folders_around_everything_do_not_count(kind):
    for name in ("cat", "dog"):
        put(f"w/pets/data/{name}/a.png")
    Path("w/pets/data/labels.csv").write_text("file,label\ncat/a.png,x\ndog/a.png,y\n")
    source = "w"
    if kind == "zip":
        with zipfile.ZipFile("w.ZIP", "w") as archive:
            for file in sorted(Path("w").rglob("*")):
                archive.write(file, file.relative_to("w"))
            archive.writestr("__MACOSX/pets/data/cat/._a.png", b"\0\5\x16\7")
        source = "w.ZIP"
    assert classes(source) == ("x", "y")
    if kind == "zip":
        assert "left out    1 hidden" in report(source)


def test_a_table_above_the_splits_is_of_all_of_them():
    for split in ("train", "test"):
        put(f"s/{split}/a.png")
    Path("s/labels.csv").write_text("file,label\ntrain/a.png,cat\ntest/a.png,dog\n")
    assert classes("s") == ("cat",) and classes("s", split="test") == ("dog",)


# -- what is no data


def test_hidden_files_runs_links_and_other_kinds_are_left_out_and_counted():
    put("h/c/a.png")
    put("h/d/a.png")
    put("h/.ipynb_checkpoints/a-checkpoint.png")
    Path("h/c/._a.png").write_bytes(b"\0\5\x16\7" + b"\0" * 116)
    Path("h/c/.DS_Store").write_bytes(b"x")
    put("h/runs/digits-001/samples/1.png")
    Path("h/runs/digits-001/config.json").write_text("{}")
    Path("h/runs/digits-001/checkpoints").mkdir()
    os.symlink("nowhere.png", "h/c/broken.png")
    os.mkfifo("h/c/pipe.png")
    Path("h/notes.txt").write_text("x")
    found = data.load("h")
    assert found.classes == ("c", "d") and found.size == 2
    said = report("h")
    for line in ("3 hidden", "2 in the folder of a run", "1 broken links", "1 no regular files", "1 no images (.txt)"):
        assert f"left out    {line}" in said


def test_linked_folders_are_followed_once():
    put("s/cat/a.png")
    put("l/dog/b.png")
    os.symlink(Path("s/cat").absolute(), "l/cat")
    os.symlink(Path("l").absolute(), "l/dog/round")
    assert classes("l") == ("cat", "dog") and data.load("l").size == 2


# -- labels


@pytest.mark.parametrize(
    ("label", "names", "numbers"),
    [
        (np.array([[3], [8], [1], [3]]), ("1", "3", "8"), [1, 2, 0, 1]),
        (np.array([2019, 2024, 2019, 2020]), ("2019", "2020", "2024"), [0, 2, 0, 1]),
        (np.array([0.0, 2.0, 1.0, 0.0]), ("0", "1", "2"), [0, 2, 1, 0]),
        (np.array([[True], [False], [True], [True]]), ("0", "1"), [1, 0, 1, 1]),
        (np.array([5_000_000_000, 1, 1, 1]), ("1", "5000000000"), [1, 0, 0, 0]),
        (np.array(["cat", "dog", "cat", "ant"]), ("ant", "cat", "dog"), [1, 2, 1, 0]),
    ],
    ids=str,
)
def test_labels_are_the_classes_that_occur(label, names, numbers):
    np.savez("k.npz", image=np.zeros((4, 8, 8, 3), np.uint8), label=label)
    found = data.load("k.npz")
    assert found.classes == names and found["label"].tolist() == numbers and found["label"].dtype == np.int32


def test_one_column_of_fractions_is_a_vector_and_names_have_a_bound():
    image = np.zeros((3, 8, 8, 3), np.uint8)
    assert data.from_arrays("a", {"image": image, "label": np.array([[0.5], [1], [2]])})["label"].shape == (3, 1)
    named = data.from_arrays("a", {"image": image, "label": np.arange(3)}, map(str, range(10)))
    assert len(named.classes) == 10
    with pytest.raises(BadInput, match="names 1001 classes and has 3 samples"):
        data.from_arrays("a", {"image": image, "label": np.arange(3)}, map(str, range(1001)))


TABLES = {
    "backslashes": "file,label\nsub\\a.png,cat\n.\\b.png,dog\n",
    "folder before": "file,label\nm/sub/a.png,cat\nm/b.png,dog\n",
    "absolute": "file,label\n/home/me/m/sub/a.png,cat\nC:\\data\\b.png,dog\n",
    "no suffix": "id,label\nsub/a,cat\nb,dog\n",
    "a float": "file,label\nsub/a.png,0.0\nb.png,1.0\n",
    "spaces": "file , label\nsub/a.png , cat\nb.png,dog \n",
    "a mark": "\ufefffile,label\nsub/a.png,cat\nb.png,dog\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_are_read_as_people_write_them(kind):
    put("m/sub/a.png")
    put("m/b.png")
    Path("m/labels.csv").write_text(TABLES[kind], encoding="utf-8")
    found = data.load("m")
    assert found.classes == (("0", "1") if kind == "a float" else ("cat", "dog"))
    assert found["label"].tolist() == [1, 0]  # b.png, sub/a.png


def test_words_in_a_list_are_several_classes_of_an_image():
    put("m/a.png")
    put("m/b.png")
    Path("m/labels.json").write_text('{"a.png": ["cat", "dog"], "b.png": ["ant"]}')
    found = data.load("m")
    assert found.classes == ("ant", "cat", "dog") and found["label"].tolist() == [[0, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("labels.csv", "file,label\na.png,cat\nb.png,dog\na.png,dog\n", "two rows for a.png: .'cat'. and .'dog'."),
        ("labels.csv", "file,label\na.png,cat\nm/a.png,dog\nb.png,x\n", "two rows for a.png.*cat.*dog"),
        ("labels.json", '{"a.png": 0, "b.png": 1, "a.png": 2}', "two rows for a.png: 0 and 2"),
        ("labels.csv", "file,label\na.png,\nb.png,dog\n", "label of a.png is missing"),
        ("labels.csv", "a.png,cat\nb.png,dog\n", "begins with the row of a.png: give it a head"),
        ("labels.csv", "file,label\na.png,caf\xe9\n".encode("latin-1"), "no UTF-8"),
        ("labels.json", "[" * 200 + "]" * 200, "brackets 200 deep"),
    ],
)
def test_tables_that_contradict_themselves_are_refused(name, text, words, capsys):
    put("m/a.png")
    put("m/b.png")
    Path("m", name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput, match=words):
        data.load("m")
    assert main(["data", "check", "m"]) == 2 and capsys.readouterr().err.count("\n") == 1


def test_a_table_beside_the_folder_that_is_about_something_else_is_left_aside():
    put("train/a.png")
    Path("train.json").write_text(json.dumps({"info": {}, "images": [1, 2]}).replace("{}", "[1]"))
    assert "label" not in data.load("train") and "left aside" in data.load("train").notes[0]
    put("photos/cat/a.png")
    put("photos/dog/b.png")
    Path("photos.csv").write_text("id,price\n17,3\n")
    assert classes("photos") == ("cat", "dog") and "left aside" in data.load("photos").notes[0]


def test_a_stray_picture_beside_class_folders_is_told():
    put("s/cat/a.png")
    put("s/dog/a.png")
    put("s/stray.png")
    found = data.load("s")
    assert "label" not in found and "1 of 3 images lie beside folders, the first is stray.png" in found.notes[0]


# -- pictures


def array(values, dtype):
    return Image.fromarray(np.asarray(values, dtype).reshape(16, 16))


@pytest.mark.parametrize(
    ("values", "dtype", "low", "high"),
    [
        (np.linspace(0, 1, 256), np.float32, 0, 255),
        (np.linspace(-1, 1, 256), np.float32, 0, 255),
        (np.arange(256), np.float32, 0, 255),
        (np.arange(256), np.int32, 0, 255),
        (np.arange(256) * 257, np.int32, 0, 255),
        (np.arange(256) * 257, np.uint16, 0, 255),
        (np.arange(256), np.uint16, 0, 255),
        (np.arange(256) * 16, np.uint16, None, "0 .. 4080"),
        (np.arange(256) - 1000, np.int32, None, "-1000 .. -745"),
        (np.arange(256) * 1e4, np.int32, None, "2.55e"),
        (np.linspace(0, 300, 256), np.float32, None, "0 .. 300"),
    ],
)
def test_wide_pictures_are_scaled_by_a_rule_or_refused(values, dtype, low, high):
    put("f/a.tif", array(values, dtype))
    if low is None:
        with pytest.raises(BadInput, match=f"f: a.tif: it has .* values .*{high}.*: scale them"):
            data.load("f")
    else:
        image = data.load("f")["image"]
        assert image.shape == (1, 16, 16, 1) and (image.min(), image.max()) == (low, high)
        assert len(np.unique(image)) == 256


def test_pictures_are_turned_as_a_viewer_turns_them():
    corner = Image.new("RGB", (48, 32))
    corner.paste("white", (0, 0, 12, 8))
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = number
        for suffix in ("jpg", "png", "webp", "tif"):
            put(f"{number}{suffix}/a.{suffix}", corner, exif=exif, **({"quality": 100} if suffix == "jpg" else {}))
            found = data.load(f"{number}{suffix}")["image"][0]
            with Image.open(f"{number}{suffix}/a.{suffix}") as picture:
                from PIL import ImageOps

                shown = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
            assert found.shape == ((32, 48, 3) if number < 5 else (48, 32, 3)), (number, suffix)
            np.testing.assert_allclose(found, shown, atol=3)


def test_the_first_frame_of_an_animation_is_said():
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "green")]
    put("a/a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert data.load("a")["image"][0, 0, 0].tolist() == [255, 0, 0] and "animated    1 files" in report("a")


def test_channels_that_come_first_are_recognised():
    whole = np.random.default_rng(0).integers(0, 256, (4, 8, 12, 3), dtype=np.uint8)
    np.savez("c.npz", image=np.moveaxis(whole, -1, 1))
    np.testing.assert_array_equal(data.load("c.npz")["image"], whole)
    bands = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 6), dtype=np.uint8)
    np.savez("b.npz", image=np.moveaxis(bands, -1, 1))
    np.testing.assert_array_equal(data.load("b.npz")["image"], bands)
    with pytest.raises(BadInput, match=r"a picture has 1, 3 or 4 channels, and a sample 6: write an .npz"):
        modalities.get("image").write("b.png", bands[0])
    np.save("c.npy", whole)
    np.testing.assert_array_equal(data.load("c.npy")["image"], whole)
    with pytest.raises(BadInput, match="looks like one picture"):
        data.from_arrays("one", {"image": whole[0]})
    grey = modalities.get("image").check("grey", whole[..., 0])
    assert grey.shape == (4, 8, 12, 1)


def test_pictures_of_other_suffixes():
    put("j/a.jfif", format="JPEG")
    put("j/b.JPG", format="JPEG")
    put("j/shot_idx3.png")
    assert data.load("j").size == 3
    Path("j/c.HEIC").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"1 HEIC pictures, the first is c.HEIC.*pillow-heif"):
        data.load("j")


def test_files_above_the_bounds_are_refused_before_they_are_read(monkeypatch):
    put("huge/a.png")
    with monkeypatch.context() as few:
        few.setattr(resize, "MOST_PIXELS", 1000)
        resize._pillow.cache_clear()
        with pytest.raises(BadInput, match=r"huge: a.png: it says to have more than 1,000 pixels"):
            data.load("huge")
    resize._pillow.cache_clear()
    monkeypatch.setattr(listing, "MOST_BYTES", 50)
    for source in ("huge", zipped("huge", "huge.zip")):
        with pytest.raises(BadInput, match=r"a.png has .* bytes, and a file of --data may have 50"):
            data.load(source)


# -- zips


def zipped(folder, path, **how):
    with zipfile.ZipFile(path, "w", **how) as archive:
        for file in sorted(Path(folder).rglob("*.png")):
            archive.write(file, file.relative_to(folder).as_posix())
    return path


def test_zips_that_cannot_be_read_are_refused_in_a_line(capsys):
    put("z/a.png", Image.effect_noise((64, 64), 50))
    path = Path(zipped("z", "z.zip", compression=zipfile.ZIP_DEFLATED))
    whole = path.read_bytes()
    for place, value, words in ((6, 1, "locked by a password"), (8, 9, "compressed in a way (number 9)")):
        at = whole.rindex(b"PK\1\2") + place + 2
        path.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
        assert main(["data", "check", str(path)]) == 2
        assert words in capsys.readouterr().err
    body = bytearray(whole)
    body[60:80] = b"\xff" * 20
    path.write_bytes(bytes(body))
    with pytest.raises(BadInput, match=r"1 of 1 images are damaged, the first is a.png"):
        data.load(str(path))


def damaged(whole, draw):
    """Bytes of a file that something happened to."""
    body = bytearray(whole)
    kind = draw.integers(4)
    if kind == 0:
        return bytes(body[: draw.integers(len(body))])
    for _ in range(draw.integers(1, 8)):
        at = int(draw.integers(len(body)))
        if kind == 1:
            body[at] = draw.integers(256)
        elif kind == 2:
            body[at : at + 4] = draw.bytes(4)
        else:
            body[at:at] = draw.bytes(int(draw.integers(1, 16)))
    return bytes(body)


def break_and_load(files, zips, seed=0):
    draw, formats = np.random.default_rng(seed), ("png", "jpg", "gif", "bmp", "tif", "webp")
    wholes = []
    for i, suffix in enumerate(formats):
        put(f"wholes/{i}.{suffix}", Image.effect_noise((24, 20), 60).convert("RGB"))
        wholes.append((suffix, Path(f"wholes/{i}.{suffix}").read_bytes()))
    for i in range(files):
        suffix, whole = wholes[i % len(wholes)]
        Path("broken").mkdir(exist_ok=True)
        Path(f"broken/{i}.{suffix}").write_bytes(damaged(whole, draw))
    put("broken/whole.png")
    lines, _ = data.check("broken")
    assert any("damaged" in line for line in lines)
    try:
        data.load("broken", 16)
    except BadInput as error:
        assert str(error).startswith("broken: ")
    zipped("wholes", "all.zip", compression=zipfile.ZIP_DEFLATED)
    whole = Path("all.zip").read_bytes()
    for _ in range(zips):
        Path("some.zip").write_bytes(damaged(whole, draw))
        try:
            data.load("some.zip", 16)
        except BadInput as error:
            assert "some.zip" in str(error)


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_leave_no_traceback():
    break_and_load(240, 60)


@pytest.mark.full
@pytest.mark.filterwarnings("ignore")
def test_ten_thousand_damaged_files_leave_no_traceback():
    break_and_load(10_000, 400, seed=1)


# -- runs


def test_class_names_are_no_paths():
    names = ("../cat", "/etc/x", "a/b", "a_b", "", "..", "Dog", "dog")
    found = folders(names)
    assert len({name.lower() for name in found}) == len(names)
    assert all(Path(name).name == name and name.strip(". ") for name in found)


def test_samples_land_in_out_whatever_a_class_is_called(capsys):
    for i in range(4):
        put(f"x/{i}.png")
    Path("x/labels.csv").write_text("file,label\n0.png,../cat\n1.png,a/b\n2.png,../cat\n3.png,a/b\n")
    tiny = ["--tiny", "--resolution", "8", "--steps", "2", "--batch-size", "4", "--save-every-steps", "2"]
    assert main(["train", "mlp_mnist", *tiny, "--conditional", "--data", "x", "--out", "r"]) == 0
    assert main(["sample", "r", "--num", "4", "--out", "o/here"]) == 0
    assert (
        sorted(p.parent.parent.as_posix() for p in Path(".").rglob("00000?.png") if "samples" not in p.parts)
        == ["o/here"] * 4
    )


def test_one_process_at_a_time_trains_into_a_folder(tmp_path):
    hold = "import sys, time; from jaxgan.training import lock\nwith lock.held('.'): print('in', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "in\n"
        with pytest.raises(BadInput, match=f"trained by another process .*process {other.pid}"), lock.held("."):
            pass
        other.kill()
    with lock.held("."):
        pass


def test_an_empty_source_is_refused():
    with pytest.raises(BadInput, match="the source is empty"):
        data.load("")
    with pytest.raises(BadInput, match="the source is empty"):
        data.check("")


def test_a_moved_run_says_how_its_data_are_given(capsys):
    for i in range(4):
        put(f"x/{i}.png")
    tiny = ["--tiny", "--resolution", "8", "--steps", "2", "--batch-size", "4", "--save-every-steps", "2"]
    assert main(["train", "mlp_mnist", *tiny, "--data", "x", "--out", "r"]) == 0
    Path("x").rename("y")
    assert main(["evaluate", "r", "--num", "4", "--features", "pixels"]) == 2
    assert "--data SOURCE" in capsys.readouterr().err
    assert main(["evaluate", "r", "--num", "4", "--features", "pixels", "--data", "y"]) == 0

"""What G is given beside what it makes: found by name, in halves, made of it; the same for all who look."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan import data
from jaxgan.augment.jitter import jitter
from jaxgan.cli import main
from jaxgan.data import lazy
from jaxgan.data.pairs import Derivation
from jaxgan.errors import BadInput
from jaxgan.modalities import image
from jaxgan.sharing import sample_keys

COLOURS = {"a": (250, 0, 0), "b": (0, 250, 0), "c": (0, 0, 250)}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def put(path, colour, size=(8, 8)):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def twins():
    """Folders B and A of the same names with other suffixes; A is darker."""
    for name, colour in COLOURS.items():
        put(f"B/{name}.png", colour)
        put(f"A/{name}.bmp", tuple(c // 2 for c in colour))


@pytest.mark.parametrize("memory", [2**31, 0])
def test_partners_are_found_by_name(memory):
    twins()
    put("A/1/d.png", (9, 9, 9))
    put("B/1/d.jpg", (90, 90, 90))
    pairs = data.load("B", input="A", memory=memory)
    assert (pairs.size, list(pairs.columns)) == (4, ["image", "input"])
    np.testing.assert_allclose(pairs["image"][np.arange(4)] / 2, pairs["input"][np.arange(4)], atol=40)
    darker = pairs["input"][np.arange(4)].reshape(4, -1).max(axis=1)
    assert sorted(darker.tolist()) == [9, 125, 125, 125] and darker[0] == 9  # folders first, as in B
    assert pairs.sha256 != data.load("A", input="B", memory=memory).sha256


def test_no_rows_of_a_view_are_no_samples():
    twins()
    half = Derivation("half", lambda x, keys: x[:, ::2, ::2])
    streamed = data.load("B", memory=0, degrade=half)
    for i in range(3):
        put(f"films/f/{i}.png", (9, i, 0))
    clips = data.load("video:films", memory=0)["image"]
    for view in (streamed["image"], streamed["input"], clips, lazy.Rows(streamed["image"], np.arange(2))):
        for none in ([], np.zeros((2, 0), np.int32), np.zeros(len(view), bool)):
            rows = np.arange(len(view))[none]
            assert view[none].shape == (*rows.shape, *view.shape[1:]) and view[none].dtype == np.uint8


def test_rows_of_a_view_keep_their_order():
    twins()
    view = lazy.Rows(data.load("B", memory=0)["image"], np.array([2, 0, 1], np.int32))
    assert [tuple(view[i][0, 0]) for i in range(3)] == [COLOURS[name] for name in "cab"]
    assert view[np.array([[0, 1]])].shape == (1, 2, 8, 8, 3)
    other = lazy.Rows(view.column, np.array([0, 1, 2], np.int32))
    assert view.identity() != other.identity()


def test_what_has_no_partner_is_named():
    twins()
    put("B/extra.png", (1, 1, 1))
    with pytest.raises(BadInput, match="A has no partner for 1 of 4 names, the first is extra"):
        data.load("B", input="A")
    with pytest.raises(BadInput, match="A has no partner for 1 of 4 names"):
        data.load("A", input="B")
    put("A/extra.png", (1, 1, 1))
    put("A/a.png", (1, 1, 1))
    with pytest.raises(BadInput, match="A has a with several suffixes"):
        data.load("B", input="A")
    assert data.load("B", input="A", unpaired=True).columns["input"].shape[0] == 5
    np.savez("few.npz", image=np.zeros((3, 8, 8, 3), np.uint8))
    with pytest.raises(BadInput, match=r"B has 4 samples and few.npz 3: give pairs"):
        data.load("B", input="few.npz")


def turned(name, size):
    """Saves a file that its EXIF turns by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", size).save(name, exif=exif)


@pytest.mark.parametrize("memory", [2**31, 0])
def test_partners_of_other_shapes_are_refused_unless_all_of_both_is_there(memory, capsys):
    twins()
    put("B/b.png", (1, 2, 3), (90, 48))
    put("A/b.bmp", (1, 2, 3), (64, 48))
    load = partial(data.load, "B", input="A", resolution=8, memory=memory)
    with pytest.raises(
        BadInput, match=r"b.png of B is 48x90 and its partner, b.bmp of A, 48x64: give pairs of one shape"
    ):
        load()
    with pytest.raises(BadInput, match=r"b.png of B is 48x90"):
        load(fit="pad")
    assert load(fit="stretch").size == load(unpaired=True).size == 3
    assert main(["data", "check", "B", "--input", "A", "--resolution", "8"]) == 0
    assert "its partner, b.bmp of A, 48x64" in capsys.readouterr().out
    for one, other in (
        ((481, 321), (120, 80)),
        ((256, 256), (256, 255)),
        ((1024, 768), (1020, 764)),
    ):  # a quarter, rounded
        put("B/b.png", (1, 2, 3), one)
        put("A/b.bmp", (1, 2, 3), other)
        assert load().size == 3
    put("B/b.png", (1, 2, 3), (64, 48))
    Path("A/b.bmp").unlink()
    turned("A/b.jpg", (64, 48))
    with pytest.raises(BadInput, match=r"b.png of B is 48x64 and its partner, b.jpg of A, 64x48"):
        load()


def test_halves_of_one_file_and_its_splits():
    for split in ("train", "val"):
        for name, colour in COLOURS.items():
            put(f"F/{split}/{name}.png", colour, (16, 8))
            with Image.open(f"F/{split}/{name}.png") as whole:
                whole.paste((7, 7, 7), (0, 0, 8, 8))
                whole.save(f"F/{split}/{name}.png")
    for side, (of_image, of_input) in {"left-input": (250, 7), "right-input": (7, 250)}.items():
        for found in (data.load("F", side_by_side=side), data.held_out("F", side_by_side=side)):
            assert found["image"].shape == found["input"].shape == (3, 8, 8, 3)
            assert (found["image"].max(), found["input"].max()) == (of_image, of_input)
    assert data.load("F", 4, side_by_side="left-input")["image"].shape == (3, 4, 4, 3)
    assert data.load("F", side_by_side="left-input", memory=0)["input"][0].max() == 7
    put("F/train/odd.png", (1, 1, 1), (15, 8))
    with pytest.raises(BadInput, match=r"odd.png: it is 15 pixels wide"):
        data.load("F", 8, side_by_side="left-input")
    with pytest.raises(BadInput, match="did you mean left-input"):
        data.load("F", side_by_side="left-inputs")
    with pytest.raises(BadInput, match="--input and --side-by-side each say what G is given"):
        data.load("F", side_by_side="left-input", input="F")


def test_what_is_made_of_an_image_is_the_same_whenever_somebody_looks():
    twins()
    noisy = Derivation(
        "noise 0.1", lambda x, keys: x[:, ::2, ::2] + 0.1 * jax.vmap(jax.random.normal)(keys)[:, None, None, None]
    )
    pairs = data.load("B", degrade=noisy)
    assert pairs["input"].shape == (3, 4, 4, 3) and pairs.specs["input"].shape == (4, 4, 3)
    whole = pairs["input"][np.arange(3)]
    np.testing.assert_array_equal(pairs["input"][np.array([[2], [0]])], whole[[2, 0]][:, None])
    np.testing.assert_array_equal(pairs["input"][1], whole[1])
    keys = sample_keys(jax.random.key(0), np.arange(3))
    np.testing.assert_array_equal(whole, image.to_file(np.asarray(noisy.apply(image.to_step(pairs["image"]), keys))))
    assert pairs.sha256 != data.load("B").sha256
    with pytest.raises(BadInput, match=r"noise 0.1 is of images, and ring has points"):
        data.load("ring", degrade=noisy)


def test_jitter_is_a_crop_of_the_enlarged_picture_the_same_for_all_columns():
    x = np.random.default_rng(0).uniform(-0.8, 0.8, (4, 15, 12, 1)).astype(np.float32)
    mask = (x[..., 0] > 0).astype(np.uint8)
    batch = {"image": jnp.asarray(x), "input": jnp.asarray(-x), "mask": jnp.asarray(mask), "index": jnp.arange(4)}
    kinds = {"image": "image", "input": "image", "mask": "mask"}
    moved = jax.jit(jitter(4 / 3, kinds))(batch, jax.random.key(1))
    np.testing.assert_allclose(moved["image"], -moved["input"], atol=1e-6)
    places = set()
    for row in range(4):
        large = np.asarray(Image.fromarray(x[row, ..., 0]).resize((16, 20), Image.Resampling.BICUBIC)).clip(-1, 1)
        labels = np.asarray(Image.fromarray(mask[row]).resize((16, 20), Image.Resampling.NEAREST))
        apart = {
            (i, j): np.abs(large[i : i + 15, j : j + 12] - moved["image"][row, ..., 0]).max()
            for i in range(6)
            for j in range(5)
        }
        i, j = min(apart, key=apart.get)
        assert apart[i, j] < 1e-4
        np.testing.assert_array_equal(labels[i : i + 15, j : j + 12], moved["mask"][row])
        places.add((i, j))
    assert len(places) > 1
    alone = jitter(4 / 3, kinds)({k: v[2:3] for k, v in batch.items()}, jax.random.key(1))
    np.testing.assert_allclose(alone["image"][0], moved["image"][2], atol=1e-6)
    with pytest.raises(BadInput, match="enlarges nothing"):
        jitter(1.0, kinds)


def test_masks_come_beside_pictures_and_a_share_of_both_is_kept():
    for split, count in (("train", 8), ("val", 2)):
        for i in range(count):
            put(f"P/{split}/{i}.jpg", (20 * i, 0, 0))
            Path(f"M/{split}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8), i, np.uint8)).save(f"M/{split}/{i}.png")
    both = data.load("P", masks="M", ignored=7)
    np.testing.assert_array_equal(both["mask"][:, 0, 0], np.arange(8))
    assert both.specs["mask"].classes == tuple("0123456") and both.specs["mask"].modality == "mask"
    few = data.load("P", masks="M", labelled=0.25)
    np.testing.assert_array_equal(few["mask"][:, 0, 0], [3, 7])
    np.testing.assert_array_equal(few["image"], both["image"][[3, 7]])
    assert few.names == ("3.jpg", "7.jpg") and few.sha256 != both.sha256
    assert data.load("P", masks="M", labelled=0.25, memory=0)["image"][1][0, 0, 0] == both["image"][7][0, 0, 0]
    rest = data.load("P", masks="M", labelled=0.25, ignored=9, unlabelled=True)
    np.testing.assert_array_equal(rest["mask"][:, 0, 0], [9, 9, 9, 3, 9, 9, 9, 7])
    np.testing.assert_array_equal(rest["image"], both["image"])
    with pytest.raises(BadInput, match="add --ignored 255"):
        data.load("P", masks="M", labelled=0.25, unlabelled=True)
    held = data.held_out("P", masks="M", labelled=0.25)
    np.testing.assert_array_equal(held["mask"][:, 0, 0], [0, 1])
    with pytest.raises(BadInput, match=r"--labelled 0.01 of 8 samples is none"):
        data.load("P", masks="M", labelled=0.01)
    np.savez("few.npz", image=np.zeros((3, 8, 8, 3), np.uint8))
    with pytest.raises(BadInput, match="has none: give a folder"):
        data.load("few.npz", masks="M")


def test_data_check_reports_on_both_and_names_what_does_not_fit(capsys):
    twins()
    assert main(["data", "check", "B", "--input", "A", "--recipe", "pix2pix", "--resolution", "32"]) == 0
    said = capsys.readouterr().out
    assert "input: samples     3 of 3 files" in said and "together    3 of image 32x32x3, input 32x32x3" in said
    assert "pix2pix can take it" in said and "to mend" not in said
    put("B/extra.png", (1, 1, 1))
    assert main(["data", "check", "B", "--input", "A"]) == 0
    assert "to mend     A has no partner for 1 of 4 names, the first is extra" in capsys.readouterr().out
    assert main(["data", "check", "B", "--input", "A", "--unpaired"]) == 0
    assert "together    4 of image 8x8x3, input 8x8x3" in capsys.readouterr().out
    assert main(["data", "check", "B", "--input", "A", "--unpaired", "--recipe", "dcgan"]) == 2
    assert "--input is no option of dcgan: remove it" in capsys.readouterr().err
    made = ["--degrade", "down", "--degrade", "noise", "--factor", "2"]
    assert main(["data", "check", "B", *made, "--recipe", "enhance", "--resolution", "48"]) == 0
    said = capsys.readouterr().out
    assert "together    4 of image 48x48x3, input 24x24x3" in said and "enhance can take it" in said
    assert main(["data", "check", "B", "--input", "A", *made]) == 0
    assert "to mend     --input and --degrade each say what G is given" in capsys.readouterr().out
    Path("M").mkdir()
    for name in (*COLOURS, "extra"):
        Image.fromarray(np.full((8, 8), 3, np.uint8)).save(f"M/{name}.png")
    Path("M/classes.txt").write_text("sky\nroad\n")
    assert main(["data", "check", "B", "--masks", "M"]) == 0
    assert "M: a.png has the value 3 in 64 pixels, and classes.txt has the classes 0 .. 1" in capsys.readouterr().out


def test_data_check_asks_for_no_weights_and_refuses_what_a_training_does(capsys):
    twins()
    assert main(["data", "check", "B", "--input", "A", "--unpaired", "--resolution", "32", "--recipe", "style"]) == 0
    assert "style can take it" in capsys.readouterr().out
    assert main(["data", "check", "B", "--degrade", "holes", "--degrade", "noise"]) == 2
    assert "holes are a channel that comes last" in capsys.readouterr().err


def test_both_sources_give_the_same_split():
    for i, split in enumerate(("train", "val", "test")):
        for k in range(2):
            put(f"B/{split}/{k}.png", (10 * i + k, 0, 0))
            if split != "val":
                put(f"A/{split}/{k}.jpg", (10 * i + k, 0, 0))
            put(f"flat/{split}{k}.png", (10 * i + k, 0, 0))
            put(f"C/{split}/{split}{k}.png", (10 * i + k, 0, 0))
    with pytest.raises(BadInput, match="and none called val"):
        data.held_out("B", input="A")
    assert data.load("B", input="A").size == 2
    held = data.held_out("C", input="flat")
    np.testing.assert_array_equal(held["image"], held["input"])
    assert held["image"][:, 0, 0, 0].tolist() == [10, 11]
    trained = data.load("C", input="flat")
    np.testing.assert_array_equal(trained["image"], trained["input"])
    for k in range(2):
        put(f"I/val/val{k}.png", (10 + k, 0, 0))  # and no train
    assert data.load("C", split="val", input="I").size == 2 and data.check("C", "val", input="I")[1] == []
    lines, problems = data.check("C", "val", input="flat")  # which takes what `load` takes
    assert not problems and "together    2 of image 8x8x3, input 8x8x3" in lines


def test_one_large_picture_is_cut_in_halves_before_its_crops_are_taken():
    both = np.zeros((20, 40, 3), np.uint8)
    both[:, 20:] = 200
    Image.fromarray(both).save("big.png")
    found = data.load("big.png", 16, side_by_side="left-input")
    assert found["image"].shape == found["input"].shape == (25, 16, 16, 3)
    assert (
        np.asarray(found["image"][np.arange(25)]).min() == 200 and np.asarray(found["input"][np.arange(25)]).max() == 0
    )
    with pytest.raises(BadInput, match=r"--aspect is 2.0, and crops of big.png are square"):
        data.load("big.png", 16, aspect=2.0)
    with pytest.raises(BadInput, match="--side-by-side is of pictures, and sentences has text: remove it"):
        data.load("sentences", side_by_side="left-input")


def test_clips_of_a_film_have_partners_by_the_place_that_they_begin_at():
    for folder in ("V", "W"):
        Path(folder).mkdir()
        frames = [Image.new("RGB", (8, 8), (20 * i, 0, 0)) for i in range(6)]
        frames[0].save(f"{folder}/a.gif", save_all=True, append_images=frames[1:])
    found = data.load("video:V", input="video:W", length=3)
    assert found["image"].shape == (2, 3, 8, 8, 3)
    np.testing.assert_array_equal(found["image"], found["input"])


def test_a_dot_in_a_folder_of_frames_is_no_suffix():
    for name, light in (("film.v1", 200), ("film.v2", 100)):
        for i in range(3):
            put(f"to/{name}/{i}.png", (light + i, 0, 0))
            put(f"from/{name}/{i}.png", (0, light + i, 0))
    found = data.load("video:to", input="video:from")
    assert found["image"].shape[:2] == (2, 3)
    np.testing.assert_array_equal(found["image"][..., 0], found["input"][..., 1])


def test_what_is_held_out_is_as_what_is_trained_on():
    for k in range(2):
        put(f"B/train/{k}.png", (k, k, 90))
        put(f"A/train/{k}.png", (k, k, 90))
        for folder, grey in (("A/train", True), ("B/val", True), ("A/val", False)):
            value = np.full((8, 8), k, np.uint8) if grey else np.full((8, 8, 3), k, np.uint8)
            Path(folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(value).save(f"{folder}/{k}.png")
    trained = data.load("B", input="A")
    held = data.held_out("B", input="A", like=trained)
    assert [trained[name].shape[-1] for name in ("image", "input")] == [3, 1]
    assert [held[name].shape[-1] for name in ("image", "input")] == [3, 1]
    assert data.held_out("B", input="A")["image"].shape[-1] == 1  # by itself it is grey
    columns = {"image": np.zeros((2, 8, 8, 3), np.uint8), "input": np.zeros((2, 8, 8, 1), np.uint8)}
    np.savez("both.npz", **columns)
    both = data.load("both.npz")
    again = data.load("both.npz", like=both)  # each of its columns as it is
    assert [again[name].shape[-1] for name in ("image", "input")] == [3, 1]


def test_masks_are_of_the_pictures_sizes_and_255_is_no_class_by_itself():
    for k in range(2):
        put(f"P/{k}.png", (1, 1, 1))
        Path("M").mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 10), k, np.uint8)).save(f"M/{k}.png")
    with pytest.raises(BadInput, match="--masks M are found by the names of files, and blobs has none: give a folder"):
        data.load("blobs", masks="M")
    with pytest.raises(BadInput, match="8x10, and its picture 8x8"):
        data.load("P", 8, masks="M")
    for k in range(2):
        Image.fromarray(np.full((8, 8), 255 * k, np.uint8)).save(f"M/{k}.png")
    with pytest.raises(BadInput, match=r"masks of 0 and 255 alone: where 255 is a class, say so in a classes.txt"):
        data.load("P", 8, masks="M")
    values = np.array([[0, 1, 255, 2]] * 4, np.uint8)
    for k in range(2):
        Image.fromarray(np.repeat(np.repeat(values, 2, 0), 2, 1)).save(f"M/{k}.png")
    with pytest.raises(BadInput, match=r"masks of 0 .. 2 and of 255, which by custom is no class: give --ignored 255"):
        data.load("P", masks="M")
    assert data.load("P", masks="M", ignored=255).specs["mask"].classes == ("0", "1", "2")

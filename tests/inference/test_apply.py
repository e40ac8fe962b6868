"""G at work on people's pictures: any size, in tiles without seams, each as it came."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image, ImageOps, TiffImagePlugin

import jaxgan
from jaxgan import inference
from jaxgan.cli import main
from jaxgan.errors import BadInput
from jaxgan.inference import pictures
from jaxgan.modalities import mask as masks
from jaxgan.modalities import resize

EACH = ["--log-every-steps", "2", "--sample-every-steps", "2", "--save-every-steps", "2"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folder with tiny runs whose G is given pictures: translate looks at all of one, enhance and inpaint around a pixel."""
    home = tmp_path_factory.mktemp("runs")
    draw = np.random.default_rng(0)
    pictures = draw.integers(0, 256, (16, 16, 16, 3), dtype=np.uint8)
    np.savez(home / "pairs.npz", image=pictures, input=pictures[:, ::-1])
    lines = {
        "translate": ["pix2pix", "--input", ""],
        "enhance": ["enhance", "--factor", "2", "--lr-g", "1e-2", "--steps", "30"],
        "inpaint": ["inpaint"],
        "cycle": ["cyclegan", "--input", ""],
        "contrast": ["cut", "--input", ""],
    }
    for name, line in lines.items():
        more = ["--data", str(home / "pairs.npz"), "--batch-size", "8", "--out", str(home / name)]
        degrade = ["--degrade", "down"] if name == "enhance" else []
        if name == "enhance":
            np.savez(home / "alone.npz", image=pictures)
            more[1] = str(home / "alone.npz")
        if name == "inpaint":
            more[1] = str(home / "alone.npz")
        assert main(["train", line[0], "--tiny", "--steps", "2", *line[1:], *degrade, *EACH, *more]) == 0
    return home


def picture(*size, seed=0):
    """Smooth noise uint8 [H, W, 3]."""
    draw = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(draw).resize(size[::-1], Image.Resampling.BICUBIC))


def test_tiles_are_the_whole_picture_and_any_size_is_taken(runs):
    loaded = jaxgan.load(runs / "enhance")
    translator = inference.Translator(loaded)
    assert translator.scale == 2 and 4 < translator.reach < 60
    large = picture(150, 203)
    (whole,) = inference.apply(loaded, [large])
    assert whole.shape == (300, 406, 3) and whole.dtype == np.uint8
    side = 2 * translator.reach + 64
    assert side * side < 150 * 203
    (tiled,) = inference.apply(loaded, [large], most=side * side)
    assert np.abs(whole.astype(int) - tiled).max() <= 1  # 1e-3 of the range, rounded to levels
    grey, small = inference.apply(loaded, [picture(31, 40)[..., :1], picture(5, 3)])
    assert grey.shape == (62, 80, 3) and small.shape == (10, 6, 3)


def test_a_cut_that_is_too_near_would_show(runs):
    translator = inference.Translator(jaxgan.load(runs / "enhance"), most=96 * 96)
    large = picture(150, 203)
    whole = inference.Translator(jaxgan.load(runs / "enhance"))(large[None])
    translator.__dict__["reach"] = 0
    assert np.abs(whole.astype(int) - translator(large[None])).max() > 1


def test_what_looks_at_all_of_a_picture_is_not_cut_but_made_smaller_and_that_is_said(runs):
    translator, said = inference.Translator(jaxgan.load(runs / "translate"), most=64 * 64), []
    assert translator.reach is None
    made = translator(picture(100, 200)[None], said.append)
    assert made.shape == (1, 45, 90, 3) and "200x100 is made 90x45" in said[0]


@pytest.mark.parametrize("name", ["translate", "enhance", "inpaint", "cycle", "contrast"])
def test_a_picture_of_a_size_that_the_network_takes_is_given_to_it_as_it_is(runs, name):
    """So what is applied is what is measured: a U-Net of 48 rows took a picture of 64 for another one."""
    loaded = jaxgan.load(runs / name)
    translator = inference.Translator(loaded)
    (column,) = loaded.config.given
    sides = loaded.data.specs[column].shape[:2]
    if translator.reach is not None:
        sides = [n * translator._multiple + side for n, side in zip((1, 3), sides, strict=True)]
    x = np.concatenate([picture(*sides), np.full((*sides, 1), 255, np.uint8)], axis=-1)[
        None, ..., : translator.channels
    ]
    made = loaded.gan.sample(loaded.state.ema, {column: x, "index": np.zeros(1, np.int32)}, jax.random.key(0))
    np.testing.assert_array_equal(translator(x), translator.kind.to_file(np.asarray(made)))


def test_a_net_that_does_not_say_its_multiple_is_given_its_own_size_and_others_in_multiples_of_32(runs):
    loaded = jaxgan.load(runs / "enhance")
    seen = []
    translator = inference.Translator(loaded._replace(generator=loaded.generator._replace(multiple=0)))
    draw, translator._draw = translator._draw, lambda variables, x: seen.append(x.shape) or draw(variables, x)
    own = loaded.data.specs[loaded.config.given[0]].shape[:2]
    for sides, given in ((own, own), ((33, 20), (64, 32))):
        assert translator(picture(*sides)[None]).shape == (1, 2 * sides[0], 2 * sides[1], 3)
        assert seen.pop()[1:3] == given


def test_a_picture_does_not_depend_on_its_neighbours(runs):
    loaded = jaxgan.load(runs / "translate")
    one, other = picture(16, 16), picture(16, 16, seed=1)
    both = inference.apply(loaded, np.stack([one, other]))
    np.testing.assert_allclose(both[1].astype(int), inference.apply(loaded, [other])[0], atol=1)
    assert (inference.apply(loaded, [one], seed=1)[0] != both[0]).any()  # dropout is G's noise


def test_many_frames_are_given_to_the_network_in_parts_of_one_size(runs):
    translator, frames = inference.Translator(jaxgan.load(runs / "enhance"), most=700), np.stack([picture(16, 16)] * 5)
    given, draw = [], translator._draw
    translator._draw = lambda variables, x: given.append(x.shape) or draw(variables, x)
    made = translator(frames)
    assert given == [(2, 16, 16, 3)] * 3 and made.shape == (5, 32, 32, 3)
    assert np.abs(made.astype(int) - translator(frames[:1])).max() <= 1


def test_a_cycle_goes_both_ways_and_others_one(runs):
    loaded, one = jaxgan.load(runs / "cycle"), picture(32, 32)
    there, back = inference.apply(loaded, [one]), inference.apply(loaded, [one], reverse=True)
    assert there[0].shape == back[0].shape == (32, 32, 3) and (there[0] != back[0]).any()
    for name in ("translate", "contrast"):
        with pytest.raises(BadInput, match="this one goes one way"):
            inference.apply(jaxgan.load(runs / name), [one], reverse=True)


def folder(path):
    """Pictures of all kinds, one of them damaged."""
    (path / "below").mkdir(parents=True)
    Image.fromarray(picture(30, 44)).save(path / "plain.png")
    turned = Image.fromarray(picture(20, 50))
    exif = turned.getexif()
    exif[0x0112] = 6
    exif[0x010E] = "words"
    turned.save(path / "turned.jpg", exif=exif, icc_profile=b"profile")
    Image.fromarray(picture(24, 24)[..., 0]).save(path / "below" / "grey.png")
    clear = np.concatenate([picture(24, 36), np.tile(np.arange(36, dtype=np.uint8)[None, :, None] * 7, (24, 1, 1))], -1)
    Image.fromarray(clear).save(path / "clear.webp", lossless=True)
    frames = [Image.fromarray(picture(16, 16, seed=i)) for i in range(3)]
    frames[0].save(path / "moving.gif", save_all=True, append_images=frames[1:], duration=[50, 100, 150], loop=0)
    (path / "damaged.png").write_bytes((path / "plain.png").read_bytes()[:80])


def test_a_folder_of_mixed_pictures_keeps_what_it_had(runs, tmp_path, capsys):
    folder(tmp_path / "in")
    command = ["apply", str(runs / "enhance"), str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert main(command) == 2
    told = capsys.readouterr()
    assert "jaxgan: damaged.png" in told.err and "wrote 5 pictures" in told.out and "1 failed" in told.out
    made = {
        p.relative_to(tmp_path / "out").as_posix(): p for p in (tmp_path / "out").rglob("*.*") if p.suffix != ".json"
    }
    assert sorted(made) == ["below/grey.png", "clear.webp", "moving.gif", "plain.png", "turned.jpg"]
    with Image.open(made["turned.jpg"]) as turned:
        assert turned.size == (40, 100)  # upright
        assert (turned.getexif().get(0x0112), turned.getexif()[0x010E]) == (None, "words")
        assert turned.info["icc_profile"] == b"profile"
    with Image.open(made["clear.webp"]) as clear:
        alpha = np.asarray(clear)[..., 3]
        assert clear.mode == "RGBA" and clear.size == (72, 48) and alpha[0, 0] < 10 < 200 < alpha[0, -1]
    with Image.open(made["moving.gif"]) as moving:
        assert moving.n_frames == 3 and moving.size == (32, 32)
        moving.seek(2)
        assert moving.info["duration"] == 150
    before = {name: path.stat().st_mtime_ns for name, path in made.items()}
    made["plain.png"].unlink()
    assert main(command) == 2
    assert "wrote 1 pictures" in (told := capsys.readouterr().out) and "4 were there already" in told
    assert {n: p.stat().st_mtime_ns for n, p in made.items() if n != "plain.png"} == {
        n: t for n, t in before.items() if n != "plain.png"
    }
    assert main([*command, "--compare"]) == 2
    assert "was written with compare False and True now: give another --out" in capsys.readouterr().err
    assert main([*command[:3], "--out", str(tmp_path / "in")]) == 2
    assert "was not written by jaxgan apply" in capsys.readouterr().err


def test_every_page_is_made_or_the_file_is_refused(runs, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    pages = [Image.fromarray(picture(16, 16, seed=i)) for i in range(3)]
    pages[0].save(tmp_path / "in" / "pages.tif", save_all=True, append_images=pages[1:])
    thumb = [pages[0], pages[1].resize((8, 8))]
    thumb[0].save(tmp_path / "in" / "sizes.tiff", save_all=True, append_images=thumb[1:])
    (tmp_path / "in" / "words.png").write_text("words")
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "in" / "thumb.tif"), new=True) as file:
        for i, page in enumerate(thumb):
            page.save(file, tiffinfo={254: i})
            file.newFrame()
    command = ["apply", str(runs / "enhance"), str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert main(command) == 2
    told = capsys.readouterr().err
    with Image.open(tmp_path / "out" / "thumb.tif") as made:
        assert made.size == (32, 32) and made.n_frames == 1
    assert "sizes.tiff: its 2 pages are of several sizes" in told
    assert "words.png: it is no whole picture of a format that is read" in told and "Reader" not in told
    with Image.open(tmp_path / "out" / "pages.tif") as made:
        assert made.n_frames == 3
        shown = []
        for i in range(3):
            made.seek(i)
            shown.append(np.asarray(made))
    assert shown[0].shape == (32, 32, 3) and not np.array_equal(shown[0], shown[2])


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif"])
def test_what_is_written_says_that_it_is_generated(suffix, tmp_path):
    path = tmp_path / f"x.{suffix}"
    pictures.write(path, pictures.Picture(path.name, [np.zeros((8, 8, 3), np.uint8)], [None], {}))
    with Image.open(path) as written:
        found = written.info.get("Comment") or written.info["comment"].decode()
    assert found == "generated by jaxgan"


def test_before_and_after_lie_beside_each_other_and_sizes_can_be_asked_for(runs, tmp_path):
    Image.fromarray(picture(30, 44)).save(tmp_path / "plain.png")
    command = ["apply", str(runs / "enhance"), str(tmp_path / "plain.png"), "--compare", "--size", "15"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    with Image.open(tmp_path / "out" / "plain.png") as both:
        assert both.size == (2 * 44, 30)
    facts = json.loads((tmp_path / "out" / "apply.json").read_text())
    assert (facts["size"], facts["compare"], facts["step"]) == (15, True, 30)


def test_holes_are_filled_where_the_mask_is_white_and_nothing_else_changes(runs, tmp_path, capsys):
    one = picture(40, 52)
    Image.fromarray(one).save(tmp_path / "one.png")
    mask = np.zeros((40, 52), np.uint8)
    mask[10:20, 8:30] = 255
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / "one.png")
    for i, where in enumerate(("masks", "masks/one.png")):
        out = tmp_path / f"out{i}"
        command = ["apply", str(runs / "inpaint"), str(tmp_path / "one.png"), "--mask", str(tmp_path / where)]
        assert main([*command, "--out", str(out)]) == 0
        with Image.open(out / "one.png") as made:
            found = np.asarray(made)
        np.testing.assert_array_equal(found[mask == 0], one[mask == 0])
        assert np.abs(found[mask > 0].astype(int) - one[mask > 0]).mean() > 5
    strokes = np.full((40, 52, 4), 255, np.uint8) * (mask[..., None] > 0)  # what is not painted is transparent
    strokes[mask == 0, :3] = 255
    for i, where in enumerate(("masks/one.png", "masks")):
        Image.fromarray(strokes).save(tmp_path / "masks" / "one.png")
        out = tmp_path / f"strokes{i}"
        command = ["apply", str(runs / "inpaint"), str(tmp_path / "one.png"), "--mask", str(tmp_path / where)]
        assert main([*command, "--out", str(out)]) == 0
        with Image.open(out / "one.png") as made:
            np.testing.assert_array_equal(np.asarray(made), found)
    holed = np.concatenate([one, np.where(mask, 0, 255).astype(np.uint8)[..., None]], -1)
    Image.fromarray(holed).save(tmp_path / "holed.png")
    command = ["apply", str(runs / "inpaint")]
    assert main([*command, str(tmp_path / "holed.png"), "--out", str(tmp_path / "own")]) == 0
    with Image.open(tmp_path / "own" / "holed.png") as made:
        np.testing.assert_array_equal(np.asarray(made), found)
    capsys.readouterr()
    assert main([*command, str(tmp_path / "one.png"), "--out", str(tmp_path / "none")]) == 2
    assert "one.png: nothing of it is transparent: give --mask" in capsys.readouterr().err
    Image.fromarray(mask[:30]).save(tmp_path / "masks" / "one.png")
    line = [*command, str(tmp_path / "one.png"), "--mask", str(tmp_path / "masks"), "--out", str(tmp_path / "small")]
    assert main(line) == 2
    assert "is 52x30, the picture 52x40: give a mask of its size" in capsys.readouterr().err
    Image.fromarray(mask // 255).save(tmp_path / "masks" / "one.png")
    line[-1] = str(tmp_path / "dark")
    assert main(line) == 2
    assert "one is white nowhere, its brightest pixel is 1: G fills in what is white, 255" in capsys.readouterr().err


def test_runs_that_are_given_no_pictures_and_inputs_that_are_none_are_refused(runs, tmp_path, capsys):
    assert main(["train", "digits", "--tiny", "--steps", "2", *EACH, "--out", str(tmp_path / "digits")]) == 0
    capsys.readouterr()
    Image.fromarray(picture(20, 20)).save(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    Image.fromarray(picture(20, 20)).save(tmp_path / "other" / "a.png")
    out = ["--out", str(tmp_path / "out")]
    for words, said in {
        ("digits", "a.png"): "makes samples of latents, not of pictures: take jaxgan sample",
        ("enhance", "empty"): "has no pictures",
        ("enhance", "other/b.png"): "/other/a.png",
        ("enhance", "nowhere/a.png"): "nowhere/a.png: `jaxgan --help` lists what a source can be",
        ("enhance", "a.png", "other/a.png"): "two of the inputs are called a.png",
    }.items():
        run = tmp_path / "digits" if words[0] == "digits" else runs / words[0]
        assert main(["apply", str(run), *(str(tmp_path / word) for word in words[1:]), *out]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    line = ["apply", str(runs / "enhance"), str(tmp_path / "a.png"), "--mask", str(tmp_path / "a.png"), *out]
    assert main(line) == 2 and "fills nothing in: remove it" in capsys.readouterr().err


def test_a_cycle_takes_the_column_of_its_way(runs, tmp_path):
    loaded = jaxgan.load(runs / "cycle")
    for column, flags in (("input", []), ("image", ["--reverse"])):
        out = tmp_path / column
        assert main(["apply", str(runs / "cycle"), str(runs / "pairs.npz"), *flags, "--out", str(out)]) == 0
        with np.load(runs / "pairs.npz") as pairs:
            (expected,) = inference.apply(loaded, pairs[column][3:4], reverse=bool(flags))
        with Image.open(out / "000003.png") as made:
            np.testing.assert_allclose(np.asarray(made).astype(int), expected, atol=1)


def test_what_was_made_is_not_among_the_pictures_where_it_lies_beside_them(runs, tmp_path, capsys):
    Image.fromarray(picture(20, 24)).save(tmp_path / "a.png")
    command = ["apply", str(runs / "enhance"), str(tmp_path), "--out", str(tmp_path / "made")]
    assert main(command) == 0 and main(command) == 0
    assert "wrote 0 pictures" in capsys.readouterr().out and not (tmp_path / "made" / "made").exists()
    again = ["apply", str(runs / "enhance"), str(tmp_path / "made"), "--out", str(tmp_path / "twice")]
    assert main(again) == 0  # where it is asked for, it is taken
    with Image.open(tmp_path / "twice" / "a.png") as made:
        assert made.size == (96, 80)


def test_sources_of_data_are_taken_by_their_rows(runs, tmp_path):
    out = tmp_path / "out"
    assert main(["apply", str(runs / "translate"), str(runs / "pairs.npz"), "--out", str(out)]) == 0
    assert len(list(Path(out).glob("*.png"))) == 16
    loaded = jaxgan.load(runs / "translate")
    with np.load(runs / "pairs.npz") as pairs:
        expected = inference.apply(loaded, pairs["input"][3:4])[0]
    with Image.open(out / "000003.png") as made:
        np.testing.assert_allclose(np.asarray(made).astype(int), expected, atol=1)


@pytest.mark.parametrize("name", ["inpaint", "segment"])
def test_tiles_lie_on_the_grid_of_the_network_s_strides(runs, tmp_path, name):
    if name == "segment":
        line = ["train", "segment", "--tiny", "--steps", "2", *EACH, "--out", str(tmp_path / "segment")]
        assert main(line) == 0
    loaded = jaxgan.load(runs / name if name == "inpaint" else tmp_path / name)
    translator, large = inference.Translator(loaded), picture(140, 171)
    if name == "inpaint":  # where nothing is to be filled in, all is what it was
        large = np.dstack([large, np.full(large.shape[:2], 255, np.uint8)])
        large[20:120, 30:150, 3] = 0
    side = 2 * translator.reach + 20
    (whole,) = inference.apply(loaded, [large])
    (tiled,) = inference.apply(loaded, [large], most=side * side)
    assert whole.shape[:2] == (140, 171) and side < 140
    if name == "inpaint":
        assert translator.reach > 8 and np.abs(whole.astype(int) - tiled).max() <= 1
        under = np.where(large[..., 3:], large, np.uint8([9, 99, 199, 70]))  # what lies under a hole, half transparent
        np.testing.assert_array_equal(inference.apply(loaded, [under])[0], whole)
    else:  # two classes may be as likely
        assert (whole != tiled).mean() < 0.002


def test_every_input_has_a_file_of_its_own_in_every_format(runs, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "a.jpg", "b.jfif", "b.png", "c.tif", "c.bmp", "d.jfif"):
        Image.fromarray(picture(20, 24)).save(tmp_path / "in" / name, **({"format": "JPEG"} if "jfif" in name else {}))
    assert main(["apply", str(runs / "enhance"), str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    assert "wrote 7 pictures" in capsys.readouterr().out
    made = sorted(path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".json")
    assert made == ["a.jpg", "a.png", "b.jfif.png", "b.png", "c.bmp", "c.tif", "d.png"]
    for name in made:
        with Image.open(tmp_path / "out" / name) as one:
            assert one.size == (48, 40)
    assert main(["train", "segment", "--tiny", "--steps", "2", *EACH, "--out", str(tmp_path / "segment")]) == 0
    command = ["apply", str(tmp_path / "segment"), str(tmp_path / "in")]
    assert main([*command, "--out", str(tmp_path / "masks")]) == 0
    masks = sorted(path.name for path in (tmp_path / "masks").iterdir() if path.suffix != ".json")
    assert masks == ["a.jpg.png", "a.png", "b.jfif.png", "b.png", "c.bmp.png", "c.tif.png", "d.png"]
    with Image.open(tmp_path / "masks" / "a.png") as mask:
        assert mask.mode == "P" and mask.size == (24, 20) and np.asarray(mask).max() <= 2
    capsys.readouterr()
    for flag, said in (
        ("--reverse", "this one goes one way: remove it"),
        ("--compare", "segment makes masks: remove it"),
    ):
        assert main([*command, flag, "--out", str(tmp_path / "other")]) == 2
        assert said in capsys.readouterr().err


def test_a_mask_is_of_one_frame_and_is_there_whole_or_not_at_all(runs, tmp_path, capsys, monkeypatch):
    assert main(["train", "segment", "--tiny", "--steps", "2", *EACH, "--out", str(tmp_path / "segment")]) == 0
    frames = [Image.fromarray(picture(20, 24, seed=i)) for i in range(3)]
    (tmp_path / "in").mkdir()
    frames[0].save(tmp_path / "in" / "a.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "in" / "b.png")
    command = ["apply", str(tmp_path / "segment"), str(tmp_path / "in"), "--out", str(tmp_path / "out")]

    def torn(path, sample):
        Path(path).write_bytes(b"half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(masks, "write", torn)
        main(command)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["apply.json"]
    capsys.readouterr()
    assert main(command) == 2
    said = capsys.readouterr()
    assert "a.gif: it has 3 frames, and a mask is of one" in said.err and "wrote 1 pictures" in said.out


def test_other_pictures_into_the_same_folder_are_refused(runs, tmp_path, capsys):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        Image.fromarray(picture(20, 24)).save(tmp_path / folder / "a.png")
    command = ["apply", str(runs / "enhance"), "--out", str(tmp_path / "out")]
    assert main([*command, str(tmp_path / "one")]) == 0
    assert main([*command, str(tmp_path / "two")]) == 2
    assert "was written with inputs" in capsys.readouterr().err
    for words, said in {
        ("--size", "-3"): "--size is -3",
        ("--most-pixels", "0"): "--most-pixels is 0: give 1 or more",
        ("--seed", "-1"): "--seed is -1: give 0 to",
    }.items():
        assert main([*command, str(tmp_path / "two"), *words]) == 2
        assert said in capsys.readouterr().err
    assert main(["apply", str(runs / "enhance"), "--out", str(tmp_path / "none")]) == 2
    assert "there are no pictures: give files" in capsys.readouterr().err


def test_holes_of_grey_pictures_and_pictures_of_four_channels(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (16, 16, 16), dtype=np.uint8)
    np.savez(tmp_path / "grey.npz", image=grey)
    clear = np.random.default_rng(0).integers(0, 256, (16, 16, 16, 4), dtype=np.uint8)
    np.savez(tmp_path / "clear.npz", image=clear, input=clear[:, ::-1])
    for recipe, data, more in (("inpaint", "grey", []), ("pix2pix", "clear", ["--input", "", "--channels", "4"])):
        line = ["train", recipe, "--tiny", "--steps", "2", *more, *EACH, "--data", str(tmp_path / f"{data}.npz")]
        assert main([*line, "--out", str(tmp_path / recipe)]) == 0
    Image.fromarray(grey[0]).save(tmp_path / "a.png")
    mask = np.zeros((16, 16), np.uint8)
    mask[4:9] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    command = ["apply", str(tmp_path / "inpaint"), str(tmp_path / "a.png"), "--mask", str(tmp_path / "mask.png")]
    assert main([*command, "--out", str(tmp_path / "filled")]) == 0
    with Image.open(tmp_path / "filled" / "a.png") as made:
        assert made.mode == "L"
        np.testing.assert_array_equal(np.asarray(made)[mask == 0], grey[0][mask == 0])
    assert main([*command, "--compare", "--out", str(tmp_path / "both")]) == 0
    with Image.open(tmp_path / "both" / "a.png") as made:
        assert made.mode == "L" and made.size == (32, 16)
        np.testing.assert_array_equal(np.asarray(made)[:, :16][mask == 0], grey[0][mask == 0])
    Image.fromarray(clear[0]).save(tmp_path / "c.png")
    command = ["apply", str(tmp_path / "pix2pix"), str(tmp_path / "c.png"), str(tmp_path / "a.png")]
    assert main([*command, "--out", str(tmp_path / "four")]) == 0
    with Image.open(tmp_path / "four" / "c.png") as made:
        assert made.mode == "RGBA"
    for suffix in ("jpg", "bmp", "gif"):  # which hold no such transparency
        Image.fromarray(grey[0]).save(tmp_path / f"b.{suffix}")
        assert main([*command[:2], str(tmp_path / f"b.{suffix}"), "--out", str(tmp_path / suffix)]) == 0
        with Image.open(tmp_path / suffix / "b.png") as made:
            assert made.mode == "RGBA"
    np.savez(tmp_path / "more.npz", image=clear[..., :3], input=clear)  # a channel more, and no hole in it
    line = ["train", "pix2pix", "--tiny", "--steps", "2", "--input", "", *EACH, "--data", str(tmp_path / "more.npz")]
    assert main([*line, "--out", str(tmp_path / "more")]) == 0
    translator = inference.Translator(jaxgan.load(tmp_path / "more"))
    assert not translator.fills and translator(clear).shape == (16, 16, 16, 3)


def test_a_format_that_knows_no_transparency_refuses_it_and_grey_has_no_profile_of_colours(tmp_path):
    clear = pictures.Picture("a", [picture(8, 8)], [np.zeros((8, 8), np.uint8)], {})
    with pytest.raises(BadInput, match=r"transparent in places, and .jpg knows no such"):
        pictures.write(tmp_path / "a.jpg", clear)
    for channels in (1, 3):
        one = pictures.Picture("a", [picture(8, 8)[..., :channels]], [None], {"icc_profile": b"of colours"})
        pictures.write(tmp_path / f"{channels}.png", one)
        with Image.open(tmp_path / f"{channels}.png") as made:
            assert ("icc_profile" in made.info) == (channels == 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.png", "3.png"]


@pytest.mark.parametrize("suffix", ["tif", "jpg", "png"])
@pytest.mark.parametrize("number", [3, 6, 8])
def test_pictures_are_turned_upright_as_trainings_have_them(number, suffix, tmp_path):
    exif, path = Image.Exif(), tmp_path / f"a.{suffix}"
    exif[0x112] = number
    corner = np.zeros((24, 40, 3), np.uint8)
    corner[:8, :8] = 255
    Image.fromarray(corner).save(path, exif=exif)
    found = pictures.read(path.name, path)
    np.testing.assert_array_equal(found.frames[0], resize.read(path))
    pictures.write(tmp_path / f"b.{suffix}", found)
    with Image.open(tmp_path / f"b.{suffix}") as made:
        assert made.getexif().get(0x112, 1) == 1
        bright = np.asarray(ImageOps.exif_transpose(made).convert("L")) > 128
        np.testing.assert_array_equal(bright, found.frames[0][..., 0] > 128)


def test_a_picture_for_viewers_of_still_ones_is_no_frame_of_those_that_move(tmp_path):
    still, *frames = (Image.fromarray(picture(16, 16, seed=i)) for i in range(4))
    still.save(tmp_path / "a.png", save_all=True, append_images=frames, default_image=True, duration=70)
    found = pictures.read("a.png", tmp_path / "a.png")
    assert found.facts["duration"] == [70, 70, 70]
    np.testing.assert_array_equal(found.frames, np.stack([np.asarray(frame) for frame in frames]))


def test_the_number_that_is_transparent_of_16_bits_is(tmp_path):
    deep = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    Image.fromarray(deep).save(tmp_path / "a.png", transparency=int(deep[2, 3]))
    found = pictures.read("a.png", tmp_path / "a.png")
    wanted = np.where(deep == deep[2, 3], 0, 255)
    np.testing.assert_array_equal(found.alpha[0], wanted)
    four = resize.read(tmp_path / "a.png", 4)
    np.testing.assert_array_equal(four[..., 3], wanted)
    one = resize.read(tmp_path / "a.png")
    assert one[2, 3, 0] == 255 and (one[wanted > 0] == four[..., :1][wanted > 0]).all()


def test_moving_pictures_keep_their_times(runs, tmp_path):
    (tmp_path / "in").mkdir()
    frames = [Image.fromarray(picture(16, 16, seed=i)) for i in range(3)]
    for name in ("a.gif", "a.webp", "a.png"):
        frames[0].save(tmp_path / "in" / name, save_all=True, append_images=frames[1:], duration=[50, 100, 150])
    assert main(["apply", str(runs / "enhance"), str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    for name in ("a.gif", "a.webp", "a.png"):
        with Image.open(tmp_path / "out" / name) as made:
            times = []
            for i in range(made.n_frames):
                made.seek(i)
                made.load()
                times.append(int(made.info["duration"]))
            assert times == [50, 100, 150], name

"""Masks in files: numbers and colours, found by name, brought to a size; what cannot be meant is refused with its name."""

import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from jaxgan.data import masks
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize

AS_IS = Resize()
COLOURS = "sky 128 128 128\n\ntraffic light 255 0 1\r\nroad\n"


def numbers(seed, size=(6, 8), most=3):
    return np.random.default_rng(seed).integers(0, most, size, dtype=np.uint8)


def save(path, pixels, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(pixels)
    if mode == "P":
        picture.putpalette([9, 9, 9] * 256)
    picture.save(path)


def few_bits(path, x, bits):
    """A grey PNG of so many bits a value, which Pillow does not write."""
    chunk = lambda kind, held: struct.pack(">I", len(held)) + kind + held + struct.pack(">I", zlib.crc32(kind + held))
    cut = np.unpackbits(x[..., None], axis=-1)[..., 8 - bits :].reshape(len(x), -1)
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(cut, axis=-1))
    head = struct.pack(">IIBBBBB", x.shape[1], x.shape[0], bits, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


@pytest.fixture
def folder(tmp_path):
    """Masks of a.jpg and sub/b.png, and a file that is none."""
    save(tmp_path / "masks" / "a.png", numbers(0))
    save(tmp_path / "masks" / "sub" / "b.PNG", numbers(1), "P")
    (tmp_path / "masks" / "readme.md").write_text("none of them")
    save(tmp_path / "masks" / ".hidden.png", numbers(2))
    return tmp_path / "masks"


NAMES = ("sub/b.png", "a.jpg")


def test_masks_come_in_the_order_of_the_pictures_as_they_stand(folder):
    found, classes = masks.load(folder, NAMES, AS_IS)
    assert found.dtype == np.uint8 and classes == ("0", "1", "2")
    np.testing.assert_array_equal(found, [numbers(1), numbers(0)])


def test_classes_have_the_names_of_the_file(folder):
    (folder / "classes.txt").write_text("road\ntraffic light\nsky\npole 1")
    assert masks.load(folder, NAMES, AS_IS)[1] == ("road", "traffic light", "sky", "pole 1")


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_values_of_few_bits_are_class_numbers_too(tmp_path, bits):
    x = numbers(3, (3, 5), 2**bits)
    few_bits(tmp_path / "a.png", x, bits)
    with Image.open(tmp_path / "a.png") as picture:  # the file is one, and Pillow spreads its values
        np.testing.assert_array_equal(np.asarray(picture.convert("L")), x * (255 // (2**bits - 1)))
    np.testing.assert_array_equal(masks.load(tmp_path, ["a.jpg"], AS_IS)[0], x[None])


@pytest.mark.parametrize("kind", ["bmp", "tiff", "jpeg"])
def test_a_grey_mask_of_another_kind_is_read_whatever_it_is_called(tmp_path, kind):
    x = np.zeros((8, 8), np.uint8) if kind == "jpeg" else numbers(3, (8, 8))
    Image.fromarray(x).save(tmp_path / "a.png", kind)
    np.testing.assert_array_equal(masks.load(tmp_path, ["a.jpg"], AS_IS)[0], x[None])


def test_colours_are_looked_up(tmp_path):
    (tmp_path / "classes.txt").write_text(COLOURS, newline="")
    x = numbers(4, most=2)
    save(tmp_path / "a.png", np.array([(128, 128, 128), (255, 0, 1)], np.uint8)[x])
    found, classes = masks.load(tmp_path, ["a.jpg"], AS_IS)
    np.testing.assert_array_equal(found[0], x)
    assert classes == ("sky", "traffic light", "road")


def test_a_zip_with_a_folder_around_is_the_folder(folder, tmp_path):
    (folder / "classes.txt").write_text("a\nb\nc")
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, f"around/{file.relative_to(folder).as_posix()}")
    one, other = (masks.load(source, NAMES, AS_IS) for source in (folder, tmp_path / "m.zip"))
    np.testing.assert_array_equal(one[0], other[0])
    assert one[1] == other[1] == ("a", "b", "c")


def test_a_split_has_its_masks(tmp_path):
    (tmp_path / "classes.txt").write_text("x\ny\nz")
    for i, part in enumerate(("train", "val")):
        save(tmp_path / part / "a.png", numbers(i))
    for i, split in enumerate(("", "validation")):
        found, classes = masks.load(tmp_path, ["a.jpg"], AS_IS, split=split)
        np.testing.assert_array_equal(found, numbers(i)[None])
        assert classes == ("x", "y", "z")
    (tmp_path / "val" / "classes.txt").write_bytes("ä\ny\nz".encode("utf-8-sig"))  # its own, as Windows writes it
    assert masks.load(tmp_path, ["a.jpg"], AS_IS, split="val")[1] == ("ä", "y", "z")
    with pytest.raises(BadInput, match=r"(train, val|val, train), and none called test"):
        masks.load(tmp_path, ["a.jpg"], AS_IS, split="test")


def test_no_class_comes_in_between_where_masks_are_resized(tmp_path):
    x = np.where(np.arange(12)[:, None] < 6, 0, 200).repeat(20, 1).astype(np.uint8)
    save(tmp_path / "a.png", x)
    found, _ = masks.load(tmp_path, ["a.jpg"], Resize(4, "crop", channels=3))
    np.testing.assert_array_equal(found[0], [[0] * 4] * 2 + [[200] * 4] * 2)
    assert masks.load(tmp_path, ["a.jpg"], Resize(6, "stretch", aspect=2.0))[0].shape == (1, 6, 12)


def test_masks_of_half_a_picture_are_whole(tmp_path):
    save(tmp_path / "a.png", numbers(0))
    np.testing.assert_array_equal(masks.load(tmp_path, ["a.jpg"], Resize(half="left"))[0], numbers(0)[None])
    assert masks.load(tmp_path, ["a.jpg"], Resize(3, "stretch", half="left"))[0].shape == (1, 3, 3)
    wide = np.arange(8, dtype=np.uint8)[None].repeat(8, 0)
    save(tmp_path / "a.png", wide)
    assert masks.load(tmp_path, ["a.jpg"], Resize(4, half="left"))[0].max() > 4  # not of its left half alone


def test_bars_are_ignored_where_something_is(tmp_path):
    save(tmp_path / "a.png", np.full((2, 4), 3, np.uint8))
    for ignored, bars in ((None, 0), (7, 7)):
        found, classes = masks.load(tmp_path, ["a.jpg"], Resize(4, "pad"), ignored=ignored)
        np.testing.assert_array_equal(found[0], [[bars] * 4, [3] * 4, [3] * 4, [bars] * 4])
        assert len(classes) == 4


def test_partners_that_are_missing_are_named_at_once(folder):
    with pytest.raises(BadInput, match=r"2 of 3 .*no mask, the first is c.jpg, and 1 of 2 masks .* first is sub/b.PNG"):
        masks.load(folder, ["d.jpg", "a.jpg", "c.jpg"], AS_IS)
    with pytest.raises(BadInput, match=r"masks: 1 of 2 masks have no picture, the first is a.png"):
        masks.load(folder, ["sub/b.jpg"], AS_IS)


def test_sizes_are_those_of_the_pictures(folder):
    assert masks.load(folder, NAMES, Resize(4), sizes=[(6, 8), (6, 8)])[0].shape == (2, 4, 4)
    with pytest.raises(BadInput, match=r"a.png is 6x8, and its picture 8x6"):
        masks.load(folder, NAMES, Resize(4), sizes=[(6, 8), (8, 6)])
    save(folder / "a.png", numbers(0, (4, 4)))
    with pytest.raises(BadInput, match=r"2 sizes \(1 of 6x8, 1 of 4x4\): set --resolution"):
        masks.load(folder, NAMES, AS_IS)


def test_a_number_that_is_no_class_is_named_unless_it_is_ignored(folder):
    (folder / "classes.txt").write_text("a\nb\nc")
    x = numbers(0)
    x[0, :3] = 255
    save(folder / "a.png", x)
    with pytest.raises(BadInput, match=r"a.png has the value 255 in 3 pixels, and classes.txt has the classes 0 .. 2"):
        masks.load(folder, NAMES, AS_IS)
    found, classes = masks.load(folder, NAMES, AS_IS, ignored=255)
    np.testing.assert_array_equal(found[1], x)
    assert classes == ("a", "b", "c")
    (folder / "classes.txt").unlink()
    assert len(masks.load(folder, NAMES, AS_IS)[1]) == 256
    assert masks.load(folder, NAMES, AS_IS, ignored=255)[1] == ("0", "1", "2")
    save(folder / "a.png", np.full((6, 8), 256, np.uint16))
    with pytest.raises(BadInput, match=r"a.png has the value 256 in 48 pixels, and class numbers are 0 .. 255"):
        masks.load(folder, NAMES, AS_IS)


@pytest.mark.parametrize(
    ("text", "pixels", "words"),
    [
        (COLOURS, (128, 128, 127), "a.png has the colour 128 128 127 in 4 pixels, which is no class"),
        ("sky\nroad", (1, 1, 1), "a.png is in colours, and there is no classes.txt"),
        (None, (1, 1, 1), "a.png is in colours, and there is no classes.txt"),
        (COLOURS, (1, 1, 1, 1), "a.png is of mode RGBA"),
        ("a 1 2 3\nbig b 1 2 3", (1, 2, 3), "a and big b are both 1 2 3"),
        ("a 1 2 300", (1, 2, 3), r"the colour of a is \[1, 2, 300\]"),
        ("\n", (1, 2, 3), "has 0 classes"),
    ],
)
def test_colours_that_are_no_class_are_refused(tmp_path, text, pixels, words):
    if text is not None:
        (tmp_path / "classes.txt").write_text(text)
    save(tmp_path / "a.png", np.full((2, 2, len(pixels)), pixels, np.uint8))
    with pytest.raises(BadInput, match=words):
        masks.load(tmp_path, ["a.jpg"], AS_IS)


def test_what_is_no_mask_is_refused(folder, tmp_path):
    with pytest.raises(BadInput, match=r"nothing.zip is no folder and no .zip"):
        masks.load(tmp_path / "nothing.zip", NAMES, AS_IS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=r"empty has no .png files"):
        masks.load(tmp_path / "empty", NAMES, AS_IS)
    (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[:60])
    with pytest.raises(BadInput, match=r"a.png is damaged"):
        masks.load(folder, NAMES, AS_IS)


def test_a_report_has_the_shares_and_what_is_to_be_mended(folder):
    x = np.zeros((2, 4), np.uint8)
    x[0, 0], x[1] = 9, 1
    save(folder / "a.png", x)
    save(folder / "sub" / "b.PNG", np.zeros((2, 4), np.uint8))
    (folder / "classes.txt").write_text("road\nsky\npole")
    lines, problems = masks.check(folder, ["a.jpg", "c.jpg"])
    assert lines == [
        "masks       2",
        "size        2x4 of class numbers: 2",
        "class       0 road: 68.75% of the pixels, in 2 masks",
        "class       1 sky: 25.00% of the pixels, in 1 masks",
        "class       2 pole: 0.00% of the pixels, in 0 masks",
        "class       9 no class: 6.25% of the pixels, in 1 masks",
    ]
    assert len(problems) == 2 and "a.png has the value 9" in problems[0] and "c.jpg" in problems[1]
    lines, problems = masks.check(folder, ignored=9)
    assert "class       9 ignored: 6.25% of the pixels, in 1 masks" in lines and problems == []
    (folder / "a.png").write_bytes(b"no picture at all, and long enough to look like one")
    lines, problems = masks.check(folder)
    assert lines[0] == "masks       2" and len(problems) == 1 and "a.png is damaged" in problems[0]


def test_grey_values_are_classes_where_classes_txt_says_so(tmp_path):
    x = 255 * numbers(0, most=2)
    save(tmp_path / "a.png", x)
    (tmp_path / "classes.txt").write_text("background 0 0 0\nlesion 255 255 255\n")
    found, classes = masks.load(tmp_path, ["a.jpg"], AS_IS)
    np.testing.assert_array_equal(found, x[None] // 255)
    assert classes == ("background", "lesion")


RGB = {"sky": (1, 2, 3), "tree": (250, 0, 0), "road": (0, 9, 0)}


def of_palette(path, x, order, spare=()):
    """Class numbers x as a palette of the colours in that order has them, with colours behind that nobody uses."""
    names = list(RGB)
    picture = Image.fromarray(np.array([order.index(name) for name in names], np.uint8)[x])
    picture.putpalette([value for colour in (*(RGB[name] for name in order), *spare) for value in colour])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


@pytest.fixture
def shuffled(tmp_path):
    x = [numbers(i) for i in range(2)]
    of_palette(tmp_path / "a.png", x[0], ["sky", "tree", "road"])
    of_palette(tmp_path / "b.png", x[1], ["road", "tree", "sky"])
    return tmp_path, np.array(x)


WORDS = r"number 0 is 1 2 3 in a.png and 0 9 0 in b.png. Add a classes.txt"
TOLD = "".join(f"{name} {' '.join(map(str, rgb))}\n" for name, rgb in RGB.items())


def test_palettes_that_contradict_each_other_are_refused_with_both(shuffled):
    folder, _ = shuffled
    with pytest.raises(BadInput, match=WORDS):
        masks.load(folder, ["a.jpg", "b.jpg"], AS_IS)
    assert any(WORDS[:44] in problem for problem in masks.check(folder)[1])
    (folder / "classes.txt").write_text("sky\ntree\nroad")  # names alone say nothing of colours
    with pytest.raises(BadInput, match=WORDS):
        masks.load(folder, ["a.jpg", "b.jpg"], AS_IS)


def test_the_colour_of_the_ignored_number_says_nothing(tmp_path):
    for name, colour in (("a", (224, 224, 192)), ("b", (0, 0, 0))):
        x = np.where(numbers(0) > 1, 255, numbers(0)).astype(np.uint8)
        picture = Image.fromarray(x)
        picture.putpalette([*RGB["sky"], *RGB["tree"], *[0] * 253 * 3, *colour])
        picture.save(tmp_path / f"{name}.png")
    found, classes = masks.load(tmp_path, ["a.jpg", "b.jpg"], AS_IS, ignored=255)
    np.testing.assert_array_equal(found, [x, x])
    assert classes == ("0", "1")
    with pytest.raises(BadInput, match=r"number 255 is 224 224 192 in a\.png and 0 0 0 in b\.png"):
        masks.load(tmp_path, ["a.jpg", "b.jpg"], AS_IS)


def test_colours_of_such_palettes_are_looked_up(shuffled):
    folder, x = shuffled
    (folder / "classes.txt").write_text(TOLD)
    found, classes = masks.load(folder, ["a.jpg", "b.jpg"], AS_IS)
    np.testing.assert_array_equal(found, x)
    assert classes == tuple(RGB)
    lines, problems = masks.check(folder)
    assert problems == [] and any("their colours are looked up in classes.txt" in line for line in lines)


def test_palettes_of_other_splits_count_too(shuffled):
    folder, x = shuffled
    for name, split in (("a", "train"), ("b", "val")):
        (folder / split).mkdir()
        (folder / f"{name}.png").rename(folder / split / f"{name}.png")
    for name, split in (("a", "train"), ("b", "val")):
        with pytest.raises(BadInput, match=r"number 0 is 1 2 3 in train/a.png and 0 9 0 in val/b.png"):
            masks.load(folder, [f"{name}.jpg"], AS_IS, split=split)
    (folder / "classes.txt").write_text(TOLD)
    found = [
        masks.load(folder, [f"{name}.jpg"], AS_IS, split=split)[0][0] for name, split in (("a", "train"), ("b", "val"))
    ]
    np.testing.assert_array_equal(found, x)


def test_palettes_that_end_early_or_differ_where_nothing_is_agree(tmp_path):
    order = ["sky", "tree", "road"]
    of_palette(tmp_path / "a.png", numbers(0) % 2, order, [(7, 7, 7)])
    of_palette(tmp_path / "b.png", numbers(1), order, [(8, 8, 8)])
    few = Image.fromarray(numbers(2) % 2)
    few.putpalette([*RGB["sky"], *RGB["tree"]])
    few.save(tmp_path / "c.png")
    (tmp_path / "classes.txt").write_text("".join(f"{name} {' '.join(map(str, RGB[name]))}\n" for name in order[::-1]))
    found, _ = masks.load(tmp_path, ["a.jpg", "b.jpg", "c.jpg"], AS_IS)
    np.testing.assert_array_equal(found, [numbers(0) % 2, numbers(1), numbers(2) % 2])  # numbers as they stand
    (tmp_path / "d.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    with pytest.raises(BadInput, match=r"d\.png is damaged"):
        masks.load(tmp_path, ["a.jpg", "b.jpg", "c.jpg", "d.jpg"], AS_IS)

"""Every kind of sample: files and steps hold the same, and a grid shows it."""

import jax.numpy as jnp
import numpy as np
import pytest
from arrays import quick
from PIL import Image

from jaxgan import BadInput, modalities
from jaxgan.modalities import resize
from jaxgan.modalities.font import font
from jaxgan.modalities.resize import Resize

DRAW = np.random.default_rng(0)
SAMPLES = {
    "image": DRAW.integers(0, 256, (6, 8, 12, 3), dtype=np.uint8),
    "video": DRAW.integers(0, 256, (6, 5, 8, 12, 3), dtype=np.uint8),
    "points": DRAW.normal(size=(6, 2)).astype(np.float32),
    "mask": DRAW.integers(0, 200, (6, 8, 12), dtype=np.uint8),
    "text": DRAW.integers(0, 27, (6, 12), dtype=np.int32),
    "audio": DRAW.integers(-(2**15), 2**15, (6, 512, 1)).astype(np.int16),
}
PARTS = [
    "ONE",
    "SUFFIX",
    "FEATURES",
    "EACH",
    "FORMS",
    "AXES",
    "check",
    "resize",
    "to_step",
    "to_file",
    "describe",
    "sample_grid",
    "draw",
]


def test_all_of_them_are_under_test():
    assert sorted(SAMPLES) == modalities.names()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_modality_has_all_its_parts(name):
    kind = modalities.get(name)
    assert [part for part in PARTS if not hasattr(kind, part)] == []
    assert hasattr(kind, "write") == bool(kind.SUFFIX) and hasattr(kind, "blank") == (kind.EACH is None)


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_file_holds_goes_into_a_step_and_back(name):
    kind, x = modalities.get(name), SAMPLES[name]
    np.testing.assert_array_equal(kind.check("some", x), x)
    np.testing.assert_array_equal(kind.to_file(kind.to_step(x)), x)
    np.testing.assert_array_equal(quick(kind.to_file)(jnp.asarray(kind.to_step(x))), x)
    if hasattr(kind, "to_scale"):
        whole = 2**15 if name == "audio" else 1
        np.testing.assert_allclose(whole * kind.to_scale(np.float32(kind.to_step(x))), x, atol=1e-4)
    if name == "image":
        step = kind.to_step(x)
        assert step.min() >= -1 and step.max() <= 1


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sheet_shows_what_is_there(name, tmp_path):
    kind, x = modalities.get(name), SAMPLES[name]
    kind.sample_grid(tmp_path / "sheet.png", x, 3, ("a", "b", "c"), real=x if kind.EACH else None)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert np.ptp(np.asarray(sheet.convert("L"))) > 100


@pytest.mark.parametrize("name", ["image", "mask"])
def test_a_mirror_undoes_itself_and_a_file_holds_one_sample(name, tmp_path):
    kind, x = modalities.get(name), SAMPLES[name]
    np.testing.assert_array_equal(kind.mirror(kind.mirror(x)), x)
    np.testing.assert_array_equal(kind.mirror(x)[:, :, 0], x[:, :, -1])
    kind.write(tmp_path / f"one{kind.SUFFIX}", x[0])
    with Image.open(tmp_path / f"one{kind.SUFFIX}") as picture:
        np.testing.assert_array_equal(np.asarray(picture), x[0])


@pytest.mark.parametrize(("size", "aspect"), [((9, 1), 4.0), ((1, 9), 0.25), ((1, 1), 3.0)], ids=str)
def test_a_line_of_pixels_is_cropped_to_one(size, aspect):
    line = DRAW.integers(0, 256, (*size, 3), dtype=np.uint8)
    how = Resize(4, aspect=aspect)
    middle = line[size[0] // 2, size[1] // 2]
    np.testing.assert_array_equal(resize.fit(line, how), np.broadcast_to(middle, (*how.size, 3)))


def test_a_mask_of_logits_is_the_likeliest_class():
    logits = DRAW.normal(size=(2, 4, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(modalities.get("mask").to_file(logits), logits.argmax(-1))


def test_a_text_says_what_its_symbols_are_called(tmp_path):
    letters, words = ("", " ", "a", "b"), ("", " no", " yes")
    x = np.array([[2, 1, 3, 0], [3, 3, 0, 0]], np.int32)
    kind = modalities.knowing("text", classes=letters)
    assert [kind.text(one, letters) for one in x] == ["a b", "bb"]
    assert modalities.get("text").text(np.array([1, 2, 1, 0]), words) == "no yes no"
    assert kind.describe((4,)) == "4 of 4 characters"
    assert modalities.knowing("text", classes=words).describe((4,)) == "4 of 3 words"
    assert modalities.get("text").describe((4,)) == "4 symbols" and modalities.knowing("text") is modalities.get("text")
    kind.play(tmp_path / "all.txt", x)
    assert (tmp_path / "all.txt").read_text() == "a b\nbb\n"
    kind.write(tmp_path / "one.txt", x[0])
    assert (tmp_path / "one.txt").read_text() == "a b\n"
    shares = np.eye(4, dtype=np.float32)[x] * 0.5
    np.testing.assert_array_equal(kind.to_file(shares), x)
    np.testing.assert_array_equal(kind.renumber(x, letters, ("b", "a", "", " ", "c")), [[1, 3, 0, 2], [0, 0, 2, 2]])


def test_words_that_are_not_known_are_the_rare_one_where_there_is_one():
    renumber, wanted = modalities.get("text").renumber, ("", " a", " b", " <unk>")
    np.testing.assert_array_equal(renumber(np.arange(4), ("", " b", " c", " <unk>"), wanted), [0, 2, 3, 3])
    for own, known, first in (
        ((" a", " c"), wanted[:3], " c"),
        (("a", "c"), wanted, "a"),  # characters
        ((" ", "a"), wanted, " "),
        (("", " c"), wanted[1:], ""),  # padding is no word
    ):
        with pytest.raises(BadInput, match=f"the first is '{first}', are none of the {len(known)}"):
            renumber(np.arange(2), own, known)


def test_what_a_terminal_does_not_show_is_in_the_file_and_escaped_in_the_picture(tmp_path, monkeypatch):
    kind, symbols = modalities.get("text"), ("a", "\u200c", "\x1b", "\ud800")
    drawn = []
    monkeypatch.setattr(kind, "font", lambda size, lines=(), **how: drawn.extend(lines) or font(size, drawn, **how))
    kind.play(tmp_path / "all.txt", np.array([[0, 1, 0], [0, 2, 3]]), symbols)
    assert (tmp_path / "all.txt").read_text(encoding="utf-8") == "a\u200ca\na\x1b\\ud800\n"
    kind.write(tmp_path / "one.txt", np.array([0, 1]), symbols)
    assert (tmp_path / "one.txt").read_text(encoding="utf-8") == "a\u200c\n"
    kind.sample_grid(tmp_path / "all.png", np.array([[0, 1, 2], [3] * 3]), 2, classes=symbols)
    assert drawn == ["a\\u200c\\x1b", "\\ud800" * 3]
    own = ("\u200c", "a")  # and runs of before have it as it was shown
    np.testing.assert_array_equal(kind.renumber(np.array([0, 1]), own, ("a", "\\u200c")), [1, 0])


def test_how_far_features_of_texts_are_apart_is_how_many_places_differ():
    x = DRAW.integers(0, 27, (8, 32))
    features = np.asarray(modalities.get("text").features(x))
    apart = np.square(features[:, None] - features[None]).sum(-1) / 2
    np.testing.assert_allclose(apart, (x[:, None] != x[None]).sum(-1))


def test_a_picture_of_texts_shows_the_real_ones_beside(tmp_path):
    kind, x = modalities.knowing("text", classes=tuple("abc")), DRAW.integers(0, 3, (40, 10), dtype=np.int32)
    for name, real in (("alone", None), ("beside", x)):
        kind.sample_grid(tmp_path / f"{name}.png", x, 8, real=real)
    with Image.open(tmp_path / "alone.png") as alone, Image.open(tmp_path / "beside.png") as beside:
        blue = np.ptp(np.asarray(beside, int), axis=-1)
        assert blue[:, beside.width // 2 :].max() > 60 and blue[:, : beside.width // 2].max() < 20
        assert alone.height < beside.height  # two columns of those generated


@pytest.mark.parametrize(
    ("name", "x", "said"),
    [
        ("image", np.zeros((4, 64, 1), np.float32), "name the array after what it is"),
        ("image", np.zeros((4, 8, 8), np.int32), "image is int32|some is int32"),
        ("image", np.full((4, 8, 8, 1), 2.0), r"span 2 .. 2 and \[-1, 1\]"),
        ("image", np.full((4, 8, 8, 1), np.nan), "not finite"),
        ("points", np.zeros((4, 2), np.int32), r"some is int32\[4, 2\], and points are floats"),
        ("points", np.full((4, 2), np.inf), "not finite"),
        ("mask", np.zeros((4, 8, 8), np.float32), "whole numbers"),
        ("text", np.zeros((4, 8), np.float32), r"some is float32\[4, 8\], and texts are whole numbers"),
        ("text", np.full((4, 8), -1), "has symbols -1 .. -1: number them"),
        ("audio", np.zeros((4, 64, 3)), r"some is float64\[4, 64, 3\], and sounds are"),
        ("audio", np.zeros((4, 64, 1), np.int32), "some is int32: give int16"),
        ("audio", np.full((4, 64, 1), np.nan), "not finite"),
        ("audio", np.full((4, 64), 2.0), r"spans 2 .. 2 and \[-1, 1\] is expected"),
        ("mask", np.full((4, 8, 8), 300), "class numbers 300 .. 300: give 0 .. 255"),
    ],
)
def test_what_cannot_be_meant_is_told(name, x, said):
    with pytest.raises(BadInput, match=said):
        modalities.get(name).check("some", x)


def test_points_have_no_resolution():
    with pytest.raises(BadInput, match="points, not images: remove --resolution"):
        modalities.get("points").resize(SAMPLES["points"], Resize(8))
    with pytest.raises(BadInput, match="unknown kind of sample 'imge': did you mean image"):
        modalities.get("imge")

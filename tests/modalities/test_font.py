"""Titles and texts are drawn in the letters that they are written in, where the machine has any."""

import io
import warnings
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager, get_data_path
from PIL import Image, ImageFont

from jaxgan.modalities import font as fonts
from jaxgan.modalities import image, text, video
from jaxgan.modalities.canvas import canvas
from jaxgan.reports import figure as report


def drawn(letter, mono):
    mask = fonts.font(14, [letter], mono).getmask(letter)
    return mask.size, bytes(mask)


@pytest.mark.parametrize("mono", [False, True])
def test_every_letter_has_a_form_of_its_own(mono):
    forms = [drawn(letter, mono=mono) for letter in "aéïñßøčжяβω"]
    assert all(x != y for x, y in combinations(forms, 2))


def test_titles_of_classes_can_be_told_apart():
    clips = np.full((1, 2, 64, 64, 1), 255, np.uint8)
    for sheet in (lambda title: image.grid(clips[0], 2, [title]), lambda title: video.strips(clips, 2, 1, [title])):
        sheets = [np.asarray(sheet(title)) for title in "éïж"]
        assert all(x.shape != y.shape or np.any(x != y) for x, y in combinations(sheets, 2))


def test_what_the_own_font_lacks_is_looked_for_on_the_machine(monkeypatch):
    bold, serif, other = (
        f"{get_data_path()}/fonts/ttf/{name}.ttf" for name in ("DejaVuSans-Bold", "DejaVuSerif", "cmb10")
    )
    has = {bold: set("春"), serif: set("春眠"), other: set("春")}
    monkeypatch.setattr(fonts, "_has", lambda path: has.get(path, set("abc")))
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: sorted(has, reverse=True))
    fonts._chosen.cache_clear()
    assert fonts.font(14, ["春眠"]).path == serif  # neither the first nor the last of those that have some of them
    assert Path(fonts.font(14, ["abc"]).path).name == "DejaVuSans.ttf"
    assert Path(fonts.font(14, ["名"], mono=True).path).name == "DejaVuSansMono.ttf"  # nobody has it
    fonts._chosen.cache_clear()


def test_a_font_that_pillow_cannot_draw_with_is_passed_over(monkeypatch):
    truetype = ImageFont.truetype

    def opened(path, size):  # as of a font of pictures, whose sizes are its own
        if path == "/emoji.ttf":
            raise OSError("invalid pixel size")
        return truetype(path, size)

    serif = f"{get_data_path()}/fonts/ttf/DejaVuSerif.ttf"
    has = {"/emoji.ttf": set("👍👎"), serif: set("👍")}
    monkeypatch.setattr(ImageFont, "truetype", opened)
    monkeypatch.setattr(fonts, "_has", lambda path: has.get(path, set("abc")))
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: list(has))
    fonts._chosen.cache_clear()
    assert fonts.font(14, "👍👎").path == serif
    del has[serif]
    fonts._chosen.cache_clear()
    assert Path(fonts.font(14, "👍👎").path).name == "DejaVuSans.ttf"
    fonts._chosen.cache_clear()


def test_a_file_that_is_no_font_of_letters_is_passed_over(tmp_path):
    (tmp_path / "no.ttf").write_bytes(b"no font")
    assert fonts._has(str(tmp_path / "no.ttf")) == frozenset()
    last_resort = f"{get_data_path()}/fonts/ttf/LastResortHE-Regular.ttf"  # the same box for all there is
    assert Path(last_resort).exists() and fonts._has(last_resort) == frozenset()


def test_lines_of_wide_letters_are_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "font", lambda size, *_, **__: fonts.font(size))  # where letters are not of one width
    text.sample_grid(tmp_path / "a.png", np.zeros((2, 30), int), 1, classes="—")
    with Image.open(tmp_path / "a.png") as picture:
        x = np.asarray(picture.convert("L"))
    assert x.min() < 128 and x[:, -8:].min() == 255


def test_headings_are_in_latin_letters_whatever_the_lines_are_in(tmp_path, monkeypatch):
    boxes = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/LastResortHE-Regular.ttf", 14)
    lines = np.zeros((2, 4), int)

    def heading(name):
        text.sample_grid(tmp_path / name, lines, 1, real=lines, classes="a")
        with Image.open(tmp_path / name) as picture:
            return np.asarray(picture.convert("L"))[: text._LINE, :80]

    plain = heading("a.png")
    monkeypatch.setattr(
        text, "font", lambda size, texts=(), mono=False: boxes if texts else fonts.font(size, mono=mono)
    )
    assert plain.min() < 200 and np.array_equal(heading("b.png"), plain)


def test_names_of_classes_in_a_picture_of_matplotlib_have_their_letters_too(monkeypatch):
    stix = f"{get_data_path()}/fonts/ttf/STIXGeneral.ttf"
    known = [font for font in font_manager.fontManager.ttflist if font.name != "STIXGeneral"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", known)
    letter = max(fonts._has(stix) - fonts._has(fonts._own(False)))
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [stix])
    fonts._chosen.cache_clear()
    figure, ((axes,),) = canvas(1, 1, (4, 3))
    share = np.array([0.5, 0.5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Matplotlib's, of a glyph that is missing
        report._classes(axes, ("cat", f"$ {letter}"), share, share)
        figure.savefig(io.BytesIO(), format="png")
        monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [])
        fonts._chosen.cache_clear()
        report._classes(axes, ("cat", f"$ {letter}"), share, share)
        with pytest.raises(UserWarning, match="missing"):
            figure.savefig(io.BytesIO(), format="png")
    fonts._chosen.cache_clear()

"""Every number of every recipe has both ends: what is outside is refused in one line, what is inside trains."""

import dataclasses
import json
import math
import typing

import numpy as np
import pytest

from jaxgan import BadInput, config, options, recipes
from jaxgan.cli import main
from jaxgan.options import marks

ODD = (math.nan, math.inf, -math.inf, 1e30, -1e30, -1, 0, 2**63, True, "", [])
NUMBERS = [
    (name, field.name)
    for name in recipes.names()
    for field in marks.fields(recipes.get(name).Config).values()
    if field.kind in (int, float, int | None, float | None)
]


def test_every_number_has_both_ends():
    for recipe, name in NUMBERS:
        span = marks.fields(recipes.get(recipe).Config)[name].range
        assert span is not None and math.isfinite(span.low) and math.isfinite(span.high), f"{recipe}: {name}"
        if marks.fields(recipes.get(recipe).Config)[name].kind is int:
            assert span.high <= 2**31 - 1, name


@pytest.mark.parametrize("recipe", recipes.names())
def test_odd_values_are_in_the_range_or_refused_in_one_line(recipe):
    module = recipes.get(recipe)
    for _, name in (row for row in NUMBERS if row[0] == recipe):
        span = marks.fields(module.Config)[name].range
        for value in ODD:
            try:
                made = config.from_json(module.Config, {**module.TINY, name: value}, "there")
            except BadInput as error:
                assert "\n" not in str(error) and str(error).startswith("there: ")
            else:
                got = getattr(made, name)
                assert type(got) in (int, float) and span.holds(got), (name, value)


@pytest.mark.parametrize(
    "text", ['{"steps": true}', '{"seed": 9223372036854775808}', '{"lr_g": Infinity}', '{"b1": NaN}']
)
def test_what_json_can_say_and_no_number_is_is_refused(text, tmp_path, capsys):
    (tmp_path / "some.json").write_text(text)
    assert main(["train", "digits", "--config", str(tmp_path / "some.json"), "--out", str(tmp_path / "run")]) == 2
    name = next(iter(json.loads(text)))
    assert f"--{name.replace('_', '-')} is " in capsys.readouterr().err and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "words", ["--width 0", "--seed 9223372036854775808", "--lr-g inf", "--steps 1e3 ".strip(), "--z-dim -1", "--b2 nan"]
)
def test_what_passed_before_is_refused_now(words, tmp_path):
    try:
        status = main(["train", "digits", "--tiny", *words.split(), "--out", str(tmp_path / "run")])
    except SystemExit as stop:  # what is no number at all
        status = stop.code
    assert status == 2 and not (tmp_path / "run").exists()


def test_a_default_given_anew_keeps_the_range():
    @dataclasses.dataclass(frozen=True)
    class Config(config.Config):
        lr_g: float = 0.5

    assert Config().lr_g == 0.5 and marks.fields(Config)["lr_g"].range == marks.fields(config.Config)["lr_g"].range
    with pytest.raises(BadInput, match="--lr-g is -1: give a number above 0"):
        Config(lr_g=-1)


def test_ranges_say_what_they_hold():
    for span, inside, outside in (
        (marks.above(0), (1e-9, 1e9), (0, -1, 2e9, math.nan)),
        (marks.at_least(0, 4), (0, 4), (-1, 5)),
        (marks.Range(0, 1, open_high=True), (0, 0.5), (1, -0.1)),
        (marks.Range(0, 1, open_low=True), (1, 0.5), (0, 1.1)),
    ):
        assert all(map(span.holds, inside)) and not any(map(span.holds, outside))
    assert str(marks.Range(0, 1, open_high=True)) == "a number in [0, 1)"
    assert str(marks.above(0, 8)) == "a number above 0, up to 8" and str(marks.at_least(2, 8)) == "2 or more, up to 8"


@pytest.mark.parametrize("name", options.names())
def test_every_option_has_fields_with_words_and_known_parts(name):
    module = options.get(name)
    assert dataclasses.is_dataclass(module.Group) and module.__doc__
    import inspect

    source = inspect.getsource(module.Group)
    for field in dataclasses.fields(module.Group):
        assert field.default is not dataclasses.MISSING
    assert source.count('"""') >= 2 * (1 + len(dataclasses.fields(module.Group)))
    assert issubclass(config.Config, module.Group) == getattr(module, "EVERY", True)


def test_a_recipe_drops_an_option_and_refuses_its_flags_with_the_reason(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\n"
        "from jaxgan import config, models\n"
        "@dataclass(frozen=True)\n"
        "class Config(config.tailored(latents='G is given pictures')):\n"
        "    'Mine.'\n"
        "TINY = {}\n"
        "def build(config, specs, ingredients):\n"
        "    raise AssertionError\n"
    )
    recipe = recipes.get(tmp_path / "mine.py")
    assert not hasattr(recipe.Config(), "z_dim") and hasattr(recipe.Config(), "lr_g")
    assert main(["train", str(tmp_path / "mine.py"), "--data", "digits", "--z-dim", "3"]) == 2
    assert "--z-dim is no option of this recipe, G is given pictures: remove it" in capsys.readouterr().err
    with pytest.raises(BadInput, match="unknown option 'latent': did you mean latents"):
        config.tailored(latent="no")
    with pytest.raises(BadInput, match="no training is without the options turns: give them other defaults"):
        config.tailored(turns="no")


@pytest.mark.parametrize("name", [name for name in options.common() if name not in config._NEEDED])
def test_a_recipe_trains_without_any_other_option(name, tmp_path):
    own = ", loss=losses.hinge" if name == "loss" else ""
    (tmp_path / "mine.py").write_text(
        "from dataclasses import dataclass\n"
        "from jaxgan import config, losses, models\n"
        "@dataclass(frozen=True)\n"
        f"class Config(config.tailored({name}='the recipe has its own')):\n"
        "    'Mine.'\n"
        "TINY = {'steps': 2, 'batch_size': 8}\n"
        "def build(config, specs, ingredients):\n"
        "    networks = models.mlp.generator((8, 8, 1), (8,)), models.mlp.discriminator((8,))\n"
        f"    return ingredients.adversarial(*networks{own})\n"
    )
    assert main(["train", str(tmp_path / "mine.py"), "--tiny", "--out", str(tmp_path / "run")]) == 0


def test_what_is_typed_and_has_no_effect_is_refused_at_its_default_too(tmp_path, capsys):
    assert main(["train", "digits", "--smoothing", "0", "--out", str(tmp_path / "run")]) == 2
    assert "--smoothing 0.0 has no meaning with --loss non_saturating: add --loss bce" in capsys.readouterr().err
    kept = dataclasses.asdict(recipes.digits.Config())
    (tmp_path / "config.json").write_text(json.dumps(kept))
    words = ["--config", str(tmp_path / "config.json"), "--steps", "1", "--dry-run"]
    assert main(["train", "digits", *words]) == 0


def test_marks_are_found_under_annotated():
    hints = typing.get_type_hints(options.get("lecam").Group, include_extras=True)
    assert typing.get_args(hints["lecam"])[0] is float
    assert np.isclose(marks.fields(config.Config)["lecam"].range.high, 1e9)

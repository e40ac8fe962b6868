"""A recipe of one's own, by its file or its module: trained, resumed, opened as ours, and never run by a folder alone."""

import importlib
import json
import shutil
import sys
import types
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxgan
from jaxgan import BadInput, Pair, build, config, data, losses, models, recipes, training
from jaxgan.cli import main
from jaxgan.data import batch as batches

SOURCE = """
'''Digits by an MLP of my own.'''
from dataclasses import dataclass
from jaxgan import config, models

@dataclass(frozen=True)
class Config(config.Config):
    data: str = "digits"
    conditional: bool = True
    z_dim: int = 8
    width: int = 16
    "Of the hidden layer."

TINY = {"steps": 4, "batch_size": 8, "log_every_steps": 2, "sample_every_steps": 2, "save_every_steps": 2}

def build(config, specs, ingredients):
    same = {"classes": ingredients.classes}
    generator = models.mlp.generator(specs["image"].shape, (config.width,), **same)
    return ingredients.adversarial(generator, models.mlp.discriminator((config.width,), **same))
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """(file of the recipe, its run)."""
    home = tmp_path_factory.mktemp("own")
    (home / "my_digits.py").write_text(SOURCE)
    assert main(["train", str(home / "my_digits.py"), "--tiny", "--out", str(home / "run")]) == 0
    return home / "my_digits.py", home / "run"


def test_it_is_trained_and_opened_as_ours(own, tmp_path, capsys):
    file, run = own
    config = json.loads((run / "config.json").read_text())
    assert config["recipe"] == "my_digits" and config["origin"]["path"] == str(file)
    assert (run / "report.html").is_file() and (run / "samples" / "000004.png").is_file()
    named = ["--recipe", str(file)]
    assert main(["sample", str(run), "--num", "3", *named, "--out", str(tmp_path / "some.npz")]) == 0
    assert np.load(tmp_path / "some.npz")["image"].shape == (3, 8, 8, 1)
    assert main(["evaluate", str(run), "--num", "32", "--features", "pixels", *named]) == 0
    assert main(["report", str(run), *named]) == 0
    assert int(jaxgan.load(run, recipe=file).state.step) == 4
    capsys.readouterr()


def test_it_goes_on_and_ends_as_if_it_had_never_stopped(own, tmp_path):
    file, run = own
    shutil.copytree(run, tmp_path / "run")
    line = ["train", str(file), "--tiny", "--steps", "8", "--out"]
    assert main([*line, str(tmp_path / "run"), "--resume", "must"]) == 0
    assert main([*line, str(tmp_path / "whole")]) == 0
    ends = [json.loads((tmp_path / name / "result.json").read_text())["state_sha256"] for name in ("run", "whole")]
    assert ends[0] == ends[1]


IMPORTS = """
import importlib, helper_of_mine
from typing import TYPE_CHECKING
from pack_of_mine import part
importlib.import_module("named_of_mine")

def late():
    import late_of_mine

if TYPE_CHECKING:
    import late_of_mine
else:
    import other_of_mine
try:
    from ............parts import x
except ImportError:
    pass
if __name__ == "__main__":
    import late_of_mine
"""


def test_its_hash_is_of_what_it_imports_whatever_else_is_there(tmp_path, monkeypatch):
    more = IMPORTS + f"x = {' + '.join(['1'] * 1500)}\n"
    texts = {
        "my_own.py": more + SOURCE,
        "helper_of_mine.py": "",
        "pack_of_mine/__init__.py": "from . import other",
    }
    texts |= {
        f"{name}.py": "" for name in ("pack_of_mine/part", "pack_of_mine/other", "named_of_mine", "beside_of_mine")
    }
    texts |= {"late_of_mine.py": "", "random.py": "", "other_of_mine.py": ""}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    monkeypatch.chdir(tmp_path)
    odd = types.ModuleType("odd_of_mine")
    odd.__file__ = "_classes.py"  # as that of torch.classes

    def origin(*first):
        """Where somebody has imported these before."""
        sys.modules["odd_of_mine"] = odd
        sys.path.append(str(tmp_path))
        for name in first:
            importlib.import_module(name)
        found = recipes.origin(recipes.get(tmp_path / "my_own.py"))["sha256"]
        sys.path.remove(str(tmp_path))
        for name in [name for name in sys.modules if "_of_mine" in name]:
            del sys.modules[name]
        return found

    was = origin()
    assert origin("helper_of_mine", "beside_of_mine") == origin("late_of_mine", "named_of_mine") == was
    not_its_own = ("beside_of_mine.py", "late_of_mine.py", "named_of_mine.py", "random.py")
    for name in set(texts) - {"my_own.py"}:
        (tmp_path / name).write_text(texts[name] + "\n# changed")
        assert (origin() == was) == (name in not_its_own), name
        (tmp_path / name).write_text(texts[name])


def test_a_module_is_a_recipe(own, tmp_path):
    module = recipes.get(own[0])
    run = training.train(module, module.Config(**module.TINY), out=tmp_path / "run")
    assert run.name == "my_digits" and (tmp_path / "run" / "result.json").is_file()


def test_a_folder_alone_runs_no_code_and_another_file_is_refused(own, tmp_path, capsys):
    file, run = own
    for command in ("sample", "evaluate", "report"):
        assert main([command, str(run)]) == 2
        assert f"a recipe of your own, my_digits: add --recipe {file}" in capsys.readouterr().err
    other = tmp_path / "my_digits.py"
    other.write_text(SOURCE.replace("(config.width,)", "(config.width, 4)"))
    assert main(["sample", str(run), "--recipe", str(other)]) == 2
    assert "give the file as it was" in capsys.readouterr().err
    assert main(["train", str(other), "--tiny", "--steps", "8", "--out", str(run), "--resume", "auto"]) == 2
    assert "give the file as it was" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "is no recipe, it has no Config, TINY, build"),
        ("def", "cannot be loaded (SyntaxError"),
        (
            "from dataclasses import dataclass\n@dataclass\nclass Config:\n    a: int = 1\nTINY, build = {}, None",
            "its Config is no subclass of jaxgan.config.Config",
        ),
    ],
)
def test_what_is_no_recipe_is_told(text, said, tmp_path):
    Path(tmp_path / "mine.py").write_text(text)
    with pytest.raises(BadInput) as error:
        recipes.get(tmp_path / "mine.py")
    assert said in str(error.value)
    with pytest.raises(BadInput, match=r"there is no .*nowhere.py: give the Python file"):
        recipes.get(tmp_path / "nowhere.py")


OWN_LOSS = SOURCE.replace("import config, models", "import config, losses, models").replace(
    "discriminator((config.width,), **same)", "discriminator((config.width,), **same), loss=losses.hinge"
)


def test_a_loss_of_its_own_counts_and_takes_the_place_of_the_option(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, source in (("both", OWN_LOSS), ("own", OWN_LOSS.replace("config.Config", "config.tailored(loss='own')"))):
        (tmp_path / f"{name}.py").write_text(source)
    assert main(["train", str(tmp_path / "both.py"), "--tiny"]) == 2
    assert "gives the game its own loss, and an option makes one too" in capsys.readouterr().err
    line = ["train", str(tmp_path / "own.py"), "--tiny"]
    assert main([*line, "--loss", "hinge"]) == 2 and "own" in capsys.readouterr().err
    (tmp_path / "other.py").write_text(SOURCE)
    for words in (
        [*line, "--out", "own"],
        ["train", str(tmp_path / "other.py"), "--tiny", "--loss", "hinge", "--out", "other"],
    ):
        assert main(words) == 0
    one, other = (json.loads(Path(run, "result.json").read_text())["state_sha256"] for run in ("own", "other"))
    assert one == other


@pytest.mark.parametrize("more", [{"penalties": (losses.r1(1.0),)}, {"rare": Pair((), (losses.r1(1.0),))}])
def test_penalties_of_its_own_count_where_no_option_makes_one(more):
    networks = models.mlp.generator((8, 8, 1), (8,)), models.mlp.discriminator((8,))
    specs = {"image": data.Spec((8, 8, 1), "uint8", "image")}
    recipe = types.SimpleNamespace(build=lambda config, specs, made: made.adversarial(*networks, **more))
    made = build.experiment(recipe, config.Config(), specs)
    state = build.initial_state(made, config.Config(), specs)
    metrics = jax.eval_shape(made.step, state, batches.zeros(config.Config(), specs))[1]
    assert "penalty" in metrics.d
    with pytest.raises(BadInput, match=f"its own {next(iter(more))}, and an option makes one too"):
        build.experiment(recipe, config.Config(penalty="r1", penalty_every=1 if "penalties" in more else 4), specs)

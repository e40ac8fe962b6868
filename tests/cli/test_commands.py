"""Every command: its own help, its own flags, and a function with the same parameters behind it."""

import dataclasses
import importlib
import inspect
import shlex
import subprocess
import sys
import types
from pathlib import Path

import jax
import pytest

from jaxgan import BadInput, cli, data, evaluation, inference, recipes, training
from jaxgan.cli import flags, main, train
from jaxgan.cost import bench, estimate
from jaxgan.reports import page

BEHIND = {  # command -> the functions that its flags are handed to, and what is no flag or no parameter of theirs
    "train": (
        [training.train],
        {"recipe", "config", "command", "again"},
        {"tiny", "config", "population", "sweep", "deterministic", "onednn", "dry_run", "largest", "memory_gib"},
    ),
    "rerun": ([training.rerun], {"folder"}, {"deterministic", "onednn"}),
    "sample": ([inference.sample, inference.texture_file], {"run", "say"}, set()),
    "edit": ([inference.edit], {"run", "say", "classify"}, set()),
    "apply": ([inference.apply_files], {"run", "say"}, set()),
    "extend": ([evaluation.extend], {"run", "say"}, set()),
    "evaluate": ([evaluation.evaluate], {"run", "say"}, {"json"}),
    "probe": ([evaluation.probe], {"run", "say"}, set()),
    "report": ([page.write], {"folder"}, set()),
    "data check": ([data.check, estimate.fits], {"source", "fitting"}, {"factor"}),
    "data write": (
        [data.tfds.write, data.load],
        {"dataset", "source", "channels", "aspect", "memory", "input", "side_by_side", "unpaired", "degrade"}
        | {"masks", "ignored", "labelled", "unlabelled", "labels", "whole", "like", "length", "rate"},
        set(),
    ),
    "bench": ([bench.measure], {"recipe", "config"}, {"tiny", "config", "json", "onednn"}),
}


def module(command):
    return importlib.import_module(f"jaxgan.cli.{command.replace(' ', '_')}")


def test_all_commands_are_here():
    assert cli.commands() == ["recipes", *BEHIND]


@pytest.mark.parametrize("command", BEHIND)
def test_flags_are_the_parameters_of_the_function_behind(command):
    functions, parameters_only, flags_only = BEHIND[command]
    together = {field.name for field in dataclasses.fields(flags.Together)}  # before any function is called
    own = {field.name for field in dataclasses.fields(module(command).Flags)} - together
    taken = {name for function in functions for name in inspect.signature(function).parameters}
    assert own - flags_only == taken - parameters_only
    assert flags_only <= own and parameters_only <= taken


def help_of(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*words, "--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", BEHIND)
def test_help_shows_the_commands_own_flags_with_words(command, capsys):
    text = help_of(command.split(), capsys)
    assert f"usage: jaxgan {command}" in text
    for field in dataclasses.fields(module(command).Flags):
        if field.name == "inputs":  # words before the flags
            assert "PICTURES..." in text
            continue
        word = {"mode": "parallel", "begin": "from", "end": "to"}.get(field.name, field.name)
        flag = f"--{word.replace('_', '-')}"
        assert flag in text
    if module(command).NEEDS == "RECIPE":
        assert "--batch-size" in text and "Samples a turn, over all devices" in text


def test_help_of_a_recipe_is_its_readme_and_its_own_values(capsys):
    text = help_of(["train", "ring"], capsys)
    assert "Eight modes on a ring" in text and "--width" in text and "(default: 15000)" in text


def test_the_overview_has_a_line_for_each_command_and_source(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in cli.commands():
        assert f"\n  {module(command).USAGE}" in text and module(command).DOES in text
    for source in data.sources.modules():
        assert source.WORDS in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("data", "jaxgan data needs a word more: there are data check, data write"),
        ("data chek digits", "unknown command 'data chek': did you mean data check"),
        ("sample", "jaxgan sample needs RUN: jaxgan sample --help shows how"),
        ("trian digits", "unknown command 'trian': did you mean train"),
        ("data check digits --factor 2", "--factor 2 has no meaning with no --degrade down: add it, or remove it"),
        (
            "data write digits --name d --fit pad",
            "--fit pad has no meaning with --resolution 0: say to how many pixels",
        ),
    ],
)
def test_what_is_no_command_or_has_no_effect_is_told(words, said, capsys):
    assert main(words.split()) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "more"), [((), "sample {run} --num 100"), (("input",), "apply {run} PICTURES --out FOLDER")]
)
def test_the_command_that_a_training_tells_at_its_end_can_be_pasted(given, more, tmp_path):
    recipe, own = recipes.get("digits"), tmp_path / "my own"
    own.mkdir()
    (own / "it's.py").write_text(Path(recipe.__file__).read_text())
    config = types.SimpleNamespace(given=("label", *given))
    line = train._more(own / "run 1", recipe, config)
    assert shlex.split(line) == shlex.split(f"jaxgan {more.format(run='RUN')}".replace("RUN", f"'{own}/run 1'"))
    line = train._more("run", recipes.get(own / "it's.py"), config)
    assert shlex.split(line)[-2:] == ["--recipe", str(own / "it's.py")]


def test_a_flag_is_written_once():
    seen = {}
    for kind in [getattr(flags, name) for name in ("Where", "Bits", "Own", "Weights")] + [
        module(c).Flags for c in BEHIND
    ]:
        for name in vars(kind).get("__annotations__", {}):
            seen.setdefault(name, []).append(kind)
    twice = {name for name, kinds in seen.items() if len(kinds) > 1}
    assert twice == {
        "out",
        "num",
        "seed",
        "data",
        "checkpoint",
        "devices",
        "held_out",
        "json",
        "recipe",
        "resolution",
        "split",
        "label",
        "fit",
        "steps",
        "size",
        "resume",
        "init_from",
        "input",
        "masks",
    }  # of other meanings


def test_an_overview_imports_nothing_heavy():
    code = "import sys; from jaxgan.cli import main; main(['--help']); print(sorted({'jax', 'numpy', 'tyro'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip().endswith("[]")


def test_of_a_flag_that_comes_twice_the_last_counts_and_of_lists_all(tmp_path):
    for i, name in enumerate("ab"):
        (tmp_path / f"{name}.json").write_text(f'{{"steps": {11 * (i + 1)}}}')
    files = [f"--config={tmp_path / 'a.json'}", "--config", str(tmp_path / "b.json")]
    parse = lambda *words: flags.parse_with_config(
        module("train").Flags, recipes.get("ring"), words, "jaxgan train ring"
    )
    assert [parse(*files)[1].steps, parse(*files[1:], files[0])[1].steps] == [22, 11]
    assert parse("--log_to", "tensorboard", "--log-to=wandb")[0].log_to == ("tensorboard", "wandb")


def test_no_command_runs_in_float64(tmp_path, capsys):
    with jax.enable_x64(True):
        for line in (["train", "ring", "--tiny", "--out", str(tmp_path / "run")], ["sample", "run"], ["rerun", "run"]):
            assert main(line) == 2
            assert "JAX_ENABLE_X64 is on, or jax_enable_x64, and runs are float32: unset it" in capsys.readouterr().err
        with pytest.raises(BadInput, match="JAX_ENABLE_X64 is on"):
            training.train("ring", recipes.get("ring").Config(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_asks_for_float64_is_seen_before_jax_is_there():
    code = (
        "import os; os.environ['JAX_ENABLE_X64'] = 'true'\nfrom jaxgan.cli import main\nassert main(['recipes']) == 2"
    )
    code += "\nimport sys; assert 'jax' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "unset it" in done.stderr, done.stderr

"""Adding one thing touches one file: each is put into a copy of the package, alone, and trains, evaluates, shows its help."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxgan

ADDED = Path(__file__).parent / "added"
TEMPLATES = Path(__file__).parents[2] / "docs" / "templates"
PROGRAM = """
import contextlib, io, json, sys
from jaxgan.cli import main
said = []
for line in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(line)
        except SystemExit as stop:
            status = stop.code
    said.append((status, out.getvalue(), err.getvalue()))
print(json.dumps(said))
"""


def pictures(folder, unpaired=0):
    draw = np.random.default_rng(0)
    image = draw.integers(0, 256, (32, 8, 8, 1), dtype=np.uint8)
    np.savez(folder / "pairs.npz", image=image, input=(255 - image)[: 32 - unpaired])
    return folder / "pairs.npz"


@pytest.fixture
def house(tmp_path):
    """Function (files, lines) -> [(status, out, err)]: runs the command in a copy of the package with these files added.

    appended: at the end of files that are there.
    """

    def run(files, lines, appended=False):
        shutil.copytree(Path(jaxgan.__file__).parent, tmp_path / "jaxgan", ignore=shutil.ignore_patterns("__pycache__"))
        for name, place in files.items():
            home = TEMPLATES if name.startswith("my_") else ADDED
            with open(tmp_path / "jaxgan" / place, "a" if appended else "x") as file:
                file.write((home / f"{name}.py").read_text())
        command = [sys.executable, "-c", PROGRAM, json.dumps(lines)]
        env = {**os.environ, "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout.splitlines()[-1])
        assert [status for status, *_ in said] == [0] * len(lines), said
        return said

    return run


def test_a_source_is_one_file(house, tmp_path):
    files = {"source_checkers": "data/sources/checkers.py"}
    flags = ["--tiny", "--steps", "2", "--data", "checkers", "--log-every-steps", "2", "--out", "run"]
    said = house(files, [["--help"], ["data", "check", "checkers"], ["train", "digits", *flags]])
    assert "checkers: chessboards of 8x8" in said[0][1] and "dark: 128, light: 128" in said[1][1]
    assert (tmp_path / "run" / "samples" / "000002.png").is_file()


def test_a_modality_is_one_file_and_its_recipe_another(house, tmp_path):
    waves = np.sin(np.linspace(0, 20, 64)[None, :, None] * np.arange(1, 33)[:, None, None]).astype(np.float32)
    np.savez(tmp_path / "tones.npz", series=waves)
    files = {"modality_series": "modalities/series.py", "recipe_tones": "recipes/tones.py"}
    lines = [
        ["train", "tones", "--help"],
        ["data", "check", "tones.npz"],
        ["train", "tones", "--tiny", "--data", "tones.npz", "--flip", "--out", "run"],
        ["evaluate", "run", "--num", "16"],
        ["sample", "run", "--num", "5", "--out", "some.npz"],
        ["sample", "run", "--num", "5", "--out", "each"],
    ]
    said = house(files, lines)
    assert "--width" in said[0][1] and "64 samples, 1 channel(s): 32" in said[1][1]
    assert "-series" in said[3][1] and "fd" in said[3][1]
    with Image.open(tmp_path / "run" / "samples" / "000004.png") as sheet:
        assert np.ptp(np.asarray(sheet.convert("L"))) > 50
    assert np.load(tmp_path / "some.npz")["series"].shape == (5, 64, 1)
    assert [np.load(path).shape for path in sorted((tmp_path / "each").iterdir())] == [(64, 1)] * 5


def test_an_option_is_one_file(house, tmp_path):
    flags = ["--tiny", "--steps", "2", "--log-every-steps", "2"]
    lines = [
        ["train", "ring", "--help"],
        ["train", "ring", *flags, "--out", "plain"],
        ["train", "ring", *flags, "--decay-d", "0.5", "--out", "decayed"],
    ]
    said = house({"option_decay": "options/decay.py"}, lines)
    assert "--decay-d" in said[0][1] and "Share of D's weights" in said[0][1]
    ends = [json.loads((tmp_path / name / "result.json").read_text())["state_sha256"] for name in ("plain", "decayed")]
    assert ends[0] != ends[1]
    assert json.loads((tmp_path / "decayed" / "config.json").read_text())["config"]["decay_d"] == 0.5


def test_a_metric_is_one_file(house, tmp_path):
    flags = ["--tiny", "--steps", "4", "--log-every-steps", "2", "--evaluate-every-steps", "2", "--features", "pixels"]
    stop = ["--stop-when", "brightness>0", "--stop-rows", "1", "--evaluate-samples", "16"]
    lines = [
        ["train", "digits", *flags, *stop, "--out", "run"],
        ["evaluate", "run", "--num", "32", "--features", "pixels"],
    ]
    said = house({"metric_brightness": "metrics/records/brightness.py"}, lines)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["brightness"] > 0 and rows[-1]["step"] == 2  # and it ended there
    assert "\nbrightness" in said[1][1] and "near 1" in said[1][1]
    assert '"brightness"' in (tmp_path / "run" / "report.html").read_text()


def test_a_loss_and_a_penalty_are_functions(house, tmp_path):
    flags = ["--tiny", "--steps", "2", "--loss", "absolute", "--penalty", "linear"]
    more = {"loss_absolute": "losses/adversarial.py", "penalty_linear": "losses/penalties.py"}
    said = house(more, [["train", "digits", "--help"], ["train", "digits", *flags, "--out", "run"]], appended=True)
    assert "absolute" in said[0][1] and "linear" in said[0][1]
    told = json.loads((tmp_path / "run" / "config.json").read_text())["config"]
    assert (told["loss"], told["penalty"]) == ("absolute", "linear")


def test_translation_is_a_recipe(house, tmp_path):
    files = {"recipe_translate": "recipes/translate.py"}
    source = str(pictures(tmp_path))
    lines = [
        ["train", "translate", "--help"],
        ["train", "translate", "--tiny", "--data", source, "--evaluate-every-steps", "2", "--out", "run"],
        ["evaluate", "run", "--num", "16", "--features", "pixels"],
        ["sample", "run", "--num", "4", "--out", "some.png"],
    ]
    said = house(files, lines)
    assert "--l1" in said[0][1]
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert {"l1_g", "adversarial_g", "l1", "psnr"} <= rows[-1].keys()
    assert all(f"\n{name}" in said[2][1] for name in ("fd", "l1", "psnr"))
    with Image.open(tmp_path / "run" / "samples" / "000004.png") as sheet:
        assert sheet.height > 2.5 * sheet.width / 8  # input, output, target


def test_a_cycle_is_a_task_and_a_recipe(house, tmp_path):
    files = {"task_cycle": "tasks/there_and_back.py", "recipe_cyclic": "recipes/cyclic.py"}
    source = str(pictures(tmp_path, unpaired=5))
    lines = [
        ["train", "cyclic", "--help"],
        ["train", "cyclic", "--tiny", "--data", source, "--out", "run"],
        ["evaluate", "run", "--num", "16", "--features", "pixels"],
        ["sample", "run", "--num", "4", "--out", "some.png"],
    ]
    said = house(files, lines)
    assert "--loss" in said[0][1] and "\nfd" in said[2][1] and "\nl1" not in said[2][1]
    assert "cycle_g" in (tmp_path / "run" / "metrics.jsonl").read_text()


def test_the_templates_are_a_task_a_model_an_option_and_a_recipe_that_train(house, tmp_path):
    files = {"my_option": "options/my_option.py"}
    files |= {f"my_{kind}": f"../my_{kind}.py" for kind in ("task", "model", "recipe")}  # beside each other, elsewhere
    flags = ["--tiny", "--gradient-noise", "0.1", "--out", "run"]
    lines = [
        ["train", "my_recipe.py", "--help"],
        ["train", "my_recipe.py", *flags],
        ["evaluate", "run", "--num", "16", "--features", "pixels", "--recipe", "my_recipe.py"],
        ["sample", "run", "--num", "8", "--interpolate", "--out", "some.png", "--recipe", "my_recipe.py"],
    ]
    said = house(files, lines)
    assert "--gradient-noise-decay" in said[0][1] and "Of the hidden layers" in said[0][1]
    assert "apart_g" in (tmp_path / "run" / "metrics.jsonl").read_text() and "fd" in said[2][1]


def test_pairs_that_are_none_are_refused(tmp_path, capsys, monkeypatch):
    from jaxgan.cli import main

    monkeypatch.chdir(tmp_path)
    source = str(pictures(tmp_path, unpaired=5))
    recipe = str(ADDED / "recipe_translate.py")
    assert main(["train", recipe, "--tiny", "--data", source, "--out", "run"]) == 2
    assert "32 rows of image and 27 of input: give pairs" in capsys.readouterr().err
    assert main(["train", recipe, "--tiny", "--data", "digits", "--out", "run"]) == 2
    assert "takes a column 'input', and digits has image, label" in capsys.readouterr().err

"""The benchmark of tasks: its commands are ones that the recipes take, it trains, tells, draws, and does nothing twice."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxgan import recipes

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import tasks


def asked(folder, size, **more):
    """Arguments as main reads them."""
    given = {"pairs": ["pairs"], "pictures": ["pictures"], "scenes": ["scenes"], "ignored": None, "features": None}
    own = {"size": size, "resolution": None, "steps": None, "width": None, "minutes": None, "out": folder}
    return argparse.Namespace(**{**given, **own, **more})


@pytest.mark.parametrize("size", tasks.RESOLUTION)
@pytest.mark.parametrize("name", tasks.TASKS)
def test_every_flag_is_one_of_the_recipe(name, size, tmp_path):
    words = tasks.command(name, asked(tmp_path, size, steps=10), tmp_path / name)
    fields = recipes.get(words[1]).Config.__dataclass_fields__
    named = {word[2:].replace("-", "_") for word in words if word.startswith("--")}
    assert named - {"out", "max_minutes", "resume"} <= set(fields)


def test_masks_are_learned_told_drawn_and_not_learned_again(tmp_path, capsys):
    draw = np.random.default_rng(0)
    sources = [str(tmp_path / name) for name in ("scenes.npz", "others.npz")]
    for source in sources:
        image = draw.integers(0, 256, (16, 16, 16, 3), np.uint8)
        np.savez(source, image=image, mask=(image[..., 0] > 127).astype(np.uint8))
    flags = ["--only", "segment", "pix2pix", "--scenes", *sources, "--steps", "2"]
    flags += ["--width", "4", "--out", str(tmp_path / "out")]
    tasks.main(flags)
    first = json.loads((tmp_path / "out" / "tasks.json").read_text())["rows"]
    assert first["segment"]["step"] == 2 and 0 <= first["segment"]["miou"]["value"] <= 1
    assert first["pix2pix"] == {"not_measured": "no --pairs"}
    assert "| segment | 2 |" in (tmp_path / "out" / "tasks.md").read_text()
    assert (tmp_path / "out" / "segment.png").stat().st_size > 100
    tasks.main(flags)
    again = json.loads((tmp_path / "out" / "tasks.json").read_text())["rows"]
    assert again["segment"]["seconds"] == first["segment"]["seconds"]


def test_a_training_that_fails_is_told(tmp_path, capsys):
    with pytest.raises(SystemExit):
        tasks.main(["--only", "segment", "--scenes", str(tmp_path / "none.npz"), "--out", str(tmp_path / "out")])
    assert "none.npz" in capsys.readouterr().out

"""Every recipe in every mode, dtype and conditioning: each pair of those in `make test`, the product in `make test-full`."""

import itertools
import json

import numpy as np
import pytest

from jaxgan import build, recipes
from jaxgan.cli import main

MODES = ("single", "pmap", "mesh", "fsdp")
DTYPES = ("float32", "bfloat16")
CONDITIONED = (False, True)
PRODUCT = list(itertools.product(recipes.names(), MODES, DTYPES, CONDITIONED))
SPREAD = [  # by hand: each recipe once, each pair of mode, dtype and conditioning at least once
    ("bce_mnist", "pmap", "bfloat16", False),
    ("dcgan", "mesh", "bfloat16", True),
    ("classify", "mesh", "float32", False),
    ("cut", "fsdp", "bfloat16", False),
    ("cyclegan", "mesh", "float32", False),
    ("dcgan_texture", "fsdp", "float32", True),
    ("deep_mlp", "fsdp", "bfloat16", False),
    ("digits", "single", "bfloat16", True),
    ("enhance", "pmap", "bfloat16", False),
    ("inpaint", "single", "float32", False),
    ("mlp_mnist", "mesh", "float32", False),
    ("pix2pix", "pmap", "float32", False),
    ("psgan", "pmap", "float32", True),
    ("r3gan", "pmap", "float32", True),
    ("ring", "fsdp", "float32", False),
    ("segment", "mesh", "bfloat16", False),
    ("sngan", "pmap", "bfloat16", True),
    ("style", "fsdp", "bfloat16", False),
    ("stylegan2", "single", "float32", False),
    ("text_gan", "mesh", "bfloat16", False),
    ("video", "fsdp", "bfloat16", True),
    ("wavegan", "pmap", "bfloat16", True),
]


@pytest.fixture(autouse=True)
def any_dtype(monkeypatch):
    """What is asked for is computed, as it is elsewhere than on a CPU."""
    monkeypatch.setattr(build, "computed", lambda config, device: config)


def assert_trains(folder, recipe, mode, dtype, conditional):
    """Trains two tiny steps and checks what they leave."""
    where = ["--parallel", mode, *(["--devices", "2"] if mode != "single" else [])]
    how = ["--dtype", dtype, "--conditional" if conditional else "--no-conditional"]
    every = [word for kind in ("log", "sample", "save") for word in (f"--{kind}-every-steps", "2")]
    assert main(["train", recipe, "--tiny", "--steps", "2", *where, *how, *every, "--out", str(folder)]) == 0
    result = json.loads((folder / "result.json").read_text())
    assert (result["step"], result["parallel"], result["devices"]) == (2, mode, 1 if mode == "single" else 2)
    row = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert np.isfinite([row["loss_g"], row["loss_d"]]).all()
    config = json.loads((folder / "config.json").read_text())["config"]
    assert (config["dtype"], config["conditional"], result["computed_in"]) == (dtype, conditional, dtype)
    assert (folder / "samples" / "000002.png").is_file() and (folder / "checkpoints" / "2").is_dir()


def test_the_spread_has_each_recipe_and_each_pair():
    assert sorted(row[0] for row in SPREAD) == recipes.names()
    axes = (MODES, DTYPES, CONDITIONED)
    for a, b in itertools.combinations(range(3), 2):
        assert {(row[1 + a], row[1 + b]) for row in SPREAD} == set(itertools.product(axes[a], axes[b]))


@pytest.mark.parametrize("row", SPREAD, ids=lambda row: "-".join(map(str, row)))
def test_a_recipe_trains_in_its_mode(row, tmp_path):
    assert_trains(tmp_path / "run", *row)


@pytest.mark.full
@pytest.mark.parametrize("row", PRODUCT, ids=lambda row: "-".join(map(str, row)))
def test_every_recipe_trains_in_every_mode(row, tmp_path):
    assert_trains(tmp_path / "run", *row)

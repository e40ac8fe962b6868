"""What README shows is what happens."""

import re
from pathlib import Path

import numpy as np
import pytest

from jaxgan import recipes

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_first_python_block_trains(name):
    block = re.search(r"```python\n(.*?)```", (ROOT / name).read_text(), re.S).group(1)
    assert "jaxgan.make_step" in block
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    space = {"images": images}
    exec(block.replace("range(100)", "range(2)"), space)
    assert space["pictures"].shape == (8, 32, 32, 3)
    assert np.isfinite(float(space["metrics"].g["loss"])) and np.isfinite(float(space["metrics"].d["loss"]))


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_file_that_is_shown_is_there(name):
    text = (ROOT / name).read_text()
    for target in re.findall(r"\]\(([^)#]+?)\)", text) + re.findall(r'src="([^"]+)"', text):
        assert target.startswith("http") or (ROOT / target).exists(), target
    assert "make demo" in text and "make test" in text
    for recipe in recipes.names():
        assert f"`{recipe}`" in text

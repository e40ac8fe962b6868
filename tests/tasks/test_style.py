"""Style transfer: D is shown the style alone, the content term sees the photograph, and any picture can be given."""

import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan import build, data, inference, recipes
from jaxgan.cli import main
from jaxgan.metrics.features import squeezenet

EACH = ["--log-every-steps", "2", "--sample-every-steps", "2", "--save-every-steps", "2"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a style, photographs, and a feature network of random weights."""
    home = tmp_path_factory.mktemp("style")
    draw = np.random.default_rng(0)
    (home / "photos").mkdir()
    for i in range(4):
        Image.fromarray(draw.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(home / "photos" / f"{i}.png")
    Image.fromarray(draw.integers(0, 256, (40, 30, 3), dtype=np.uint8)).save(home / "style.png")
    Image.fromarray(draw.integers(0, 256, (12, 40, 3), dtype=np.uint8)).save(home / "small.png")
    shapes = squeezenet.shapes().items()
    np.savez(home / "net.npz", **{name: 0.05 * draw.standard_normal(s).astype(np.float32) for name, s in shapes})
    return home


def line(home, *words, style="style.png"):
    where = ["--data", str(home / style), "--input", str(home / "photos")]
    return ["train", "style", "--tiny", "--steps", "2", *EACH, *where, *words]


def test_it_trains_with_its_content_term_and_stylises_pictures_of_any_size(home, capsys):
    features = ["--perceptual", "1", "--perceptual-features", str(home / "net.npz")]
    assert main(line(home, *features, "--out", str(home / "run"))) == 0
    assert "perceptual" in (home / "run" / "metrics.jsonl").read_text()
    picture = np.random.default_rng(1).integers(0, 256, (37, 50, 3), dtype=np.uint8)
    (made,) = inference.apply(home / "run", [picture])
    assert made.shape == picture.shape and (made != picture).any()


def test_the_content_is_that_of_the_photograph_and_not_of_the_style(home):
    fields = {**recipes.style.TINY, "data": str(home / "style.png"), "input": str(home / "photos")}
    config = recipes.style.Config(**{**fields, "perceptual": 1.0, "perceptual_features": str(home / "net.npz")})
    dataset = data.load(config.data, **config.fitting)
    gan = build.game(recipes.style, config, dataset.specs)
    rows = np.arange(2)
    batch = {"image": dataset["image"][rows], "input": dataset["input"][rows], "index": rows.astype(np.int32)}
    key = jax.random.key(0)
    d = gan.init(key, batch).d
    x = {name: batch[name].astype(np.float32) / 127.5 - 1 for name in ("image", "input")}
    content = lambda fake, batch: float(gan.losses(d, fake, batch, key).metrics.g["perceptual"])
    assert content(x["input"], batch) < 1e-6 < content(x["image"], batch)
    other = {**batch, "image": batch["image"][::-1]}
    assert content(x["image"], other) == content(x["image"], batch)


def test_what_does_not_fit_is_refused(home, capsys):
    large = ["--resolution", "32", "--layers-d", "4", "--out", str(home / "no")]
    for words, said in {
        ("--perceptual", "1"): "--perceptual 1.0 needs --perceptual-features FILE",
        (
            "--resolution",
            "16",
            "--layers-d",
            "3",
        ): "the style is 16x16 and D judges patches of 29 pixels: give a larger",
        ("--z-dim", "3"): "--z-dim is no option of this recipe, G is given pictures",
    }.items():
        assert main(line(home, *words, "--out", str(home / "no"))) == 2
        assert said in capsys.readouterr().err
    assert main(line(home, *large, style="small.png")) == 2
    assert "a picture of 12x40 and crops are 32x32: set --resolution 12 or less" in capsys.readouterr().err

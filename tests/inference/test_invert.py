"""Inversion finds latents of what G makes, edits apply to them, and G is tuned where they do not suffice."""

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import inference
from jaxgan.cli import main
from jaxgan.errors import BadInput
from jaxgan.inference import latents

SMALL = ["--width", "16", "--z-dim", "8", "--batch-size", "32", "--steps", "300", "--save-every-steps", "300"]
QUIET = {"say": lambda line: None}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    home = tmp_path_factory.mktemp("run") / "digits"
    assert main(["train", "digits", *SMALL, "--sample-every-steps", "300", "--out", str(home)]) == 0
    return home


@pytest.fixture(scope="module")
def loaded(run):
    return jaxgan.load(run)


@pytest.fixture(scope="module")
def where(loaded):
    return inference.space(loaded)


@pytest.fixture(scope="module")
def samples(loaded, where):
    """(images, labels) of G itself."""
    z, label = inference.drawn(loaded, where, 6, seed=9)
    return inference.images(where, loaded.state.ema, z, label), label


def test_samples_of_g_are_inverted_and_their_classes_found(loaded, where, samples):
    images, label = samples
    first = inference.invert(loaded, where, images, label, steps=1, starts=1, **QUIET)
    found = inference.invert(loaded, where, images, steps=300, starts=1, **QUIET)
    assert found.psnr.min() >= 30 > np.median(first.psnr)
    np.testing.assert_array_equal(found.label, label)
    made = inference.images(where, loaded.state.ema, found.latents, found.label)
    np.testing.assert_allclose(found.error, np.mean((made - images) ** 2, axis=(1, 2, 3)), rtol=1e-4, atol=1e-8)


def test_a_picture_is_inverted_as_if_it_were_alone(loaded, where, samples):
    images, label = samples
    alone, both = (inference.invert(loaded, where, images[:n], label[:n], steps=20, **QUIET) for n in (1, 3))
    np.testing.assert_allclose(alone.latents[0], both.latents[0], atol=1e-4)


def test_a_perceptual_loss_counts(loaded, where, samples):
    images, label = samples
    edges = jaxgan.losses.perceptual(lambda x: {"edges": x[:, 1:] - x[:, :-1]}, 10.0)
    one, other = (
        inference.invert(loaded, where, images[:1], label[:1], steps=20, perceptual=each, **QUIET)
        for each in (None, edges)
    )
    assert np.abs(one.latents - other.latents).max() > 1e-3


def test_tuning_makes_the_pictures_and_locality_keeps_the_rest(loaded, where, samples):
    images, label = samples
    target = images[:, :, ::-1]  # which G does not make
    found = inference.invert(loaded, where, target, label, steps=50, starts=1, **QUIET)
    others = inference.drawn(loaded, where, 32, seed=4)
    before, moved, error = inference.images(where, loaded.state.ema, *others), [], []
    for locality in (0.0, 10.0):
        g = inference.tune(
            loaded, where, found.latents, target, label, steps=100, rate=3e-3, locality=locality, distance=0.7, **QUIET
        )
        error.append(np.mean((inference.images(where, g, found.latents, label) - target) ** 2))
        moved.append(np.mean((inference.images(where, g, *others) - before) ** 2))
    assert error[0] < 0.3 * found.error.mean() and error[1] < found.error.mean()
    assert moved[1] < 0.7 * moved[0]


def test_pictures_are_inverted_from_files_tuned_and_edited_again(run, loaded, samples, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    files = np.rint((samples[0].clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    for i in range(2):
        Image.fromarray(files[i, ..., 0]).save(tmp_path / "in" / f"{i}.png")
    line = ["edit", str(run), "--invert", str(tmp_path / "in"), "--steps", "20", "--starts", "1"]
    assert main([*line, "--tune", "--direction", "1", "--columns", "3", "--out", str(tmp_path / "out")]) == 0
    assert "0.png: PSNR" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("inversion.png", "direction.png", "edited", "animation.webp", "latents.npz", "directions.npz")
    }
    assert {p.name for p in (tmp_path / "out" / "edited").iterdir()} >= {"0_-3.png", "0_0.png", "1_3.png"}
    kept = latents.read(tmp_path / "out" / "latents.npz", loaded)
    assert kept.names == ("0.png", "1.png") and kept.latents.shape == (2, 8) and kept.label.shape == (2,)
    assert (kept.more["psnr_tuned"] > kept.more["psnr"]).all()
    again = ["edit", str(run), "--latents", str(tmp_path / "out" / "latents.npz"), "--direction", "1", "--columns", "3"]
    assert main([*again, "--out", str(tmp_path / "again")]) == 0
    for name in ("direction.png", "edited/0_3.png"):  # of the tuned G
        one, other = (Image.open(tmp_path / folder / name) for folder in ("out", "again"))
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_two_folders_give_a_direction(run, samples, tmp_path):
    files = np.rint((samples[0].clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    for name, rows in (("without", (0, 1)), ("with", (2, 3))):
        (tmp_path / name).mkdir()
        for i in rows:
            Image.fromarray(files[i, ..., 0]).save(tmp_path / name / f"{i}.png")
    line = ["edit", str(run), "--by", "folders", "--folders", str(tmp_path / "without"), str(tmp_path / "with")]
    assert main([*line, "--directions", "1", "--steps", "5", "--label", "1", "--out", str(tmp_path / "out")]) == 0
    with np.load(tmp_path / "out" / "directions.npz") as found:
        assert found["names"].tolist() == ["with"] and found["vectors"].shape == (1, 8)


def test_pictures_of_another_shape_are_refused_or_brought_to_it(run, loaded, where, tmp_path, capsys):
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "a.png")
    line = ["edit", str(run), "--invert", str(tmp_path / "a.png"), "--steps", "2", "--out", str(tmp_path / "out")]
    assert main(line) == 2
    assert "a.png is 20x30, 3 channel(s), and the run makes 8x8, 1 channel(s): add --fit" in capsys.readouterr().err
    assert main([*line, "--fit", "crop"]) == 0
    with pytest.raises(BadInput, match="pictures are 9x8x1, and the run makes 8x8x1"):
        inference.invert(loaded, where, np.zeros((1, 9, 8, 1), np.uint8))
    some = np.zeros((2, 8, 8, 1), np.uint8)
    for options, words in (
        ({"steps": 0}, "--steps is 0"),
        ({"starts": 1001}, "--starts is 1001: give 1000 or less"),
        ({"label": 99}, r"--label 99, and the run has classes 0 .. 9: give those"),
        ({"label": [1, 2, 3]}, r"label is \[3\], and there are 2: give \[\], or one for each"),
    ):
        with pytest.raises(BadInput, match=words):
            inference.invert(loaded, where, some, **options)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((1, 8, 8, 1), np.uint16), "images is uint16: give uint8 in 0 .. 255"),
        (np.ones((1, 8, 8, 1), bool), "images is bool"),
        (np.full((1, 8, 8, 1), 255.0), r"images spans 255 .. 255: give floats in \[-1, 1\]"),
        (np.full((1, 8, 8, 1), np.nan), "images spans nan"),
    ],
)
def test_pictures_of_another_range_are_refused(loaded, where, images, words):
    with pytest.raises(BadInput, match=words):
        inference.invert(loaded, where, images)
    with pytest.raises(BadInput, match=words):
        inference.tune(loaded, where, np.zeros((1, *where.shape)), images)


def test_latents_of_another_run_are_refused(loaded, tmp_path):
    latents.save(tmp_path / "a.npz", latents.Kept("z", np.zeros((2, 9), np.float32), np.zeros(2, np.int32)))
    with pytest.raises(BadInput, match="the run's are"):
        latents.read(tmp_path / "a.npz", loaded)
    latents.save(tmp_path / "b.npz", latents.Kept("z", np.zeros((2, 8), np.float32)))
    with pytest.raises(BadInput, match="has no labels"):
        latents.read(tmp_path / "b.npz", loaded)

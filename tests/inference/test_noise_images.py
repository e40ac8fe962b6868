"""The noise that G adds is found for a picture, each for its own, and goes with its latents into files and edits."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import inference
from jaxgan.cli import main
from jaxgan.errors import BadInput
from jaxgan.inference import edit_base, latents, noise_images

EACH = ["--steps", "2", "--log-every-steps", "2", "--sample-every-steps", "2", "--save-every-steps", "2"]
QUIET = {"say": lambda line: None, "steps": 100, "starts": 1, "noise": 0.0}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    home = tmp_path_factory.mktemp("runs")
    style = ["stylegan2", "--tiny", "--data", "digits", "--path-weight", "0", "--mixing", "0"]
    assert main(["train", *style, *EACH, "--out", str(home / "style")]) == 0
    assert main(["train", "digits", "--tiny", *EACH, "--out", str(home / "digits")]) == 0
    return home


@pytest.fixture(scope="module")
def noisy(runs):
    """The tiny G, with as much noise as a trained one may have."""
    loaded = jaxgan.load(runs / "style")
    loud = lambda path, leaf: jnp.full_like(leaf, 0.1) if path[-1].key == "strength" else leaf
    ema = loaded.state.ema
    ema = {**ema, "params": jax.tree_util.tree_map_with_path(loud, ema["params"])}
    return loaded._replace(state=loaded.state._replace(ema=ema))


@pytest.fixture(scope="module")
def where(noisy):
    return inference.space(noisy)


@pytest.fixture(scope="module")
def target(noisy, where):
    """Images of the G's own latents, with noise that is not its own."""
    x, _ = inference.drawn(noisy, where, 2, seed=3)
    return x, inference.images(where, noisy.state.ema, x, noise=others(noisy, where, 2))


def others(noisy, where, count):
    own = noise_images.own(noisy, where)
    return {
        name: jax.random.normal(jax.random.fold_in(jax.random.key(7), i), (count, *own[name].shape))
        for i, name in enumerate(sorted(own))
    }


@pytest.mark.parametrize("space", ["z", "w", "w+"])
def test_g_s_own_noise_changes_nothing_and_each_sample_has_its_own(noisy, space):
    where = inference.space(noisy, space)
    x, _ = inference.drawn(noisy, where, 3, seed=3)
    ema, own = noisy.state.ema, noise_images.own(noisy, where)
    assert {image.shape for image in own.values()} == {(4, 4, 1), (8, 8, 1)}
    plain = inference.images(where, ema, x)
    same = inference.images(where, ema, x, noise={name: np.stack([image] * 3) for name, image in own.items()})
    np.testing.assert_allclose(same, plain, atol=1e-6)
    more = others(noisy, where, 3)
    each = inference.images(where, ema, x, noise=more)
    assert np.abs(each - plain).max() > 0.05
    for i in range(3):
        alone = inference.images(
            where, ema, x[i : i + 1], noise={name: image[i : i + 1] for name, image in more.items()}
        )
        np.testing.assert_allclose(alone[0], each[i], atol=1e-5)


def test_noise_takes_up_what_latents_cannot_and_stays_noise(noisy, where, target):
    images = target[1]
    fixed = inference.invert(noisy, where, images, **QUIET)
    found = inference.invert(noisy, where, images, noise_images=True, **QUIET)
    hidden = inference.invert(noisy, where, images, noise_images=True, whiteness=0.0, **QUIET)
    assert fixed.noise == {} and (found.error < fixed.error).all() and (hidden.error < found.error).all()
    made = inference.images(where, noisy.state.ema, found.latents, noise=found.noise)
    np.testing.assert_allclose(made, found.images, atol=1e-6)
    for image in found.noise.values():
        np.testing.assert_allclose(image.mean(axis=(1, 2, 3)), 0, atol=1e-5)
        np.testing.assert_allclose((image**2).mean(axis=(1, 2, 3)), 1, atol=1e-4)
    kept, lost = (
        np.mean([noise_images.dependence([image[i] for image in each.noise.values()]) for i in range(2)])
        for each in (found, hidden)
    )
    assert kept < 0.1 * lost


def test_a_tuned_g_has_the_noise_that_was_found(noisy, where, target):
    images = target[1]
    found = inference.invert(noisy, where, images, noise_images=True, **QUIET)
    options = {"steps": 50, "rate": 1e-3, "locality": 0.0, "say": lambda line: None}
    tuned = inference.tune(noisy, where, found.latents, images, None, found.noise, **options)
    made = inference.images(where, tuned, found.latents, noise=found.noise)
    without = inference.images(where, tuned, found.latents)
    assert np.mean((made - images) ** 2) < min(found.error.mean(), np.mean((without - images) ** 2))


def written(path, where, found):
    """File of latents with their noise."""
    latents.save(path, latents.Kept(where.name, found.latents, None, (), {}, {}, found.noise))
    return path


def test_what_is_read_is_drawn_with_its_noise_and_mixed_without(noisy, where, target, tmp_path):
    found = inference.invert(noisy, where, target[1], noise_images=True, **QUIET)
    path = written(tmp_path / "a.npz", where, found)
    read = edit_base.kept_in(noisy, path, "", None)
    np.testing.assert_allclose(read.draw(read.latents), found.images, atol=1e-6)
    np.testing.assert_allclose(read.draw(read.latents[:1]), found.images[:1], atol=1e-5)
    first = edit_base.of_first(read).state.ema
    np.testing.assert_allclose(inference.images(where, first, read.latents)[:1], found.images[:1], atol=1e-5)
    wide = edit_base.kept_in(noisy, path, "w+", None)
    asked = SimpleNamespace(mix=(path, path), layers=None)
    plain = inference.images(where, noisy.state.ema, found.latents)
    mixed = edit_base.mixed(asked, wide)
    for i in range(2):
        np.testing.assert_allclose(mixed[i + 1, i + 1], plain[i], atol=1e-5)  # of itself and itself


def test_what_does_not_belong_together_is_refused(runs, noisy, where, target, tmp_path):
    x, noise = target[0], others(noisy, where, 2)
    name = min(noise)
    with pytest.raises(BadInput, match=f"there are 2 latents, and 1 of {name}"):
        inference.images(where, noisy.state.ema, x, noise={name: noise[name][:1]})
    with pytest.raises(BadInput, match="unknown layer with noise 'conv0'"):
        inference.images(where, noisy.state.ema, x, noise={"conv0": noise[name]})
    with pytest.raises(BadInput, match=f"there are 2 latents, and 1 of {name}"):
        inference.tune(noisy, where, x, target[1], None, {name: noise[name][:1]}, say=lambda line: None)
    whole = latents.Kept("w", x, None, (), {}, {}, {name: np.asarray(image) for name, image in noise.items()})
    for bad in (np.full_like(whole.noise[name], np.nan), np.full(whole.noise[name].shape, "a")):
        latents.save(tmp_path / "bad.npz", whole._replace(noise={**whole.noise, name: bad}))
        with pytest.raises(BadInput, match=r"bad\.npz has"):
            edit_base.kept_in(noisy, tmp_path / "bad.npz", "", None)
    latents.save(tmp_path / "names.npz", whole._replace(names=("a",)))
    with pytest.raises(BadInput, match=r"names\.npz: there are 2 latents, and 1 of names"):
        edit_base.kept_in(noisy, tmp_path / "names.npz", "", None)
    digits = jaxgan.load(runs / "digits")
    z, label = inference.drawn(digits, inference.space(digits), 2)
    latents.save(tmp_path / "other.npz", latents.Kept("z", z, label, (), {}, {}, whole.noise))
    with pytest.raises(BadInput, match=r"other\.npz has noise .*, and G adds none to each"):
        edit_base.kept_in(digits, tmp_path / "other.npz", "", None)


def test_noise_goes_with_latents_into_files_and_edits(runs, target, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for i, image in enumerate(target[1]):
        Image.fromarray(np.rint((image[..., 0].clip(-1, 1) + 1) * 127.5).astype(np.uint8)).save(
            tmp_path / f"in/{i}.png"
        )
    line = ["edit", str(runs / "style"), "--invert", str(tmp_path / "in"), "--steps", "5", "--starts", "1"]
    line += ["--direction", "1", "--columns", "3", "--noise-images", "--out"]
    assert main([*line, str(tmp_path / "out")]) == 0
    loaded = jaxgan.load(runs / "style")
    kept = latents.read(tmp_path / "out" / "latents.npz", loaded)
    assert {image.shape for image in kept.noise.values()} == {(2, 4, 4, 1), (2, 8, 8, 1)}
    again = ["edit", str(runs / "style"), "--latents", str(tmp_path / "out" / "latents.npz"), "--direction", "1"]
    assert main([*again, "--columns", "3", "--out", str(tmp_path / "again")]) == 0
    one, other = (np.asarray(Image.open(tmp_path / folder / "direction.png")) for folder in ("out", "again"))
    np.testing.assert_array_equal(one, other)
    name = min(kept.noise)
    latents.save(tmp_path / "odd.npz", kept._replace(noise={name: kept.noise[name][:1]}))
    again[3] = str(tmp_path / "odd.npz")
    assert main([*again, "--out", str(tmp_path / "odd")]) == 2
    assert "odd.npz has noise" in capsys.readouterr().err


def test_a_g_without_noise_is_told(runs, capsys):
    loaded = jaxgan.load(runs / "digits")
    with pytest.raises(BadInput, match="G adds no images of noise"):
        inference.invert(loaded, inference.space(loaded), np.zeros((1, 8, 8, 1), np.uint8), 0, noise_images=True)
    assert main(["edit", str(runs / "style"), "--directions", "1", "--noise-images"]) == 2
    assert "add --invert FILES" in capsys.readouterr().err

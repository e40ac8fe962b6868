"""Games between pictures: what a step draws belongs to the sample and the step, whatever cuts the training or the batch."""

import json
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import far

import jaxgan
from jaxgan import steps
from jaxgan.cli import main
from jaxgan.sharing import sample_keys

EACH = ["--log-every-steps", "2", "--sample-every-steps", "4", "--save-every-steps", "2"]
GAMES = {
    "pix2pix": ["--jitter", "1.25", "--flip"],
    "enhance": ["--degrade", "down", "noise", "--factor", "2"],
    "inpaint": ["--hole", "free-form"],
    "segment": ["--ignored", "3", "--labelled", "0.5", "--unlabelled", "--self-taught", "0.1", "--confidence", "0.01"],
}


def train(recipe, out, *flags):
    assert main(["train", recipe, "--tiny", *GAMES[recipe], *EACH, *flags, "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("recipe", GAMES)
def test_a_resumed_run_draws_what_an_uninterrupted_one_draws(recipe, tmp_path):
    whole = train(recipe, tmp_path / "whole", "--steps", "4")
    part = train(recipe, tmp_path / "part", "--steps", "2")
    train(recipe, part, "--steps", "4", "--resume", "must")
    hashes = [json.loads((run / "result.json").read_text())["state_sha256"] for run in (whole, part)]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("recipe", GAMES)
def test_devices_and_turns_of_d_draw_what_one_device_draws(recipe, tmp_path):
    flags = ["--steps", "4", "--optimizer", "sgd", "--b1", "0", "--lr-g", "0.01", "--lr-d", "0.01", "--d-steps", "2"]
    flags += ["--norm", "none"] if recipe == "pix2pix" else []
    ends = []
    for mode in ("single", "pmap", "mesh"):
        where = [] if mode == "single" else ["--parallel", mode, "--devices", "2"]
        state = jaxgan.load(train(recipe, tmp_path / mode, *flags, *where)).state
        ends.append(jax.tree.map(np.asarray, (state.g.params, state.d.params)))
    for other in ends[1:]:
        assert far(other, ends[0]) < 2e-5


def test_every_step_every_turn_and_every_sample_draws_its_own():
    draw = lambda batch, key: {**batch, "drawn": jax.vmap(jax.random.uniform)(sample_keys(key, batch["index"]))}
    seen = lambda state, batch: (state, batch["drawn"])
    state = SimpleNamespace(key=jax.random.key(0), step=jnp.int32(3))
    later = SimpleNamespace(key=state.key, step=jnp.int32(4))
    x = {"image": np.zeros((4, 2))}
    play = steps.drawn(seen, draw)
    once = play(state, x)[1]
    np.testing.assert_array_equal(once, play(state, x)[1])
    assert len({*map(float, once), *map(float, play(later, x)[1])}) == 8
    rows = {"image": x["image"][:2], "index": np.array([3, 1])}
    np.testing.assert_array_equal(play(state, rows)[1], once[np.array([3, 1])])
    turns = steps.drawn(seen, draw, turns=2)(state, {"image": np.zeros((2, 4, 2))})[1]
    assert turns.shape == (2, 4) and len({*map(float, turns.reshape(-1))}) == 8


def test_pix2pix_hd_is_flags(tmp_path, capsys):
    flags = ["--resolution", "32", "--network", "coarse", "--multi-scale", "2", "--feature-matching", "10", "--loss"]
    assert (
        main(
            [
                "train",
                "pix2pix",
                "--tiny",
                *flags,
                "least_squares",
                "--steps",
                "2",
                *EACH,
                "--out",
                str(tmp_path / "hd"),
            ]
        )
        == 0
    )
    row = json.loads((tmp_path / "hd" / "metrics.jsonl").read_text().splitlines()[-1])
    assert row["feature_matching_g"] > 0 and np.isfinite(row["loss_g"])
    assert main(["evaluate", str(tmp_path / "hd"), "--num", "40", "--features", "pixels"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{name} " in said for name in ("fd", "spectrum", "l1", "psnr", "matched"))


def test_what_does_not_fit_is_refused_in_a_line(tmp_path, capsys):
    np.savez(tmp_path / "sizes.npz", image=np.zeros((8, 32, 32, 3), np.uint8), input=np.zeros((8, 16, 16, 3), np.uint8))
    np.savez(tmp_path / "alone.npz", image=np.zeros((8, 16, 16, 3), np.uint8))
    sizes, alone = str(tmp_path / "sizes.npz"), str(tmp_path / "alone.npz")
    for words, said in {
        ("pix2pix", "--data", alone, "--input", ""): "takes a column 'input'",
        ("pix2pix", "--input", "", "--data", sizes, "--resolution", "0"): "inputs of 16x16 and targets of 32x32",
        ("pix2pix", "--resolution", "17"): "cannot be halved twice",
        ("pix2pix", "--z-dim", "3"): "--z-dim is no option of this recipe, G is given pictures",
        ("pix2pix", "--input", "digits", "--side-by-side", "left-input"): "each say what G is given: keep one",
        ("enhance", "--input", "digits", "--degrade", "noise"): "--input digits, which gives the inputs: remove it",
        ("enhance", "--data", sizes): "has a column input, and --degrade down 4 makes one",
        ("enhance", "--degrade", "holes", "down"): "holes are a channel that comes last",
        ("enhance", "--noise-std", "3"): "no --degrade noise: add it",
        ("enhance", "--perceptual", "1"): "needs --perceptual-features FILE",
        ("enhance", "--perceptual", "1", "--perceptual-features", alone): "give SqueezeNet's weights",
        ("inpaint", "--degrade", "noise"): "a channel more",
        ("segment", "--data", alone): "takes a column 'mask'",
        ("cyclegan", "--loss", "wasserstein"): "take least_squares",
    }.items():
        assert main(["train", words[0], "--tiny", *words[1:], "--out", str(tmp_path / "run")]) == 2, words
        assert said in capsys.readouterr().err, words
    assert not (tmp_path / "run").exists()


def test_held_out_masks_are_all_there_whatever_share_was_trained_on(tmp_path):
    data = jaxgan.data.load("blobs")
    for name, rows in (("train", np.arange(200)), ("rest", np.arange(200, 256))):
        np.savez(tmp_path / f"{name}.npz", image=data["image"][rows], mask=data["mask"][rows])
    flags = ["--data", str(tmp_path / "train.npz"), "--labelled", "0.1", "--steps", "2", *EACH]
    assert main(["train", "segment", "--tiny", *flags, "--out", str(tmp_path / "run")]) == 0
    run = jaxgan.runs.open_run(tmp_path / "run")
    trained, other = jaxgan.inference.data_of(run, held_out=str(tmp_path / "rest.npz"))
    assert (trained.size, other.size) == (20, 56)


def test_pairs_of_one_s_own_win_over_what_a_recipe_would_do_to_the_images(tmp_path):
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "sharp.npz", image=images)
    np.savez(tmp_path / "small.npz", image=images[:, ::2, ::2])
    np.savez(tmp_path / "both.npz", image=images, input=images[:, ::2, ::2])
    sources = {
        "beside": ["--data", str(tmp_path / "sharp.npz"), "--input", str(tmp_path / "small.npz"), "--resolution", "0"],
        "within": ["--data", str(tmp_path / "both.npz"), "--resolution", "0", "--degrade"],
    }
    for name, words in sources.items():
        assert main(["train", "enhance", "--tiny", "--steps", "2", *EACH, *words, "--out", str(tmp_path / name)]) == 0
        loaded = jaxgan.load(tmp_path / name)
        assert loaded.data.specs["input"].shape == (8, 8, 3) and loaded.config.drawn == ()


def test_a_flag_of_several_values_may_be_given_several_times(tmp_path):
    words = ["--degrade", "blur", "--steps", "2", "--degrade=noise", "--noise-std", "9"]
    assert main(["train", "enhance", "--tiny", *EACH, *words, "--out", str(tmp_path / "run")]) == 0
    config = jaxgan.load(tmp_path / "run").config
    assert config.degrade == ("blur", "noise") and config.steps == 2
    assert config.derivation.words == "blur 1.5, noise 9.0"

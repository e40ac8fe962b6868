"""Every recipe trains, shows itself, saves, restores and samples; what a run leaves is what is promised."""

import json
import subprocess
import sys

import jax
import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan import recipes
from jaxgan.cli import main
from jaxgan.cost import bench
from jaxgan.data import batch as batches
from jaxgan.sharing import with_index


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of two tiny steps, made once each."""
    made, home = {}, tmp_path_factory.mktemp("runs")

    def get(name):
        if name not in made:
            each = ["--log-every-steps", "2", "--sample-every-steps", "2", "--save-every-steps", "2"]
            assert main(["train", name, "--tiny", "--steps", "2", *each, "--out", str(home / name)]) == 0
            made[name] = home / name
        return made[name]

    return get


@pytest.mark.parametrize("name", recipes.names())
def test_a_tiny_run_leaves_what_is_promised(name, runs):
    folder = runs(name)
    config = json.loads((folder / "config.json").read_text())
    assert config["recipe"] == name and config["config"]["steps"] == 2
    assert {"jax", "flax", "jaxgan"} <= config["versions"].keys() and len(config["data"]["sha256"]) == 64
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 2
    assert all({"step", "loss_g", "loss_d", "images_per_s"} <= row.keys() for row in rows)
    result = json.loads((folder / "result.json").read_text())
    promised = {
        "step",
        "images",
        "seconds",
        "parallel",
        "devices",
        "device",
        "computed_in",
        "deterministic",
        "state_sha256",
        "goodput",
    }
    assert result.keys() == promised
    assert result["step"] == 2 and result["images"] == 2 * config["config"]["batch_size"]
    assert (folder / "checkpoints" / "2").is_dir() and (folder / "curves.png").stat().st_size > 1000
    with Image.open(folder / "samples" / "000002.png") as sheet:
        assert np.ptp(np.asarray(sheet.convert("L"))) > 50
        columns = max(8, len(config["data"]["specs"]["label"]["classes"])) if config["config"]["conditional"] else 8
        columns = 6 if name == "dcgan_texture" else columns  # three classes, twice
        assert sheet.width >= 32 * columns


@pytest.mark.parametrize("name", recipes.names())
def test_what_is_sampled_takes_any_number_of_rows(name, runs):
    loaded = jaxgan.load(runs(name))
    batch = with_index(batches.zeros(loaded.config, loaded.data.specs))
    (rows,) = jax.export.symbolic_shape("rows")
    batch = jax.tree.map(lambda x: jax.ShapeDtypeStruct((rows, *x.shape[1:]), x.dtype), batch)
    made = jax.eval_shape(loaded.gan.sample, loaded.state.ema, batch, jax.random.key(0))
    assert made.shape[0] == rows and all(isinstance(size, int) for size in made.shape[1:])


@pytest.mark.parametrize("name", recipes.names())
def test_a_run_can_be_loaded_and_sampled(name, runs, tmp_path):
    loaded = jaxgan.load(runs(name))
    assert int(loaded.state.step) == 2 and loaded.config.steps == 2
    out = tmp_path / "samples.npz"
    assert main(["sample", str(runs(name)), "--num", "23", "--out", str(out)]) == 0
    with np.load(out) as arrays:
        image, label = arrays[loaded.config.real], arrays.get("label")
    spec = loaded.data.specs[loaded.config.real]
    assert image.shape == (23, *spec.shape) and image.dtype == spec.dtype
    if loaded.config.conditional:
        assert label.tolist() == sorted(label) and np.ptp(np.bincount(label)) == 1
    batch = {"index": np.arange(23), **({} if label is None else {"label": label})}
    source = jaxgan.data.load(loaded.config.data, **loaded.config.fitting)
    batch |= {name: source[name][np.arange(23)] for name in loaded.config.given if name != "label"}
    ours = np.asarray(loaded.gan.sample(loaded.state.ema, batch, jax.random.key(0)))
    ours = spec.kind.to_file(ours)
    np.testing.assert_allclose(image.astype(float), ours.astype(float), atol=1e-5 if image.ndim == 2 else 1)


def samples(run, out, *flags):
    assert main(["sample", str(run), "--num", "20", "--out", str(out), *flags]) == 0
    with np.load(out) as arrays:
        return dict(arrays)


def test_samples_follow_seed_label_and_weights(runs, tmp_path):
    run = runs("digits")
    first = samples(run, tmp_path / "1.npz")
    again = samples(run, tmp_path / "2.npz")
    np.testing.assert_array_equal(first["image"], again["image"])
    assert (samples(run, tmp_path / "3.npz", "--seed", "1")["image"] != first["image"]).any()
    assert set(samples(run, tmp_path / "5.npz", "--label", "3")["label"]) == {3}
    steps = samples(run, tmp_path / "6.npz", "--interpolate", "--label", "3")["image"].astype(float)
    neighbours = np.abs(np.diff(steps[:8], axis=0)).mean()
    assert neighbours < np.abs(steps[0] - steps[7]).mean()


def test_truncated_samples_are_nearer_to_each_other(runs, tmp_path):
    spread = [
        samples(runs("stylegan2"), tmp_path / f"{psi}.npz", "--truncation", psi)["image"].astype(int).std(0).mean()
        for psi in ("0", "0.5", "1")
    ]
    assert spread[0] == 0 < spread[1] < 0.8 * spread[2]


def test_raw_samples_are_of_the_weights_themselves(tmp_path):
    slow = ["--ema-ramp", "100", "--out", str(tmp_path / "run")]  # an average that is far behind
    assert main(["train", "digits", "--tiny", "--steps", "20", *slow]) == 0
    loaded = jaxgan.load(tmp_path / "run")
    raw = samples(tmp_path / "run", tmp_path / "raw.npz", "--raw")
    batch = {"index": np.arange(20), "label": raw["label"]}
    ours = [
        jaxgan.modalities.image.to_file(loaded.gan.sample(variables, batch, jax.random.key(0))).astype(int)
        for variables in (loaded.state.g.variables, loaded.state.ema)
    ]
    assert np.abs(ours[0] - raw["image"]).max() <= 1
    assert np.abs(ours[1] - raw["image"]).max() > 10


@pytest.mark.parametrize("name", ["digits", "ring"])
def test_samples_become_sheets_and_folders(name, runs, tmp_path):
    run = runs(name)
    assert main(["sample", str(run), "--num", "12", "--out", str(tmp_path / "sheet.png")]) == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert min(sheet.size) >= 64
    for number in ("", "-2"):  # nothing is overwritten
        assert main(["sample", str(run), "--num", "4", "--seed", "9"]) == 0
        assert (run / "samples" / f"sample-9{number}.png").is_file()
    if name == "ring":
        return
    assert main(["sample", str(run), "--num", "12", "--out", str(tmp_path / "folder")]) == 0
    files = sorted((tmp_path / "folder").rglob("*.png"))
    assert len(files) == 12 and len({file.parent for file in files}) == 10
    found = jaxgan.data.load(str(tmp_path / "folder"))
    assert found["image"].shape == (12, 8, 8, 1) and found.classes == tuple("0123456789")


def test_new_runs_get_new_folders(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for number in ("001", "002"):
        assert main(["train", "ring", "--tiny", "--steps", "2"]) == 0
        assert f"runs/ring-{number}/samples/000002.png" in capsys.readouterr().out.replace("\n", "")
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["ring-001", "ring-002"]


def test_the_config_of_a_run_makes_the_same_run_again(runs, tmp_path):
    run = runs("digits")
    assert main(["train", "digits", "--config", str(run / "config.json"), "--out", str(tmp_path / "again")]) == 0
    hashes = [json.loads((f / "result.json").read_text())["state_sha256"] for f in (run, tmp_path / "again")]
    assert hashes[0] == hashes[1]
    other = ["--config", str(run / "config.json"), "--seed", "1", "--out", str(tmp_path / "other")]
    assert main(["train", "digits", *other]) == 0
    assert json.loads((tmp_path / "other" / "result.json").read_text())["state_sha256"] != hashes[0]


def test_the_best_checkpoints_are_kept_beside_the_newest(tmp_path):
    keep = ["--keep-latest", "1", "--keep-best", "1", "--best-metric", "+loss_g"]
    every = ["--save-every-steps", "2", "--log-every-steps", "2"]
    assert main(["train", "digits", "--tiny", "--steps", "12", *keep, *every, "--out", str(tmp_path / "run")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    best = max((row for row in rows if row["step"] % 2 == 0), key=lambda row: row["loss_g"])["step"]
    kept = sorted(int(p.name) for p in (tmp_path / "run" / "checkpoints").iterdir())
    assert kept == sorted({best, 12})


def test_dry_run_tells_config_and_cost_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "digits", "--dry-run", "--width", "8"]) == 0
    out = capsys.readouterr().out
    content, _ = json.JSONDecoder().raw_decode(out)
    assert content["recipe"] == "digits" and content["config"]["width"] == 8
    config, specs = recipes.digits.Config(width=8), jaxgan.data.load("digits").specs
    made = jaxgan.build.experiment(recipes.digits, config, specs)
    state = jax.eval_shape(lambda: jaxgan.build.initial_state(made, config, specs))
    sizes = [sum(x.size for x in jax.tree.leaves(side.params)) for side in (state.g, state.d)]
    assert f"G {sizes[0]:,}  D {sizes[1]:,}" in out and "FLOP" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", ["single", "pmap", "mesh", "fsdp"])
def test_bench_gives_speed_time_and_cost(mode, tmp_path):
    where = [] if mode == "single" else ["--parallel", mode, "--devices", "2"]
    flags = ["--tiny", "--seconds", "0.2", "--json", str(tmp_path / "speed.json")]
    assert main(["bench", "digits", *flags, *where]) == 0
    result = json.loads((tmp_path / "speed.json").read_text())
    numbers = [
        "images_per_s",
        "step_ms_p50",
        "step_ms_p90",
        "step_ms_p99",
        "compile_s",
        "compile_warm_s",
        "flops_per_step",
        "argument_bytes",
        "temp_bytes",
        "mfu",
        "matmul_gflops",
    ]
    assert result["images_per_s_lowest"] <= result["images_per_s"] <= result["images_per_s_highest"]
    assert result["s_per_kimg"] == pytest.approx(1000 / result["images_per_s"], rel=1e-2)
    assert 0 <= result["data_wait_share"] < 1 and result["data"] == "on the device"
    assert all(result[name] > 0 for name in numbers)
    assert result["step_ms_p50"] <= result["step_ms_p90"] <= result["step_ms_p99"]
    assert (result["recipe"], result["batch_size"], result["parallel"]) == ("digits", 16, mode)
    assert result["devices"] == (1 if mode == "single" else 2) and result["dtype"] == "float32" and result["versions"]


def test_help_reads_as_documentation(capsys):
    assert main([]) == main(["--help"]) == main(["recipes"]) == 0
    out = capsys.readouterr().out
    for name in recipes.names():
        assert recipes.describe(name) in out
    for line, words in {
        "train digits": ("--batch-size", "Learning rate of G", "--resume {never,auto,must}", "(default: r1)"),
        "sample run": ("--num", "classes in equal shares", "--interpolate"),
        "data check digits": ("--recipe", "--resolution"),
        "bench digits": ("--json", "--seconds"),
    }.items():
        with pytest.raises(SystemExit) as stop:
            main([*line.split(), "--help"])
        out = " ".join(capsys.readouterr().out.replace("│", " ").split())
        assert stop.value.code == 0
        for word in words:
            assert word in out, word


def test_a_reader_that_has_seen_enough_is_no_error():
    line = f"{sys.executable} -m jaxgan data check digits | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stderr == "" and done.stdout.strip() in ("141", "0")


def test_the_module_is_the_command():
    out = subprocess.run([sys.executable, "-m", "jaxgan", "recipes"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in out.splitlines()] == recipes.names()


def test_flops_of_a_step_do_not_depend_on_the_steps_in_a_dispatch():
    flops = []
    for chunk in (1, 4):
        options = {**recipes.ring.TINY, "steps": 8, "steps_per_dispatch": chunk}
        options |= {name: 8 for name in options if name.endswith("_every_steps")}
        config = recipes.ring.Config(**options)
        flops.append(bench.measure("ring", config, seconds=0.05)["flops_per_step"])
    np.testing.assert_allclose(flops[1], flops[0], rtol=0.05)

"""Bad input: an error at once, both values named, the way out in the same line, nothing lost, exit status 2."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxgan
from jaxgan.cli import main
from jaxgan.modalities import image
from jaxgan.reports import page

TINY = ["train", "digits", "--tiny", "--steps", "10", "--save-every-steps", "5"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refusals") / "run"
    assert main([*TINY, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch, run):
    """A folder with things that cannot be used in it, and a link to a run."""
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0)
    (tmp_path / "empty").mkdir()
    (tmp_path / "corrupt").mkdir()
    (tmp_path / "corrupt" / "a.png").write_bytes(b"no picture")
    (tmp_path / "plain").mkdir()
    Image.fromarray(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(tmp_path / "plain" / "a.png")
    np.savez(tmp_path / "odd.npz", image=draw.integers(0, 256, (64, 28, 28, 1), dtype=np.uint8))
    np.savez(tmp_path / "bad.npz", image=np.ones((4, 8, 8, 1)) * 255.0)
    np.savez(tmp_path / "extra.npz", image=np.zeros((4, 8, 8), np.uint8), weight=np.zeros(4))
    np.savez(tmp_path / "sound.npz", image=np.zeros((4, 64, 1), np.float32))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "config.json").write_text('{"recipe": "digits", "config": {}, "data": {}}')
    (tmp_path / "cut.npz").write_bytes((tmp_path / "odd.npz").read_bytes()[:-400])
    (tmp_path / "file").write_text("here first")
    (tmp_path / "file.zip").write_text("no zip")
    shutil.copytree(tmp_path / "plain", tmp_path / "mixed")
    Image.fromarray(draw.integers(0, 256, (9, 12, 3), dtype=np.uint8)).save(tmp_path / "mixed" / "b.png")
    shutil.copytree(tmp_path / "plain", tmp_path / "tabled")
    (tmp_path / "tabled" / "labels.csv").write_text("file,label\nb.png,1\n")
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "field.json").write_text('{"stepz": 3}')
    (tmp_path / "degraded.json").write_text('{"degrade": ["dwon"]}')
    (tmp_path / "kind.json").write_text('{"steps": "many"}')
    (tmp_path / "run").symlink_to(run)
    return tmp_path


CASES = {
    "trian": ("trian", "train"),
    "train digit": ("digit", "digits"),
    "train": ("RECIPE",),
    "train digits --tiny --resume auto": ("--resume auto needs --out RUN",),
    "sample run --seed -1": ("--seed is -1: give 0 to 2147483647",),
    "evaluate run --seed 99999999999999999999": ("--seed is 99999999999999999999",),
    "sample run --label ²": ("--label ²",),
    "sample run --checkpoint ²": ("no checkpoint ²",),
    "evaluate run --num 50 --json -": ("--json - is no file", "give the name of one"),
    "sample run --out file/grid.png": ("file is already there, and no folder", "another --out"),
    "evaluate run --num 50 --json nowhere/x.json": ("--json nowhere/x.json is in no folder that is there", "nowhere"),
    "bench digits --tiny --json file": ("file is already there: give another --json",),
    "train enhance --tiny --config degraded.json": ("unknown --degrade 'dwon'", "down"),
    "train inpaint --tiny --dilations 0": ("--dilations has 0", "1 or more"),
    "train enhance --tiny --perceptual-features nothere.npz": ("--perceptual-features", "--perceptual 0"),
    "train segment --tiny --confidence 0.5": ("--confidence", "--self-taught 0"),
    "train digits --tiny --freeze-d 1 --clip-weights 0.01 --init-from run": ("--freeze-d 1", "--clip-weights 0.01"),
    "train digits --data tfds:nothing": ("tfds:nothing is not prepared", "download_and_prepare"),
    "train digits --data stacked_mnist": ("stacked_mnist", "stacked_mnist:FOLDER"),
    "train digits --data stacked_mnist:plain": ("plain has no idx files", "MNIST"),
    "train digits --data plain/a.png --no-conditional --resolution 64": ("8x8 and crops are 64x64", "--resolution 8"),
    "train digits --data file.zip": ("file.zip cannot be read as a zip", "copy it again"),
    "train digits --data mixed --no-conditional": ("1 of 9x12", "1 of 8x8", "--resolution"),
    "train digits --data tabled": ("tabled/labels.csv has no row for 1 of 1 images", "a.png"),
    "train digits --channels 2": ("--channels is 2", "1 (grey)"),
    "train digits --aspect 2": ("--aspect is 2", "--resolution"),
    "train dcgan --data odd.npz --resolution 36 --aspect 2": ("36x72", "--resolution 48 --aspect 1.66667"),
    "train dcgan_texture --resolution 32": ("64x64 images, not 32x32", "--resolution 64"),
    "train dcgan_texture --data ring --resolution 0": ("(2,)", "64x64 images"),
    "train digits --stop-when loss_d": ("--stop-when is 'loss_d'", "loss_d<0.1"),
    "train digits --stop-when fd<5": ("--stop-when is by fd", "--evaluate-every-steps"),
    "train digits --stop-when fdd<5": ("'fdd'", "fd"),
    "train digits --keep-best 1 --best-metric kd --evaluate-every-steps 500": ("kd", "--evaluate-all-every-steps"),
    "train digits --keep-best 1 --best-metric fd --evaluate-every-steps 3000": ("every 3000 steps", "is 1000"),
    "train digits --evaluate-every-steps 250": ("--evaluate-every-steps is 250", "--log-every-steps 100"),
    "train digits --evaluate-samples 1": ("--evaluate-samples is 1", "2 or more"),
    "train digits --dry-run --memory-gib nan": ("--memory-gib is nan", "above 0"),
    "train digits --dry-run --memory-gib -1": ("--memory-gib is -1", "above 0"),
    "train digits --max-minutes nan": ("--max-minutes is nan", "above 0"),
    "bench digits --seconds -5": ("--seconds is -5", "above 0"),
    "evaluate": ("RUN",),
    "evaluate no/run": ("no/run is no run",),
    "evaluate run --num 1": ("--num is 1", "2 samples"),
    "evaluate run --checkpoint 7": ("no checkpoint 7", "there are 5, 10"),
    "evaluate run --checkpoint best": ("without --best-metric", "latest"),
    "evaluate run --split test": ("digits leaves no samples out", "--held-out"),
    "evaluate run --held-out ring": ("8x8x1", "ring has samples of 2"),
    "evaluate run --held-out plain": ("labels of 10 classes", "plain has none"),
    "evaluate run --devices 9": ("9", "8"),
    "evaluate run --features vgg": ("vgg", "classifier"),
    "evaluate run --features odd.npz": ("odd.npz", "lacks"),
    "evaluate run --features cut.npz": ("cut.npz", "cannot be read"),
    "evaluate run --data plain": ("plain", "digits", "--data SOURCE"),
    "evaluate run --standing-stats": ("no norm statistics", "remove --standing-stats"),
    "evaluate run --json file": ("file is already there",),
    "train digits --stop-when loss_d<0.1 --stop-rows 0": ("--stop-rows is 0", "above 0"),
    "train digits --microbatches 3": ("--batch-size 64", "--microbatches 3"),
    "train digits --augment ada --ada-groups xyz": ("'x'", "b, c, f, g, n, o"),
    "train digits --augment ada --ada-groups g2": ("g2", "(0, 1]"),
    "train digits --channels 4 --augment ada": ("1 or 3 channels", "has 4", "diffaugment"),
    "train digits --loss wasserstein --penalty none --relativistic paired": ("wasserstein", "--penalty wgan_gp"),
    "train digits --ada-target 0.5": ("--ada-target 0.5", "--augment none", "--augment ada"),
    "train ring --population 2 --max-minutes -1": ("--max-minutes is -1", "above 0"),
    "train ring --population 2 --stop-when los_d<0.1": ("los_d", "loss_d"),
    "train digits --max-minutes -1": ("--max-minutes is -1", "above 0"),
    "train digits --keep-best 1 --best-metric los_d": ("los_d", "loss_d"),
    "train digits --parallel fsdp --devices 3": ("64", "3 devices", "--batch-size 63 or 66"),
    "train digits --data digitz": ("digitz", "digits"),
    "train digits --data no/where": ("no/where", "`jaxgan --help` lists what a source can be"),
    "train digits --steps 0": ("--steps is 0", "above 0"),
    "train digits --batch-size -1": ("--batch-size is -1", "above 0"),
    "train digits --lr-g 0": ("--lr-g is 0", "above 0"),
    "train digits --b1 1.5": ("--b1 is 1.5", "[0, 1)"),
    "train my_recipe.py": ("there is no my_recipe.py", "digits"),
    "train odd.npz.py": ("there is no odd.npz.py",),
    "train digits --data extra.npz": ("extra.npz has weight", "image"),
    "train digits --data sound.npz": ("sound.npz: image is float32[4, 64, 1]", "name the array"),
    "sample old": ("old was made by another version", "format 1, this one has 2"),
    "train digits --smoothing 0.1": ("0.1", "--loss bce"),
    "train bce_mnist --data digits --smoothing 0.7": ("0.7", "[0, 0.5)"),
    "train digits --loss wasserstein --penalty none": ("wasserstein", "--penalty wgan_gp"),
    "train digits --keep-best 1": ("--keep-best 1", "--best-metric"),
    "train mlp_mnist": ("mlp_mnist", "--data"),
    "train dcgan --data odd.npz --resolution 31": ("31x31", "--resolution 32"),
    "train digits --data ring": ("(2,)", "images"),
    "train digits --data empty": ("empty", "no images"),
    "train digits --data corrupt": ("1 of 1 images", "a.png"),
    "train digits --data cut.npz": ("cut.npz", "np.savez"),
    "train digits --data bad.npz": ("255", "[-1, 1]"),
    "train digits --data file": ("file", "folder"),
    "train digits --data plain": ("--conditional", "plain has none"),
    "train digits --classes 7": ("--classes 7", "10"),
    "train ring --flip": ("--flip", "points"),
    "train ring --resolution 8": ("points", "--resolution"),
    "train digits --parallel pmap --devices 3": ("64", "3 devices", "--batch-size 63 or 66"),
    "train digits --parallel mesh --devices 99": ("--devices 99", "8"),
    "train digits --devices 2": ("--devices 2", "--parallel pmap"),
    "train digits --out plain": ("plain holds a.png and no config.json", "another --out"),
    "train digits --out file/run": ("file", "another --out"),
    "train digits --resume must": ("--resume must", "--out RUN"),
    "train digits --resume must --out nothing": ("nothing", "--resume auto"),
    "train digits --config config.json": ("config.json", "JSON"),
    "train digits --config field.json": ("stepz", "steps"),
    "train digits --config kind.json": ("--steps is 'many'", "number"),
    "train digits --tiny --steps 10 --save-every-steps 5 --out run --resume auto --lr-g 0.5": ("0.5", "was 0.001"),
    "sample run --ema-sigma 0.1": ("--posthoc-ema",),
    "sample run --ema-sigma 0.1 --raw": ("--raw", "--ema-sigma 0.1"),
    "evaluate run --ema-sigma 0.1 --raw": ("--raw", "--ema-sigma 0.1"),
    "sample run --truncation 0.5": ("0.5", "digits has no space of styles"),
    "train digits --tiny --steps 5 --save-every-steps 5 --out run --resume auto": ("--steps 5", "10", "grow"),
    "train ring --tiny --out run --resume auto": ("digits", "ring", "another --out"),
    "sample plain": ("plain", "config.json"),
    "sample run --num 0": ("--num is 0", "above 0"),
    "sample run --out file": ("file is already there", "another --out"),
    "sample run --out new.gif": (".gif", ".png"),
    "sample run --label 11": ("--label 11", "0 .. 9"),
    "sample run --label cat": ("--label cat", "0 .. 9"),
    "report plain": ("plain", "config.json"),
    "report run now": ("'now'",),
    "data write digits --name Digits": ("'Digits'", "lower-case"),
    "data write ring --name ring --folder new": ("ring has float32 samples", "uint8"),
    "sample run --checkpoint 7": ("7", "5, 10"),
    "data check empty": ("empty", "no image files"),
    "data check nowhere": ("nowhere", "digits"),
    "data check odd.npz --recipe dcgan --resolution 31": ("31x31", "--resolution 32"),
    "data check digits --recipe dcgans": ("dcgans", "dcgan"),
    "data chekc digits": ("chekc", "data check"),
    "bench digitz": ("digitz", "digits"),
}


@pytest.mark.parametrize("line", CASES)
def test_bad_input_is_one_line_and_changes_nothing(line, place, capsys):
    before = {p: p.stat().st_mtime_ns for p in [*place.rglob("*"), *(place / "run").resolve().rglob("*")]}
    assert main(line.split()) == 2
    err = capsys.readouterr().err
    assert err.startswith("jaxgan: ") and err.count("\n") == 1 and "Traceback" not in err
    for words in CASES[line]:
        assert words in err, err
    assert {p: p.stat().st_mtime_ns for p in [*place.rglob("*"), *(place / "run").resolve().rglob("*")]} == before
    with pytest.raises(jaxgan.BadInput):
        main([*line.split(), "--debug"])


@pytest.mark.parametrize("flag", ["--step-size", "--loss=hinges", "--steps=many"])
def test_unknown_flags_and_values_end_with_status_2(flag, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "digits", flag])
    assert stop.value.code == 2
    assert flag.split("=")[0] in capsys.readouterr().err


def copy_of(run, tmp_path):
    return shutil.copytree(run, tmp_path / "copy")


def flip_a_bit(checkpoint):
    largest = max(
        (p for p in checkpoint.rglob("*") if p.is_file() and p.parent.name == "d"), key=lambda p: p.stat().st_size
    )
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)


def cut_short(checkpoint):
    for path in checkpoint.rglob("*"):
        if path.is_file() and path.stat().st_size > 100:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [flip_a_bit, cut_short])
def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_says_so(damage, run, tmp_path, capsys):
    folder = copy_of(run, tmp_path)
    damage(folder / "checkpoints" / "10")
    assert main([*TINY, "--out", str(folder), "--resume", "auto"]) == 0
    out = capsys.readouterr().out
    assert "checkpoint 10 is damaged" in out and "resumed from step 5" in out
    assert (folder / "damaged" / "10").is_dir()
    assert json.loads((folder / "result.json").read_text())["step"] == 10
    hashes = [json.loads((f / "result.json").read_text())["state_sha256"] for f in (folder, run)]
    assert hashes[0] == hashes[1]


def test_only_damaged_checkpoints_are_refused(run, tmp_path, capsys):
    folder = copy_of(run, tmp_path)
    for step in ("5", "10"):
        flip_a_bit(folder / "checkpoints" / step)
    assert main(["sample", str(folder)]) == 2
    assert "[5, 10]" in capsys.readouterr().err
    assert sorted(os.listdir(folder / "checkpoints")) == ["10", "5"]  # looking does not move anything


def test_a_checkpoint_of_another_architecture_is_refused_with_both_shapes(run, tmp_path, capsys):
    folder = copy_of(run, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["config"]["width"] = 16
    (folder / "config.json").write_text(json.dumps(config))
    assert main([*TINY, "--width", "16", "--out", str(folder), "--resume", "must"]) == 2
    err = capsys.readouterr().err
    assert "another architecture" in err and "float32[8]" in err and "float32[16]" in err
    assert sorted(os.listdir(folder / "checkpoints")) == ["10", "5"]


def test_a_damaged_config_is_refused(run, tmp_path, capsys):
    folder = copy_of(run, tmp_path)
    (folder / "config.json").write_text('{"recipe": "digits"}')
    assert main(["sample", str(folder)]) == 2
    assert "config is damaged" in capsys.readouterr().err


def test_a_run_without_a_checkpoint_cannot_be_sampled_or_have_to_be_resumed(run, tmp_path, capsys):
    folder = copy_of(run, tmp_path)
    shutil.rmtree(folder / "checkpoints")
    for command in ("sample", "evaluate"):
        assert main([command, str(folder)]) == 2
        assert "no checkpoint yet" in capsys.readouterr().err
    assert main([*TINY, "--out", str(folder), "--resume", "auto"]) == 2
    assert "had a checkpoint, and has none to go on from: put it back" in capsys.readouterr().err
    (folder / "committed").unlink()  # as if there never had been one
    assert main([*TINY, "--out", str(folder), "--resume", "must"]) == 2
    assert "has no checkpoint to go on from" in capsys.readouterr().err


@pytest.mark.slow
def test_a_write_that_fails_is_told_and_the_run_can_go_on(tmp_path):
    folder = tmp_path / "run"
    line = [sys.executable, "-m", "jaxgan", *TINY, "--width", "128", "--out", str(folder)]
    small = ["bash", "-c", 'ulimit -f 300; exec "$@"', "bash"]  # no file over 300 KiB
    failed = subprocess.run([*small, *line], capture_output=True, text=True, check=False)
    assert failed.returncode == 75
    assert "could not save step" in failed.stderr.splitlines()[-1] and "make room" in failed.stderr.splitlines()[-1]
    again = subprocess.run([*line, "--resume", "auto"], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert json.loads((folder / "result.json").read_text())["step"] == 10


def test_a_full_disk_is_noticed_before_the_save(tmp_path, monkeypatch, capsys):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    assert main([*TINY, "--out", str(tmp_path / "run")]) == 75
    err = capsys.readouterr().err
    assert "could not save step 5" in err and "the disk has 1,000 left" in err and err.count("\n") == 1


@pytest.mark.parametrize("resume", [[], ["--out", "run", "--resume", "auto"]])
def test_a_training_that_diverges_says_where(resume, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    wild = ["--optimizer", "sgd", "--lr-d", "1e9", "--lr-g", "1e9", "--log-every-steps", "1"]
    assert main([*TINY, *wild, *resume]) == 70
    err = capsys.readouterr().err
    assert "diverged" in err and "at step" in err and "--lr-g" in err


def test_a_folder_that_holds_runs_names_them(run, capsys):
    assert main(["report", str(run.parent)]) == 2
    assert f"{run.parent} is no run (it has no config.json): it holds {run}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "evaluate run --num 50",
            "nothing can be written into .*run.*, a read-only folder: copy the run to where it can",
        ),
        (
            "evaluate run --num 50 --json x.json",
            "nothing can be written into ., a read-only folder: give another --json",
        ),
        ("sample run", "nothing can be written into .*run.*: give another --out"),
        ("sample run --out new/grid.png", "nothing can be written into .*: give another --out"),
    ],
)
def test_a_place_that_is_not_to_be_written_to_is_refused_before_the_work(line, words, place, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    assert main(line.split()) == 2
    assert re.search(words, capsys.readouterr().err)


@pytest.mark.parametrize(("number", "status"), [("EROFS", 2), ("EACCES", 75), ("EPERM", 75)])
def test_what_no_second_try_mends_does_not_ask_for_one(number, status, run, monkeypatch, capsys):
    error = OSError(getattr(errno, number), "not allowed", str(run))
    monkeypatch.setattr(page, "write", lambda *_, **__: (_ for _ in ()).throw(error))
    assert main(["report", str(run)]) == status  # a disk that does not answer for a moment says the others too
    assert "make it writable or take another place" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["samples.npz", "folder", "grid.png"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_samples_are_written_whole_or_not_at_all(out, error, place, monkeypatch):
    def stops(*given, **_):
        if isinstance(given[0], Path):
            Path(given[0]).write_bytes(b"half")
        raise error

    for module, name in ((np, "savez"), (image, "write"), (image, "sample_grid")):
        monkeypatch.setattr(module, name, stops)
    before = set(place.rglob("*"))
    assert main(["sample", "run", "--num", "20", "--out", out]) == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert set(place.rglob("*")) == before


@pytest.mark.parametrize("out", [".hidden", "dot.", "a" * 250, ".grid.png"])
def test_any_name_that_a_system_takes_is_written_to(out, place):
    assert main(["sample", "run", "--num", "4", "--out", out]) == 0
    assert (place / out).exists() and not [each for each in place.iterdir() if ".part" in each.name]


def test_what_another_command_has_written_meanwhile_stays(place, monkeypatch):
    grid = image.sample_grid

    def slow(path, *given):
        grid(path, *given)
        (place / "grid.png").write_text("first")

    monkeypatch.setattr(image, "sample_grid", slow)
    assert main(["sample", "run", "--out", "grid.png"]) == 2
    assert (place / "grid.png").read_text() == "first" and not [*place.glob(".*")]


def test_of_damaged_checkpoints_a_line_is_said_and_nothing_of_their_readers(tmp_path):
    folder = tmp_path / "run"
    line = ["train", "digits", "--steps", "4", "--save-every-steps", "2", "--log-every-steps", "2", "--out"]
    assert main([*line, str(folder)]) == 0
    for path in (folder / "checkpoints").rglob("*"):
        if path.is_file() and path.stat().st_size > 10_000:  # of the arrays
            path.write_bytes(path.read_bytes()[:100])
    command = [sys.executable, "-m", "jaxgan", "sample", str(folder), "--num", "4"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "none of the checkpoints [2, 4]" in done.stderr and "0x" not in done.stdout + done.stderr

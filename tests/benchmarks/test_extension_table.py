"""The table of what a GAN's samples are worth: made by one command, gone on with, one question a table."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import extension as bench

from jaxgan import data
from jaxgan.data.sources import idx


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A folder that holds some digits out."""
    whole = data.load("digits")
    parts = {"train": slice(0, 300), "t10k": slice(300, 400)}
    folder = tmp_path / "digits"
    folder.mkdir()
    for part, rows in parts.items():
        for name, x in (("images-idx3", whole["image"][rows][..., 0]), ("labels-idx1", whole["label"][rows])):
            x = x.astype(np.uint8)
            header = bytes([0, 0, 8, x.ndim]) + b"".join(n.to_bytes(4, "big") for n in x.shape)
            (folder / f"{part}-{name}-ubyte").write_bytes(header + x.tobytes())
    assert idx.find(folder, "t10k") is not None
    return folder


SMALL = "--steps 2 --width 4 --num 20 --classifier-steps 2 --least-confidence 0"


def test_a_table_is_measured_and_gone_on_with(source, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bench, "GAME", {"conditional": True})  # which is compiled sooner
    line = f"--data {source} {SMALL} --per-class 2 --seeds 1 --out {tmp_path / 'out'}".split()
    bench.main(line)
    path = tmp_path / "out" / "extension.json"
    result = json.loads(path.read_text())
    (row,) = result["rows"]
    assert row["per_class"] == 2 and row["drawn_for_one"] == 12.8
    assert len(row["accuracy"]) == 7 and all(0 <= value <= 1 for value in row["accuracy"].values())
    real = data.load(str(tmp_path / "out" / "2-0" / "real.npz"))
    assert np.bincount(real["label"]).tolist() == [2] * 10
    assert "| real |" in (tmp_path / "out" / "extension.md").read_text()
    monkeypatch.setattr(bench, "row_of", lambda *given: pytest.fail("what is done is done again"))
    bench.main(line)
    assert json.loads(path.read_text())["rows"] == result["rows"]
    with pytest.raises(SystemExit):
        bench.main([*line, "--num", "30"])
    assert "was measured with another --num" in capsys.readouterr().err


def test_what_was_cut_off_in_its_first_row_is_gone_on_with_by_the_same_question_alone(
    source, tmp_path, capsys, monkeypatch
):
    def killed(*given):
        raise RuntimeError("killed")

    monkeypatch.setattr(bench, "row_of", killed)
    line = f"--data {source} {SMALL} --per-class 2 --seeds 1 --out {tmp_path / 'out'}".split()
    with pytest.raises(RuntimeError, match="killed"):
        bench.main(line)
    other = source.rename(tmp_path / "other")
    with pytest.raises(SystemExit):
        bench.main([*line, "--data", str(other)])
    assert "was measured with another --data: give another --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"), [("--data digits", "holds no pictures out"), ("--data digits --seeds 0", "--seeds is 0")]
)
def test_what_cannot_be_is_told(line, said, capsys):
    with pytest.raises(SystemExit):
        bench.main(line.split())
    assert said in capsys.readouterr().err

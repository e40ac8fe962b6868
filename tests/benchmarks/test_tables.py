"""Tables of several kinds of machines stand beside each other, each of its own measurement."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import tables


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("2 cores of x86_64, Intel(R) Xeon(R) Processor (avx2, avx512f, amx_tile)", "amx-tile"),
        ("2 cores of x86_64, AMD EPYC (avx2)", "avx2"),
        ("16 cores of x86_64, AMD EPYC (avx2, avx512f), NVIDIA H100 80GB HBM3", "nvidia-h100-80gb-hbm3"),
        ("4 cores of arm64, arm (no vector units known)", "no-vector-units-known"),
    ],
)
def test_a_machine_is_of_a_kind(words, kind):
    assert tables.kind_of(words) == kind


def test_a_measurement_replaces_that_of_its_own_kind_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(tables, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text("before\n<!-- start -->\nold\n<!-- /start -->\nbehind\n")
    for units, seconds in (("avx2", 1.0), ("avx2, avx512f", 2.0), ("avx2", 3.0)):
        monkeypatch.setattr(tables.hardware, "words", lambda rows, units=units: f"2 cores of x86_64, AMD ({units})")
        words = tables.SECTIONS["start"][1]
        monkeypatch.setitem(tables.SECTIONS, "start", (lambda args, seconds=seconds: {"a command": seconds}, words))
        tables.main(["--only", "start"])
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n<!-- start -->\n") and text.endswith("<!-- /start -->\nbehind\n")
    assert "| `a command` | 3.00 |" in text and "| `a command` | 2.00 |" in text and "old" not in text
    assert "1.00" not in text and text.index("(avx2)") < text.index("(avx2, avx512f)")
    rows = [{"device_kind": "NVIDIA H100"}]
    assert tables.devices("recipes", rows) == [{"device": "NVIDIA H100"}] and tables.devices("start", {}) == []
    with pytest.raises(SystemExit, match="r1 was not measured yet"):
        tables.main(["--only", "r1", "--write-only"])
    kept = {path.name: json.loads(path.read_text())["found"] for path in (tmp_path / "results").iterdir()}
    assert kept == {"start-avx2.json": {"a command": 3.0}, "start-avx512f.json": {"a command": 2.0}}

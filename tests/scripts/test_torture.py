"""Faults are injected into trainings on devices that a CPU simulates, whatever else is there."""

import os
import sys
from pathlib import Path
from unittest.mock import MagicMock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import torture


def test_trainings_are_on_devices_that_a_cpu_simulates(monkeypatch, capsys):
    seen = []
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    bench = MagicMock(rows=[])
    bench.kills.side_effect = lambda *_: seen.append(os.environ["JAX_PLATFORMS"])
    monkeypatch.setattr(torture, "Bench", lambda *_: bench)
    assert torture.main(["--only", "single"]) == 0
    assert seen == ["cpu"] and bench.writers.called

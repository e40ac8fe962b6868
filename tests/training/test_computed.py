"""On a CPU bfloat16 is computed as float32: said once, kept with the run, and told where a run goes on elsewhere."""

import json

import numpy as np

from jaxgan import build, inference
from jaxgan.cli import main


def trained(out, *words):
    assert main(["train", "digits", "--tiny", "--out", str(out), *words]) == 0
    return json.loads((out / "result.json").read_text())


def test_bfloat16_on_a_cpu_is_float32_and_says_so(tmp_path, capsys):
    plain = trained(tmp_path / "plain")
    assert "computing in" not in capsys.readouterr().out
    narrow = trained(tmp_path / "narrow", "--dtype", "bfloat16")
    assert capsys.readouterr().out.count("computing in float32: on a CPU bfloat16 is slower") == 1
    assert narrow["state_sha256"] == plain["state_sha256"]
    assert narrow["computed_in"] == plain["computed_in"] == "float32"
    drawn = [tmp_path / f"{name}.npz" for name in ("plain", "narrow")]
    for path in drawn:
        inference.sample(path.with_suffix(""), num=4, seed=3, out=path)
    one, other = (np.load(path)["image"] for path in drawn)
    np.testing.assert_array_equal(one, other)  # drawn as it was trained


def test_a_population_computes_as_a_run_does(tmp_path, capsys):
    assert (
        main(["train", "digits", "--tiny", "--dtype", "bfloat16", "--population", "2", "--out", str(tmp_path / "all")])
        == 0
    )
    assert capsys.readouterr().out.count("computing in float32") == 1
    assert json.loads((tmp_path / "all" / "01" / "result.json").read_text())["computed_in"] == "float32"


def test_what_goes_on_in_another_dtype_says_so(tmp_path, capsys, monkeypatch):
    out, words = tmp_path / "run", ("--dtype", "bfloat16")
    trained(out, *words, "--steps", "10")
    capsys.readouterr()
    monkeypatch.setattr(build, "computed", lambda config, device: config)  # as on a GPU
    assert trained(out, *words, "--steps", "20", "--resume", "auto")["computed_in"] == "bfloat16"
    said = capsys.readouterr().out
    assert "up to step 10 this run was computed in float32" in said and "computing in" not in said

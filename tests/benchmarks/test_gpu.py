"""The accelerator's command: what fails or takes too long is a row, what is cut off is gone on with, its tables are written."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import gpu
import growth
from pieces import laws, peers, recipes
from pieces.jobs import Job

ABOUT = {"device": "a device", "platform": "gpu", "date": "2026-01-02", "size": "tiny", "versions": {"jax": "0.0"}}
OWN = """
import time
def row(limit, **options): return {"device": "cpu", "kills": 0, "same": True, "repeats": True, "holds": True, **options}
def sleep(limit): time.sleep(60)
def fail(limit): raise ValueError("no such thing")
def die(limit): import os; os.kill(os.getpid(), 9)
"""


@pytest.fixture
def play(tmp_path, monkeypatch):
    """(jobs of the piece `laws`, further words) -> its rows, measured by the command into a folder."""
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def measured(jobs, *words):
        monkeypatch.setattr(laws, "jobs", lambda size: jobs)
        gpu.main(["--pieces", "laws", "--size", "tiny", "--out", str(tmp_path), *words])
        return [json.loads(line) for line in (tmp_path / "laws.jsonl").read_text().splitlines() if line.endswith("}")]

    return measured


def job(name, function="row", **more):
    return Job(f"killed {name}", f"own:{function}", **more)


def test_what_fails_is_a_row_and_the_next_is_measured(play, tmp_path):
    jobs = [job("a", "fail"), job("b", "die"), job("c", "sleep", limit=1), job("d", options={"kills": 7})]
    rows = play(jobs)
    reasons = [row.get("not_measured") for row in rows]
    assert reasons[0] == "ValueError: no such thing" and "status -9" in reasons[1]
    assert reasons[2:] == ["it took longer than 1 s", None]
    report = (tmp_path / "gpu.md").read_text()
    assert "- killed a: ValueError" in report and "killed 7 times" in report and "A rehearsal" in report
    assert play(jobs) == rows
    assert [row["name"] for row in play(jobs, "--again", "--only", "a")[4:]] == ["killed a"]
    with pytest.raises(SystemExit, match="has rows of tiny, and this is full"):
        play(jobs, "--size", "full")
    with pytest.raises(SystemExit, match="has rows of cpu, and this is another"):
        play([job("e", options={"device": "another"})])


def test_rows_of_other_versions_are_refused_and_all_that_there_are_are_named(play):
    of = lambda name, **versions: job(name, options={"versions": versions})
    play([of("a", jax="0.10.2", jaxgan="1.0")])
    with pytest.raises(SystemExit, match=r"has rows of jax 0\.10\.2, and this is jax 0\.12\.0: give another folder"):
        play([of("b", jax="0.12.0", jaxgan="1.0")])
    with pytest.raises(SystemExit, match=r"has rows of jaxgan 1\.0, and this is jaxgan 1\.1: give another folder"):
        play([of("b", jax="0.10.2", jaxgan="1.1")])
    rows = play([of("b", jax="0.10.2", torch="2.13.0")])  # a peer more
    assert [row["name"] for row in rows] == ["killed a", "killed b"]
    told = growth.head([{"versions": {"jax": "0.12.0"}}, *rows])  # of two pieces
    assert told.endswith("; cpu; jaxgan 1.0, jax 0.10.2, jax 0.12.0, torch 2.13.0")


def test_what_is_cut_off_is_gone_on_with(play, tmp_path, capsys):
    jobs = [job("a", "sleep", limit=1), job("b", least=100), job("c", least=100)]
    assert [row["name"] for row in play(jobs, "--minutes", "0.1")] == ["killed a"]
    assert "2 are left for another call: killed b, killed c" in capsys.readouterr().out
    with (tmp_path / "laws.jsonl").open("a") as file:
        file.write('{"name": "killed b", "si')
    assert [row["name"] for row in play(jobs)] == ["killed a", "killed b", "killed c"]


@pytest.mark.parametrize("at", range(3))
def test_what_is_not_a_number_does_not_hold(at):
    leaves = [np.ones(2), np.ones(2), np.ones(2)]
    assert laws.furthest(leaves, leaves) == 0
    spoilt = [x * np.nan if i == at else x for i, x in enumerate(leaves)]
    assert np.isnan(laws.furthest(spoilt, leaves)) and np.isnan(laws.furthest(leaves, spoilt))
    apart = dict.fromkeys(("again", "pmap", "mesh"), laws.CLOSE)
    assert laws.within(apart, laws.CLOSE)
    assert not laws.within({**apart, list(apart)[at]: float("nan")}, laws.CLOSE)


def test_a_program_is_counted_and_two_devices_share_a_step():
    found = laws.program(60, "dcgan", True)
    assert found["operations"]["convolution"] > 0
    text = 'a = (f32[2]) custom-call(b), custom_call_target="__cudnn$convForward"\n c = f32[2]{0} copy(a)\n'
    counted = laws.counts(text)
    assert counted["calls"] == {"__cudnn$convForward": 1} and counted["operations"]["copy"] == 1
    one, two = (growth.measured(60, 64, 4, 16, devices, 0.02) for devices in (1, 2))
    assert 0.4 < two["temp_bytes"] / one["temp_bytes"] < 0.7
    assert two["flops_per_image"] == one["flops_per_image"] > 0 < one["images_per_s"]


def test_all_tables_and_pictures_are_written(tmp_path):
    base = {**ABOUT, "used": 1, "lowest": 1.0, "highest": 9.0, "compile_s": 1.0, "temp_bytes": 2**20}
    base |= {"argument_bytes": 2**20, "peak_bytes": 2**22, "flops_per_image": 1e9}
    grown = [{**base, "name": growth.title((n, 4, 16, 1)), "images_per_s": rate} for n, rate in ((1, 10.0), (4, 25.0))]
    slower = {
        **grown[1],
        "name": f"{grown[1]['name']} pass 2",
        "images_per_s": 24.0,
    }  # of two passes the fastest counts
    grown += [slower, {**base, "name": growth.title((4, 4, 16, 2)), "images_per_s": 20.0, "platform": "cpu", "used": 2}]
    bench = dict.fromkeys(
        ("images_per_s_lowest", "images_per_s_highest", "step_ms_p50", "step_ms_p99", "compile_s"), 1.0
    )
    bench |= {"recipe": "dcgan", "dtype": "float32", "fields": {}, "batch_size": 4, "images_per_s": 8.0, "flops": 1e9}
    bench |= dict.fromkeys(("temp_bytes", "argument_bytes", "peak_bytes"), 2**20)
    ceiling = {**ABOUT, "name": recipes.CEILING, "flops_per_s": {"float32": 4e9}}
    contender = {"network": "mlp", "batch_size": 4, "images_per_s": 5.0, "lowest": 4.0, "highest": 6.0}
    contenders = [{**contender, "contender": "ours", "ratio_to_first": 1.0, "first_step_s": 2.0}]
    contenders += [{"network": "mlp", "batch_size": 4, "contender": "torch", "not_measured": "torch is not installed"}]
    pieces = {"growth": grown, "recipes": [ceiling, {**ABOUT, "name": "dcgan dtype float32", **bench}]}
    pieces["peers"] = [{**ABOUT, "name": "mlp 4", "rows": contenders}]
    for piece, rows in pieces.items():
        (tmp_path / f"{piece}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    gpu.main(["--tables", "--out", str(tmp_path)])
    report = (tmp_path / "gpu.md").read_text()
    assert "2026-01-02; a device; jax 0.0" in report and "| mlp | 4 | torch | not measured: torch is not" in report
    assert "| 50% |" in report  # 8 images/s / 4 of a batch x 1 GFLOP over 4 GFLOP/s
    assert "| batch 4 | 25 | 1 .. 9 | 1 | 2.50 |" in report
    assert "| devices 2 | 20 * | 1 .. 9 | 1 |  |" in report and "that a CPU simulates" in report
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("gpu.png", "growth.png"))


def test_every_job_of_a_full_run_has_a_name_of_its_own_and_fields_that_the_recipe_has():
    for jobs in [*(module.jobs("full") for module in (laws, peers, recipes, growth)), growth.jobs("full", 3)]:
        names = [job.name for job in jobs]
        assert len(set(names)) == len(names) > 5
    from jaxgan import recipes as known

    for one in recipes.jobs("full")[1:]:
        known.get(one.options["recipe"]).Config(**one.options["fields"])

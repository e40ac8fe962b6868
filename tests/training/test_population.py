"""Every member of a population is the run that it would be alone; what cannot be one is refused."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxgan
from jaxgan import data, recipes
from jaxgan.checkpoint import Checkpoints
from jaxgan.cli import main
from jaxgan.errors import BadInput
from jaxgan.options.burn_in import movable
from jaxgan.training import population
from jaxgan.training.member import Member

LAZY = ["--penalty-every", "2", "--batch-size", "8", "--optimizer", "sgd", "--lr-d", "0.01", "--steps", "4"]
TINY = ["--tiny", *LAZY, "--log-every-steps", "2", "--sample-every-steps", "4", "--save-every-steps", "4"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population") / "all"
    sweep = ["--population", "2", "--sweep", "lr-g=0.01,0.001"]
    assert main(["train", "digits", *TINY, *sweep, "--out", str(folder)]) == 0
    return folder


def test_members_have_their_seeds_and_numbers(home):
    configs = [json.loads((home / f"{i:02}" / "config.json").read_text())["config"] for i in range(4)]
    assert [(c["lr_g"], c["seed"]) for c in configs] == [(0.01, 0), (0.01, 1), (0.001, 0), (0.001, 1)]
    table = json.loads((home / "population.json").read_text())
    assert [(row["run"], row["lr_g"], row["seed"]) for row in table] == [
        (f"{i:02}", c["lr_g"], c["seed"]) for i, c in enumerate(configs)
    ]
    assert (home / "samples.png").stat().st_size > 1000


@pytest.mark.parametrize("member", [0, 3])
def test_a_member_is_the_run_that_it_would_be_alone(home, member, tmp_path):
    own = home / f"{member:02}"
    assert main(["train", "digits", "--config", str(own / "config.json"), "--out", str(tmp_path / "alone")]) == 0
    ours, alone = (jaxgan.load(folder).state for folder in (own, tmp_path / "alone"))
    for a, b in zip(*(jax.tree.leaves((s.g, s.d, s.ema)) for s in (ours, alone)), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * (1 + np.abs(b).max()))
    rows = [json.loads((f / "metrics.jsonl").read_text().splitlines()[-1]) for f in (own, tmp_path / "alone")]
    assert rows[0].keys() == rows[1].keys() and rows[0]["images"] == rows[1]["images"] == 32
    for name in ("loss_g", "loss_d", "real_d"):
        np.testing.assert_allclose(rows[0][name], rows[1][name], rtol=1e-4)
    results = [json.loads((f / "result.json").read_text()) for f in (own, tmp_path / "alone")]
    assert results[0].keys() == results[1].keys() and results[0]["step"] == 4


def test_a_member_goes_on_by_itself(home, capsys):
    own = home / "01"
    more = ["--config", str(own / "config.json"), "--steps", "6", "--log-every-steps", "2", "--resume", "must"]
    assert main(["train", "digits", *more, "--out", str(own)]) == 0
    assert "resumed from step 4" in capsys.readouterr().out


@pytest.mark.parametrize("sweep", [["--sweep", "lr-g=0.01,0.001"], ["--population", "5"]])
def test_a_population_goes_on_with_as_many_as_it_had(home, sweep, capsys):
    (home / "00-copy").mkdir(exist_ok=True)  # of somebody's own
    assert main(["train", "digits", *TINY, *sweep, "--resume", "auto", "--out", str(home)]) == 2
    assert "has 4 runs side by side, and --population and --sweep make" in capsys.readouterr().err


def test_lazy_penalties_stay_lazy_and_steps_compile_once():
    recipe = recipes.get("digits")
    config = recipe.Config(**{**recipe.TINY, "penalty_every": 2, "batch_size": 8})
    found = data.load("digits")
    program = population.Population("digits", population.members(config, 3), found)
    state = program.initial()
    for step in range(3):
        state, metrics = program.advance(state, program.batch(step), 1)
        assert np.isnan(metrics.d["penalty"]).all() == (step == 1) and metrics.d["penalty"].shape == (3,)
    assert program.compiled._cache_size() == 1
    text = program.compiled.lower(state, program.batch(3), *program.arguments(1)).as_text()
    assert "stablehlo.case" in text  # a branch, not both of them and a choice
    assert len({float(x) for x in metrics.g["loss"]}) == 3 and jnp.ndim(state.step) == 0


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--sweep", "width=8,16"], "unknown --sweep 'width'"),
        (["--sweep", "lr_g=1e-3,fast"], "lr_g=NUMBER"),
        (["--population", "0"], "--population is 0"),
        (["--population", "2", "--parallel", "pmap"], "--parallel pmap"),
        (["--population", "2", "--devices", "7"], "--devices 7 does not go with --population"),
        (["--population", "2", "--init-partial"], "--init-partial does not go with --population"),
        (["--population", "2", "--dry-run"], "--dry-run is of one training"),
        (["--sweep", "lr_g=1e-3,3e-4", "lr-g=1e-4"], "--sweep has lr_g twice"),
        (["--largest"], "--largest is of what --dry-run says"),
        (["--memory-gib", "8"], "--memory-gib is of what --dry-run says"),
        (["--population", "2", "--resume", "must"], "no run in"),
        (["--population", "2", "--sweep", "lr_g=-1,1"], "--lr-g is -1"),
    ],
)
def test_what_cannot_be_a_population_is_refused(flags, says, tmp_path, capsys):
    assert main(["train", "digits", *TINY, *flags, "--out", str(tmp_path / "run")]) == 2
    assert says in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_what_lies_there_of_somebody_elses_stays(tmp_path, capsys):
    home = tmp_path / "years"
    for year, held in (
        ("2024/samples", "precious.png"),
        ("2023", ""),
        ("00/samples", "000100.png"),
        ("01/checkpoints", ""),
    ):
        (home / year).mkdir(parents=True)
        if held:
            (home / year / held).write_text("{}")
    (home / "00" / "config.json").write_text('{"beside": 2}')
    for gone in ("nothing", "2024", "2023"):
        shutil.rmtree(home / gone, ignore_errors=True)
        there = lambda: [path for path in sorted(home.rglob("*")) if path.name != "lock"]
        before = there()
        assert main(["train", "digits", *TINY, "--population", "3", "--resume", "auto", "--out", str(home)]) == 2
        assert "empty it" in capsys.readouterr().err and there() == before


def test_every_number_that_may_differ_can_be_swept():
    recipe = recipes.get("r3gan")
    first = recipe.Config(**{**recipe.TINY, "data": "digits", "top_k_end": 0.5})
    found = data.load("digits", resolution=8)
    for name in movable(recipe.Config):
        values = {"b2": "0.8,0.95", "augment_p": "0.2,0.4", "top_k": "1,0.5"}.get(name, "0.1,0.2")
        program = population.Population("r3gan", population.members(first, sweep=[f"{name}={values}"]), found)
        begun = jax.eval_shape(lambda program=program: program.restored([program.begin(), program.begin()]))
        _, metrics = jax.eval_shape(program.compiled, begun, program.batch(0), *program.arguments(1))
        assert metrics.g["loss"].shape == (2,)


def test_time_that_is_up_before_the_first_step_leaves_runs_that_can_go_on(tmp_path, capsys):
    home = tmp_path / "run"
    line = ["train", "digits", *TINY, "--population", "2", "--out", str(home)]
    assert main([*line, "--max-minutes", "1e-9"]) == 0
    said = capsys.readouterr().out.replace("\n", " ")
    assert f"--max-minutes are over: to go on, the same command with --out {home} --resume auto" in said
    one = home / "00"
    assert main(["train", "digits", "--config", str(one / "config.json"), "--out", str(one), "--resume", "auto"]) == 0
    assert [result["step"] for result in results(home)] == [4, 0]
    capsys.readouterr()
    assert main([*line, "--resume", "auto"]) == 2  # or what 00 has come to would be begun again
    assert "no checkpoint of the same step (00 has 4; 01 has none)" in capsys.readouterr().err
    two = home / "01"
    assert main(["train", "digits", "--config", str(two / "config.json"), "--out", str(two), "--resume", "auto"]) == 0
    assert [result["step"] for result in results(home)] == [4, 4]


WILD = ["--loss", "least_squares", "--optimizer", "sgd", "--lr-g", "1e9", "--clip-norm", "0"]


def test_a_population_that_diverges_says_so(tmp_path, capsys):
    assert (
        main(["train", "digits", *TINY, *WILD, "--lr-d", "1e9", "--population", "2", "--out", str(tmp_path / "run")])
        == 70
    )
    err = capsys.readouterr().err
    assert "all 2 trainings" in err and "lower --lr-g" in err and err.count("\n") == 1


def test_when_the_last_one_is_left_behind_a_population_has_diverged(tmp_path, monkeypatch, capsys):
    line = ["train", "digits", *TINY, "--population", "2", "--steps", "8", "--save-every-steps", "2"]
    assert main([*line, "--steps", "4", "--schedule", "constant", "--out", str(tmp_path / "run")]) == 0
    assert "goodput" in capsys.readouterr().out.splitlines()[-3]
    monkeypatch.setattr(Member, "_over", lambda self, state: f"{self.run.folder.name} is no number")
    assert main([*line, "--schedule", "constant", "--resume", "must", "--out", str(tmp_path / "run")]) == 70
    table = json.loads((tmp_path / "run" / "population.json").read_text())
    assert "all 2 trainings" in capsys.readouterr().err and all(row["diverged"] > 4 for row in table)


def results(folder, count=2):
    return [json.loads((folder / f"{i:02}" / "result.json").read_text()) for i in range(count)]


def test_a_resumed_population_is_an_uninterrupted_one(tmp_path):
    line = ["train", "digits", *TINY, "--population", "2", "--save-every-steps", "2", "--schedule", "constant"]
    for out, stops in (("whole", ["4"]), ("parts", ["2", "4"])):
        for steps in stops:
            assert main([*line, "--steps", steps, "--resume", "auto", "--out", str(tmp_path / out)]) == 0
    ours, theirs = ([r["state_sha256"] for r in results(tmp_path / out)] for out in ("whole", "parts"))
    assert ours == theirs and ours[0] != ours[1]


def test_the_newest_step_that_all_have_whole_is_gone_on_from(tmp_path, capsys):
    line = ["train", "digits", *TINY, "--population", "2", "--save-every-steps", "2", "--out", str(tmp_path / "run")]
    assert main(line) == 0
    shutil.rmtree(tmp_path / "run" / "01" / "checkpoints" / "4")
    before = [r["state_sha256"] for r in results(tmp_path / "run")]
    assert main([*line, "--resume", "must"]) == 0
    assert "resumed from step 2" in capsys.readouterr().out
    assert [r["state_sha256"] for r in results(tmp_path / "run")] == before
    steps = [json.loads(row)["step"] for row in (tmp_path / "run" / "00" / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps))


def test_a_member_that_has_gone_on_by_itself_keeps_what_it_has_come_to(tmp_path, capsys):
    home = tmp_path / "run"
    line = ["train", "digits", *TINY, "--save-every-steps", "2", "--schedule", "constant", "--keep-latest", "9"]
    assert main([*line, "--population", "2", "--out", str(home)]) == 0
    assert main([*line, "--steps", "10", "--resume", "must", "--out", str(home / "00")]) == 0
    assert main([*line, "--steps", "12", "--population", "2", "--resume", "must", "--out", str(home)]) == 2
    assert f"{home / '00'} has gone on by itself to step 10, and the others are at 4" in capsys.readouterr().err
    assert (home / "00" / "checkpoints" / "10").is_dir()


def test_a_population_that_was_not_begun_may_begin_with_another_number(tmp_path):
    home = tmp_path / "run"
    line = ["train", "digits", *TINY, "--resume", "auto", "--out", str(home), "--population"]
    assert main([*line, "4", "--max-minutes", "1e-9"]) == 0
    for member in (home, *home.glob("0?")):  # as if it had been killed while it compiled
        for name in ("committed", "result.json", "training.webp", "samples.png", "report.html", "curves.png"):
            (member / name).unlink(missing_ok=True)
        shutil.rmtree(member / "checkpoints", ignore_errors=True)
    for _ in range(2):
        assert main([*line, "2"]) == 0
    assert sorted(member.name for member in home.glob("0?")) == ["00", "01"] and len(results(home)) == 2


def test_a_member_that_was_ahead_does_not_keep_a_signal_from_saving(tmp_path, capsys):
    home = tmp_path / "run"
    line = ["train", "digits", *TINY, "--population", "2", "--save-every-steps", "2", "--out", str(home)]
    assert main(line) == 0
    shutil.rmtree(home / "01" / "checkpoints" / "4")  # as if it had been killed before its turn
    assert main([*line, "--max-minutes", "1e-9", "--resume", "must"]) == 0
    assert sorted(path.name for path in (home / "00" / "checkpoints").iterdir()) == ["2"]
    assert f"4 is in {home / '00' / 'ahead'} now" in capsys.readouterr().out and (home / "00" / "ahead" / "4").is_dir()
    assert [row["step"] for row in json.loads((home / "population.json").read_text())] == [2, 2]


def test_a_population_of_damaged_checkpoints_is_refused_and_keeps_its_rows(tmp_path, capsys):
    line = ["train", "digits", *TINY, "--population", "2", "--save-every-steps", "2", "--out", str(tmp_path / "run")]
    assert main(line) == 0
    for path in (tmp_path / "run" / "01" / "checkpoints").glob("*/state/**/*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    rows = (tmp_path / "run" / "00" / "metrics.jsonl").read_text()
    assert main([*line, "--resume", "auto"]) == 2
    assert "none of the checkpoints [2, 4]" in capsys.readouterr().err
    assert (tmp_path / "run" / "00" / "metrics.jsonl").read_text() == rows


def test_one_that_diverges_is_left_behind_and_stays_marked(tmp_path, capsys):
    home = tmp_path / "run"
    wild = [word if word != "1e9" else "0.01" for word in WILD]
    line = ["train", "digits", *TINY, *wild, "--save-every-steps", "2", "--log-every-steps", "1", "--out", str(home)]
    sweep = ["--sweep", "lr_d=0.01,1e9", "--resume", "auto"]
    for steps in ("4", "6"):
        assert main([*line, *sweep, "--steps", steps]) == 0
        out = capsys.readouterr().out
        table = json.loads((home / "population.json").read_text())
        assert "diverged" not in table[0] and table[1]["diverged"] <= 4 and "diverged at step" in out
        assert table[0]["step"] == int(steps)
    rows = [json.loads(row) for row in (home / "01" / "metrics.jsonl").read_text().splitlines()]
    assert all(row["step"] < table[1]["diverged"] for row in rows)
    assert "diverged at step" in results(home)[1]["ended"] and "ended" not in results(home)[0]


RING = ["train", "ring", "--tiny", *WILD[:4], "--lr-g", "0.01", "--sweep", "lr_d=0.01,1e3", "--steps-per-dispatch", "1"]


def test_one_that_is_left_behind_is_marked_at_once(tmp_path, monkeypatch):
    line = [
        *RING,
        "--save-every-steps",
        "10",
        "--log-every-steps",
        "45",
        "--steps",
        "60",
        "--out",
        str(tmp_path / "run"),
    ]
    usual = Checkpoints.save

    def killed(self, step, *args):
        if step == 40:
            raise KeyboardInterrupt
        return usual(self, step, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", killed)
        assert main(line) == 130
    assert main([*line, "--resume", "must"]) == 0
    assert results(tmp_path / "run")[0]["step"] == 60 and "diverged" in results(tmp_path / "run")[1]["ended"]


def test_who_is_left_behind_before_its_first_row_stays_while_another_has_one(tmp_path, monkeypatch, capsys):
    line = [
        *RING,
        "--steps",
        "20",
        "--save-every-steps",
        "10",
        "--log-every-steps",
        "5",
        "--out",
        str(tmp_path / "run"),
    ]
    last = {"00": 1, "01": 20}  # at the last look of all
    monkeypatch.setattr(
        Member, "_over", lambda self, state: "so" if self.last["step"] >= last[self.run.folder.name] else ""
    )
    assert main(line) == 70
    assert "all 2 trainings" in capsys.readouterr().err and (tmp_path / "run" / "00" / "config.json").exists()
    assert main([*line, "--resume", "auto"]) == 2
    assert "all 2 runs" in capsys.readouterr().err


def test_one_whose_steps_all_come_to_nothing_is_left_behind(tmp_path, capsys):
    line = [
        *RING,
        "--on-nan",
        "skip",
        "--skips",
        "5",
        "--steps",
        "40",
        "--log-every-steps",
        "20",
        "--out",
        str(tmp_path / "run"),
    ]
    assert main(line) == 0
    assert "steps in a row came to nothing): it is left behind" in capsys.readouterr().out
    ends = results(tmp_path / "run")
    assert "ended" not in ends[0] and ends[0]["step"] == 40 and "diverged at step" in ends[1]["ended"]


def test_members_are_evaluated_logged_and_end_when_each_has_passed(tmp_path, capsys):
    home = tmp_path / "run"
    looks = ["--evaluate-every-steps", "2", "--features", "pixels", "--evaluate-samples", "16"]
    stop = ["--stop-when", "fd>0", "--stop-rows", "1", "--log-to", "tensorboard"]
    assert main(["train", "digits", *TINY, *looks, *stop, "--population", "2", "--out", str(home)]) == 0
    assert "fd > 0 in 1 rows" in capsys.readouterr().out
    for i in range(2):
        row = json.loads((home / f"{i:02}" / "metrics.jsonl").read_text().splitlines()[-1])
        assert row["step"] == 2 and row["fd"] > 0
        assert any((home / f"{i:02}" / "tensorboard").iterdir())
    assert {result["step"] for result in results(home)} == {2}


def test_a_population_of_one_is_a_run(tmp_path):
    out = tmp_path / "run"
    assert main(["train", "digits", *TINY, "--sweep", "lr_g=0.003", "--out", str(out)]) == 0
    assert json.loads((out / "config.json").read_text())["config"]["lr_g"] == 0.003


def test_members_that_differ_in_more_are_refused():
    config = recipes.get("digits").Config
    found = data.load("digits")
    with pytest.raises(BadInput, match="differ in width"):
        population.Population("digits", [config(width=8), config(width=16)], found)

"""A run's files, damaged: one line or the rest of them, and never a traceback."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, data, recipes, runs
from jaxgan.cli import main
from jaxgan.modalities import points
from jaxgan.reports import animation, curves, figure, page

DIGITS = recipes.get("digits")
ROWS = [{"step": i, "loss_g": 0.5 * i, "loss_d": 1.0, "images_per_s": 9.0, "fd": None} for i in range(1, 8)]


def begin(folder):
    dataset = data.from_arrays("mine", {"image": np.zeros((4, 8, 8, 1), np.uint8), "label": np.arange(4) % 2})
    return runs.create(folder, DIGITS, DIGITS.Config(conditional=True), dataset.info)


@pytest.fixture
def run(tmp_path):
    run = begin(tmp_path / "run")
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (run.folder / "samples").mkdir()
    for step in (2, 10, 4):
        Image.new("RGB", (40, 30), (step, 0, 0)).save(run.folder / f"samples/{step:06}.png")
    runs.write_json(
        run.folder / "result.json", {"seconds": 3.5, "devices": 1, "parallel": "single", "state_sha256": "ab"}
    )
    return run


def content(folder):
    text = page.write(folder).read_text()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


@pytest.mark.parametrize(
    "line",
    [
        *(
            b'{"step": 4, "loss',
            b"\xff\xfe\0\1",
            b"5",
            b"{}",
            b"[]",
            b"null",
            b'{"step": "a"}',
            b'{"step": null}',
            b"[" * 99_999,
        ),
        *(
            b'{"step": -1}',
            b'{"step": 1.5}',
            b'{"step": true}',
            b'{"step": 1' + b"0" * 400 + b"}",
            b"\0" * 3_000_000,
            b"",
        ),
    ],
    ids=range(15),
)
def test_a_broken_line_costs_no_other(line, run):
    path = run.folder / "metrics.jsonl"
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*whole[:3], line, b"\n", *whole[3:], line]))
    assert runs.read_metrics(path) == ROWS
    assert [row["step"] for row in content(run.folder)["rows"]] == list(range(1, 8))


def test_entries_that_are_no_numbers_are_not_drawn(run, tmp_path):
    path = run.folder / "metrics.jsonl"
    odd = '{"step": 8, "loss_g": [1], "loss_d": "x", "real_d": {}, "fd": NaN, "fake_d": Infinity, "penalty_d": 1e999}\n'
    path.write_text(path.read_text() + odd + '{"step": 9, "loss_g": 1' + "0" * 330 + "}\n")
    row, last = runs.read_metrics(path)[-2:]
    assert (
        row["step"] == 8
        and np.isnan(row["fd"])
        and not {"loss_g", "loss_d", "real_d"} & row.keys()
        and last == {"step": 9}
    )
    no_numbers = dict.fromkeys(("fd", "fake_d", "penalty_d"))
    assert content(run.folder)["rows"][-2:] == [{"step": 8, **no_numbers}, {"step": 9}]
    curves.save_curves(tmp_path / "curves.png", path)
    assert (tmp_path / "curves.png").stat().st_size
    path.write_text('{"step": 3}\n')
    curves.save_curves(tmp_path / "none.png", path)
    assert not (tmp_path / "none.png").exists() and content(run.folder)["rows"] == [{"step": 3}]


@pytest.mark.parametrize(
    "raw", [b"", b'{"seconds": 3', b"\xff", b"[]", b"null", b'{"seconds": "x", "ended": [], "devices": {}}']
)
def test_the_page_is_of_what_can_be_read(raw, run):
    (run.folder / "result.json").write_bytes(raw)
    assert dict(content(run.folder)["facts"])["steps"].startswith("7 of")
    saved = json.loads((run.folder / "config.json").read_text())
    for changes in ({"versions": raw.decode("latin-1"), "git": 5}, {}):
        (run.folder / "config.json").write_text(
            json.dumps({k: v for k, v in saved.items() if k != "versions"} | changes)
        )
        assert "jax" not in dict(content(run.folder)["facts"])
    (run.folder / "config.json").write_bytes(raw)
    assert page.write(run).exists()  # what the end of a training does


def test_pictures_that_are_half_written_are_left_out(run):
    samples = run.folder / "samples"
    whole = (samples / "000010.png").read_bytes()
    for name, raw in (
        ("000011", b""),
        ("000012", whole[:60]),
        ("0abc", whole),
        ("000013", b"hello"),
        ("\u00b23", whole),
    ):
        (samples / f"{name}.png").write_bytes(raw)
    (samples / "000014.png").mkdir()
    Image.new("L", (90, 20)).save(samples / "000015.png")  # of another size
    assert [picture["step"] for picture in content(run.folder)["pictures"]] == [2, 4, 10, 15]
    with Image.open(animation.animate(run.folder)) as moving:
        assert moving.n_frames == 4 and moving.size == (40, 30 + 22)
        moving.seek(3)
        assert moving.convert("L").getpixel((5, 25)) < 50
    for path in samples.glob("*.png"):
        if path.is_file():
            path.write_bytes(b"")
    assert content(run.folder)["pictures"] == [] and animation.animate(run.folder) is None


SPEC = ("data", "specs", "image")
CHANGES = [  # where in config.json, and what stands there
    *(((), value) for value in ([], 5, None, "x")),
    *((("config",), value) for value in (None, [], "x")),
    *((("data",), value) for value in (None, [], {}, {"specs": 5})),
    *((("data", "specs"), value) for value in (None, [], {}, {"image": None}, {"image": {"shape": 5}})),
    *(
        ((*SPEC, "shape"), value)
        for value in ([-1], "abc", [8, 8], [0, 8, 1], [2**40] * 3, [True, 8, 1], [8.0, 8, 1], 5)
    ),
    *(((*SPEC, "dtype"), value) for value in ("no", 5, None, "O", [])),
    *(((*SPEC, "modality"), value) for value in ("../x", 5, None)),
    *((("data", "specs", "label", "classes"), value) for value in (5, "ab", [1], None)),
    *((("data", "specs", "label", "examples"), value) for value in (5, [[1]], ["ab"])),
    *((("data", "size"), value) for value in (0, -1, "x", None, 2**70)),
    (("data", "name"), 5),
    (("begun_from",), 5),
    *((("origin",), value) for value in (5, "x", {}, {"path": 5})),
    *((("recipe",), value) for value in (5, None, [], "../digits", "no")),
    *((("config", "steps"), value) for value in (True, float("nan"), "x", [], 2**70)),
]


@pytest.mark.parametrize(("place", "value"), CHANGES, ids=lambda x: str(x)[:40])
def test_a_config_that_says_nonsense_is_refused_in_a_line(place, value, tmp_path):
    path = begin(tmp_path / "run").folder / "config.json"
    saved = json.loads(path.read_text())
    inner = saved
    for key in place[:-1]:
        inner = inner[key]
    if place:
        inner[place[-1]] = value
    path.write_text(json.dumps(saved if place else value))
    with pytest.raises(BadInput) as told:
        runs.open_run(path.parent)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\0", b'{"recipe": "dig'])
def test_a_config_that_is_no_text_is_damaged(raw, tmp_path):
    path = begin(tmp_path / "run").folder / "config.json"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match="config is damaged"):
        runs.open_run(path.parent)
    assert not runs.is_own(path.parent)


def test_what_a_kill_left_before_a_run_began_is_nothing(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("config.json.part", "other.part", "lock"):
        (folder / name).write_text("{")
    assert runs.open_run(begin(folder).folder).name == "digits"
    with pytest.raises(BadInput, match="already there: --resume auto goes on with it"):
        begin(folder)
    (folder / "config.json").unlink()
    (folder / "metrics.jsonl").touch()
    with pytest.raises(BadInput, match=r"holds metrics\.jsonl and no config\.json: .* give another --out") as told:
        begin(folder)
    assert "--resume" not in str(told.value)


def test_what_was_taken_away_is_not_told_to_make_room(tmp_path, monkeypatch, capsys):
    for code, words in ((2, "put it back"), (28, "make room")):

        def fail(*_, code=code, **__):
            raise OSError(code, "told", "run/metrics.jsonl")

        monkeypatch.setattr(page, "write", fail)
        assert main(["report", str(tmp_path)]) != 0
        assert words in capsys.readouterr().err


def test_dollars_in_names_are_no_formulas(tmp_path):
    from jaxgan.modalities.canvas import canvas

    made, axes = canvas(1, 1, (2, 2))
    figure._classes(axes[0, 0], ["$\\frac$", "a$b", "$$"], *[np.array([0.5, 0.3, 0.2])] * 2)
    made.savefig(tmp_path / "a.png")
    points.sample_grid(tmp_path / "b.png", np.zeros((5, 1), np.float32), 1, real=np.ones((5, 1), np.float32))
    assert (tmp_path / "b.png").stat().st_size

"""A run's page and its animation: whole, in one file, nothing in a name can break out; a browser shows the pictures."""

import base64
import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from jaxgan.cli import main
from jaxgan.reports import curves, page
from jaxgan.reports.animation import animate

NODE = shutil.which("node")
BROWSER = os.environ.get("CHROME") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=20000", "--dump-dom"),
]

DOCUMENT = """
const data = require("fs").readFileSync(process.argv[2], "utf8"), made = [];
const element = name => {
  const e = {name, children: [], style: {}, dataset: {}, textContent: "", attributes: {}};
  e.append = (...more) => e.children.push(...more);
  e.setAttribute = (key, value) => e.attributes[key] = value;
  e.replaceChildren = e.addEventListener = () => {};
  made.push(e);
  return e;
};
const there = {data: {textContent: data.match(/id="data">(.*?)<\\/script>/s)[1]}};
globalThis.location = {hash: ""};
globalThis.document = {createElement: element, createElementNS: (_, name) => element(name), body: element("body"),
                       addEventListener: () => {}, getElementById: id => there[id] ??= element(id)};
new Function(data.match(/"use strict";(.*)<\\/script>/s)[1])();
const shown = made.filter(e => e.name === "svg").map(e => [e.attributes["aria-label"], e.children]);
console.log(JSON.stringify(Object.fromEntries(shown.map(([label, children]) => [label, {
  paths: children.filter(e => e.name === "path").map(e => e.attributes.d),
  circles: children.filter(e => e.name === "circle").length,
}]))));
"""  # as much of a browser's as the page's script asks for: {names of a panel: what is drawn in it}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "run"
    every = ["--sample-every-steps", "4", "--log-every-steps", "2", "--lr-g", "0.002"]
    assert main(["train", "digits", "--tiny", *every, "--out", str(folder)]) == 0
    return folder


def content(folder):
    page = (folder / "report.html").read_text()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def test_the_page_holds_pictures_curves_config_and_speed(run):
    page = content(run)
    assert [p["step"] for p in page["pictures"]] == [4, 8, 12, 16, 20]
    assert all(p["data"].startswith("data:image/") for p in page["pictures"])
    assert [row["step"] for row in page["rows"]] == [1, *range(2, 21, 2)]
    assert ["loss_g", "loss_d"] in page["panels"] and ["penalty_d"] in page["panels"]
    changed = {name: value for name, value, differs in page["config"] if differs}
    assert changed["lr_g"] == "0.002" and "lr_d" not in changed
    facts = dict(page["facts"])
    assert facts["steps"] == "20 of 20" and facts["images/s, median"] and facts["jax"]
    assert facts["sha256 of the state"] in json.loads((run / "result.json").read_text())["state_sha256"]


def test_the_page_asks_for_nothing(run):
    page = (run / "report.html").read_text()
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')> ]+)""", page)
    assert not [link for link in links if "//" in link]


def test_names_cannot_break_out_of_the_page(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    config = json.loads((folder / "config.json").read_text())
    config["data"]["name"] = "</script><script>alert(1)</script>"
    (folder / "config.json").write_text(json.dumps(config))
    assert main(["report", str(folder)]) == 0
    assert "<script>alert" not in (folder / "report.html").read_text()
    assert content(folder)["title"] == "digits on </script><script>alert(1)</script>"


def test_a_run_that_has_nothing_yet_has_a_page(run, tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(run / "config.json", folder)
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    assert content(folder)["pictures"] == content(folder)["rows"] == []
    assert animate(folder) is None


def test_long_runs_are_thinned_with_first_and_last(run, tmp_path):
    folder = tmp_path / "run"
    (folder / "samples").mkdir(parents=True)
    shutil.copy(run / "config.json", folder)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "samples" / "000000.png")  # 120 kB: packed again
    for step in range(1, 100):
        Image.fromarray(np.full((8, 8), step, np.uint8)).save(folder / "samples" / f"{step:06}.png")
    rows = ({"step": step, "loss_g": 1.0, "loss_d": None if step == 5 else 0.5} for step in range(5000))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    page.write(folder)
    shown = content(folder)
    steps = [p["step"] for p in shown["pictures"]]
    assert len(steps) == page.FRAMES and (steps[0], steps[-1]) == (0, 99)
    assert len(shown["rows"]) == page.POINTS and shown["rows"][-1]["step"] == 4999
    assert shown["pictures"][0]["data"].startswith("data:image/webp") and len(shown["pictures"][0]["data"]) < 120_000


def begun(run, folder, rows):
    """The folder of a run that has these rows."""
    folder.mkdir()
    shutil.copy(run / "config.json", folder)
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    page.write(folder)
    return folder


def evaluated(steps, every):
    """Rows of a training that was evaluated in every so manieth of them."""
    rows = ({"step": step, "loss_g": 1.0 + step} for step in range(1, steps + 1))
    return [row | ({"fd": 100.0 - row["step"]} if row["step"] % every == 0 else {}) for row in rows]


def test_what_was_not_looked_at_is_told_from_what_is_no_number(run, tmp_path):
    rows = evaluated(12, 2)
    rows[5]["fd"], rows[7]["fd"] = None, float("nan")
    shown = content(begun(run, tmp_path / "run", rows))["rows"]
    assert {row["step"]: row["fd"] for row in shown if "fd" in row} == {2: 98, 4: 96, 6: None, 8: None, 10: 90, 12: 88}


@pytest.mark.skipif(not NODE, reason="no node on PATH")
def test_curves_join_what_was_evaluated_and_part_at_what_is_no_number(run, tmp_path):
    rows = evaluated(20, 2)
    rows[5]["fd"] = rows[9]["fd"] = None  # steps 6 and 10: 8 stands alone
    folder = begun(run, tmp_path / "run", rows)
    (tmp_path / "document.js").write_text(DOCUMENT)
    line = [NODE, tmp_path / "document.js", folder / "report.html"]
    drawn = json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)
    (losses,), (fd,) = drawn["loss_g"]["paths"], drawn["fd"]["paths"]
    assert losses.count("M") == 1 and losses.count("L") == 19 and drawn["loss_g"]["circles"] == 0
    assert [part.count("L") for part in fd.split("M")[1:]] == [1, 0, 4] and drawn["fd"]["circles"] == 1


def test_evaluations_of_a_long_run_stay(run, tmp_path):
    shown = content(begun(run, tmp_path / "run", evaluated(20_000, 500)))["rows"]
    assert [row["step"] for row in shown if "fd" in row] == list(range(500, 20_001, 500))
    assert page.POINTS <= len(shown) <= page.POINTS + 40 and (shown[0]["step"], shown[-1]["step"]) == (1, 20_000)


def test_the_end_of_a_run_that_goes_on_is_told_no_more(run, tmp_path):
    folder = begun(run, tmp_path / "run", evaluated(15, 5))
    result = {"step": 15, "seconds": 3.5, "devices": 1, "parallel": "single", "state_sha256": "ab", "ended": "late"}
    (folder / "result.json").write_text(json.dumps(result))
    told = {"training", "devices", "sha256 of the state", "ended"}
    facts = lambda: dict(content(page.write(folder).parent)["facts"])
    assert told <= facts().keys() and facts()["ended"] == "late"
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 16, "loss_g": 1.0}\n')
    assert not told & facts().keys() and facts()["steps"].startswith("16 of")
    (folder / "result.json").write_text(json.dumps(result | {"step": 17}))
    assert told <= facts().keys()  # a member that diverged has no row of its last step


def test_a_curve_as_a_picture_parts_at_what_is_no_number(run, tmp_path, monkeypatch):
    rows = evaluated(9, 3)
    rows[4]["loss_g"] = None
    folder, drawn = begun(run, tmp_path / "run", rows), {}
    plot = Axes.plot
    keep = lambda ax, *xy, label, **how: drawn.update({label: xy}) or plot(ax, *xy, label=label, **how)
    monkeypatch.setattr(Axes, "plot", keep)
    curves.save_curves(folder / "curves.png", folder / "metrics.jsonl")
    assert list(np.isfinite(drawn["loss_g"][1])) == [step != 5 for step in range(1, 10)]
    assert drawn["fd"] == ((3, 6, 9), (97.0, 94.0, 91.0))


def test_numbers_that_stand_alone_are_marked_in_the_picture(run, tmp_path, monkeypatch):
    rows = evaluated(60, 2)
    for row in rows[1::4]:  # every second one that was evaluated
        row["fd"] = None
    folder, marked = begun(run, tmp_path / "run", rows), {}
    plot = Axes.plot
    keep = lambda ax, *xy, label, **how: marked.update({label: how}) or plot(ax, *xy, label=label, **how)
    monkeypatch.setattr(Axes, "plot", keep)
    curves.save_curves(folder / "curves.png", folder / "metrics.jsonl")
    assert marked["fd"]["marker"] == "." and marked["fd"]["markevery"] == list(range(1, 30, 2))
    assert marked["loss_g"]["markevery"] == []


def test_texts_are_in_the_page_in_any_script(tmp_path, monkeypatch):
    source = tmp_path / "lines.txt"
    source.write_text("春眠不觉晓\n处处闻啼鸟\n夜来风雨声\n花落知多少\n" * 16, encoding="utf-8")
    out = tmp_path / "run"
    assert main(["train", "text_gan", "--tiny", "--data", str(source), "--steps", "2", "--out", str(out)]) == 0
    shown = content(out)["pictures"][-1]
    kind, coded = shown["played"].split(",")
    assert kind == "data:text/plain;base64"
    assert base64.b64decode(coded).decode() == (out / "samples" / "000002.txt").read_text(encoding="utf-8")


def test_the_animation_shows_every_picture_in_turn(run):
    with Image.open(run / "training.webp") as film, Image.open(run / "samples" / "000020.png") as last:
        assert film.n_frames == 5
        film.seek(4)
        shown = np.asarray(film.convert("RGB"))[: last.height].astype(float)
        assert np.abs(shown - np.asarray(last.convert("RGB"))).mean() < 6  # lossy
        film.seek(0)
        assert np.abs(np.asarray(film.convert("RGB"))[: last.height] - shown).mean() > 6


@pytest.mark.skipif(not BROWSER, reason="no chromium or google-chrome on PATH, and CHROME is not set")
@pytest.mark.parametrize(("address", "step"), [("", 20), ("#step=9", 8), ("#step=0", 4)])
def test_a_browser_shows_the_pictures(run, tmp_path, address, step):
    line = [BROWSER, *FLAGS, f"--user-data-dir={tmp_path}", f"file://{run}/report.html{address}"]
    page = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True).stdout
    body = re.search(r"<body[^>]*>", page)[0]
    assert 'data-ready="5"' in body and f'data-step="{step}"' in body
    assert page.count('<path class="curve"') == 6  # losses, logits, penalty, images/s
    assert f'alt="samples at step {step}"' in page

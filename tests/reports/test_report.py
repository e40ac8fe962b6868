"""A run's page and its animation: whole, in one file, nothing in a name can break out; a browser shows the pictures."""

import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from jaxgan.cli import main
from jaxgan.reports import page
from jaxgan.reports.animation import animate

BROWSER = os.environ.get("CHROME") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=20000", "--dump-dom"),
]


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

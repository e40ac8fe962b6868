"""The page of a run plays what is heard: some sounds of each step, within what a page may hold."""

import base64
import json

import numpy as np
import pytest

from jaxgan import recipes, runs
from jaxgan.data.dataset import DatasetInfo, Spec
from jaxgan.reports import page

SOUNDS = np.random.default_rng(0).integers(-9000, 9000, (6, 128, 1)).astype(np.int16)


@pytest.fixture
def run(tmp_path):
    """A run of sounds with three sheets, the first without sounds beside it."""
    recipe = recipes.get("wavegan")
    spec = Spec((128, 1), "int16", "audio", rate=8000.0)
    config = recipe.Config(**recipe.TINY)
    run = runs.create(tmp_path / "run", recipe, config, DatasetInfo("tones", 6, "ab", {"audio": spec}))
    (run.folder / "samples").mkdir(exist_ok=True)
    for step in (10, 20, 30):
        run.made.kind.sample_grid(run.folder / "samples" / f"{step:06}.png", SOUNDS, 3)
        if step > 10:
            run.made.kind.play(run.folder / "samples" / f"{step:06}.wav", SOUNDS)
    return run


def shown(run):
    text = page.write(run).read_text()
    return json.loads(text.partition('id="data">')[2].partition("</script>")[0])


def test_sounds_are_in_the_page_beside_their_sheet(run):
    found = shown(run)
    assert [one["step"] for one in found["pictures"]] == [10, 20, 30]
    assert found["pictures"][0]["played"] == ""
    head, _, content = found["pictures"][2]["played"].partition(",")
    assert head == "data:audio/wav;base64"
    assert base64.b64decode(content) == (run.folder / "samples" / "000030.wav").read_bytes()
    assert ["one sample", "128 values, 0.016 s at 8000 Hz, 1 channel(s)"] in found["facts"]


def test_a_page_holds_so_many_bytes_of_sounds_and_the_newest_stay(run, monkeypatch):
    monkeypatch.setattr(page, "MOST_PLAYED", (run.folder / "samples" / "000020.wav").stat().st_size)
    assert [bool(one["played"]) for one in shown(run)["pictures"]] == [False, False, True]


def test_a_run_knows_its_rate_when_it_is_opened_again(run):
    opened = runs.open_run(run.folder)
    assert opened.made.rate == 8000.0 and opened.made == run.made
    path = run.folder / "config.json"
    path.write_text(path.read_text().replace('"rate": 8000.0', '"rate": -1'))
    with pytest.raises(Exception, match="the rate of audio is -1"):
        runs.open_run(run.folder)

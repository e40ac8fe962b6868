"""A run is opened for its networks alone, and once."""

import json
import shutil
import warnings

import jax
import numpy as np
import pytest

import jaxgan
from jaxgan import build, core, data, evaluation, inference, recipes, runs, training
from jaxgan.cli import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("load") / "run"
    each = ["--log-every-steps", "2", "--sample-every-steps", "2", "--save-every-steps", "2", "--posthoc-ema"]
    assert main(["train", "digits", "--tiny", "--steps", "4", *each, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def no_step(monkeypatch):
    """Whoever builds a step or a state of the optimizers fails."""

    def refuse(*given, **options):
        raise AssertionError("a step or an optimizer is built")

    for place, name in ((core, "make_step"), (build, "experiment"), (core, "init_state")):
        monkeypatch.setattr(place, name, refuse)


def test_opening_builds_no_step_and_no_optimizer(run, no_step, tmp_path):
    loaded = jaxgan.load(run)
    assert int(loaded.state.step) == 4
    assert main(["sample", str(run), "--num", "4", "--ema-sigma", "0.1", "--out", str(tmp_path / "some.npz")]) == 0
    assert main(["evaluate", str(run), "--num", "32", "--features", "pixels"]) == 0


def test_what_is_opened_is_what_was_trained(run):
    loaded, other = jaxgan.load(run), jaxgan.load(run, step=2)
    config, dataset = loaded.config, data.load("digits")
    made = build.experiment(runs.open_run(run).recipe, config, dataset.specs)
    state = build.initial_state(made, config, dataset.specs)
    like = jax.tree.map(lambda x: (x.shape, x.dtype), state.g.variables)
    assert like == jax.tree.map(lambda x: (x.shape, x.dtype), loaded.state.g.variables)
    begun = training.compose(runs.open_run(run).recipe, config, dataset, "single", jax.devices()[:1]).initial()
    jax.tree.map(np.testing.assert_array_equal, inference.untrained(loaded), begun.g.variables)
    assert int(other.state.step) == 2 and not np.array_equal(
        *(jax.tree.leaves(each.state.g.params)[0] for each in (loaded, other))
    )


def test_evaluation_opens_the_run_and_hashes_the_data_once(run, monkeypatch):
    opened, hashed = [], []
    open_, make = runs.run._open, data.Dataset.sha256.func
    monkeypatch.setattr(runs.run, "_open", lambda *given: opened.append(given) or open_(*given))
    counted = property(lambda self: self.__dict__.setdefault("hash", None) or hashed.append(self.name) or self._once())

    def once(self):
        self.__dict__["hash"] = make(self)
        return self.__dict__["hash"]

    monkeypatch.setattr(data.Dataset, "_once", once, raising=False)
    monkeypatch.setattr(data.Dataset, "sha256", counted)
    evaluation.evaluate(run, num=32, features="pixels", say=lambda line: None)
    assert len(opened) == 1 and hashed == ["digits"]


def test_a_run_of_an_earlier_revision_says_so_and_is_not_gone_on_with(run, tmp_path, capsys):
    old = tmp_path / "old"
    shutil.copytree(run, old)
    saved = json.loads((old / "config.json").read_text())
    assert saved["revision"] == recipes.revision(recipes.digits)
    for name, revision in (("revision", "0.9"), ("revision", None)):  # None: a run of before there were revisions
        (old / "config.json").write_text(json.dumps({**saved, name: revision} if revision else without(saved, name)))
        before, now = (old / "config.json").read_bytes(), saved["revision"]
        with pytest.warns(UserWarning, match=f"begun with revision {revision or '1.1'} of digits's .* this is {now}"):
            jaxgan.load(old)
        capsys.readouterr()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            assert main(["sample", str(old), "--num", "2", "--out", str(tmp_path / f"{revision}.npz")]) == 0
        assert capsys.readouterr().err.count("jaxgan: ") == 1
        each = ["--log-every-steps", "2", "--sample-every-steps", "2", "--save-every-steps", "2", "--posthoc-ema"]
        assert main(["train", "digits", "--tiny", "--steps", "6", *each, "--out", str(old), "--resume", "must"]) == 2
        assert "give another --out" in capsys.readouterr().err
        assert (old / "config.json").read_bytes() == before


def without(content, name):
    return {key: value for key, value in content.items() if key != name}

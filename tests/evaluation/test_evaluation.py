"""Evaluation: what is measured, what it is called, what it says, and that it is the same everywhere."""

import json
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxgan import BadInput, config, data, evaluation, inference, modalities, models, runs, tasks
from jaxgan.cli import main
from jaxgan.core import GAN, Losses, Pair
from jaxgan.data.sources.points import RING
from jaxgan.evaluation import cache, d_logits, extract, extractors, path_length
from jaxgan.evaluation import scores as scoring
from jaxgan.metrics import features
from jaxgan.metrics.protocol import Protocol, Score
from jaxgan.metrics.records import EvalContext, class_shares
from jaxgan.net import Net
from jaxgan.reports import page
from jaxgan.sharing import with_index

PROTOCOL = Protocol("fd", 2000, "classifier-digits", "ab12", split="test", real=1797, data_sha256="cd34")


IMAGES, POINTS = modalities.get("image"), modalities.get("points")


def quiet(line):
    del line


@pytest.fixture(scope="module")
def net():
    return extractors.choose("auto", data.load("digits"), quiet)


@pytest.fixture(scope="module")
def halves(net):
    """Features of one half of the digits and of the other."""
    whole = extract.FeatureExtractor(net, IMAGES).real(data.load("digits"), 1797, say=quiet)
    return part(whole, slice(0, 898)), part(whole, slice(898, 1796))


def part(sight, rows):
    return extract.Features(*(None if x is None else x[rows] for x in sight))


def seen(net, images, label):
    out = jax.tree.map(np.asarray, net.apply(net.variables, images))
    return extract.Features(out.features, out.logits, images, label)


# what a generator would have to do to be each of these


def honest(net, train, other):
    return other


def one_sample(net, train, other):
    return part(other, np.zeros(898, int))


def few_classes(net, train, other):
    rows = np.flatnonzero(other.label < 6)
    return part(other, np.resize(rows, 898))


def copies(net, train, other):
    noise = np.random.default_rng(0).integers(-3, 4, train.samples.shape)
    return seen(net, np.clip(train.samples + noise, 0, 255).astype(np.uint8), train.label)


def noisy(net, train, other):
    noise = np.random.default_rng(0).normal(0, 70, other.samples.shape)
    return seen(net, np.clip(other.samples + noise, 0, 255).astype(np.uint8), other.label)


@pytest.fixture(scope="module")
def context():
    return EvalContext(PROTOCOL, None, "image", tuple("0123456789"), False)


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (honest, "healthy"),
        (one_sample, "collapse"),
        (few_classes, "collapse"),
        (copies, "memorisation"),
        (noisy, "poor"),
    ],
)
def test_each_fault_has_its_diagnosis(net, halves, context, fault, verdict):
    real, other = halves
    fake = fault(net, real, other)
    ideal = {
        s.name: s.value for s in scoring.measure("set", context, part(real, slice(0, 449)), part(real, slice(449, 898)))
    }
    scores = {s.name: s.value for s in scoring.measure("set", context, real, fake)}
    shares = (context.classes, class_shares(context, real), class_shares(context, fake))
    found = evaluation.diagnose(scores, ideal, shares=shares, untrained_fd=1000.0)
    assert [v.verdict for v in found] == [verdict], found
    assert all(v.evidence and v.advice for v in found)
    if fault is few_classes:
        assert "4 of 10 classes are missing or rare: 6, 7, 8, 9" in found[0].evidence
    if verdict == "collapse":
        having = config.Config(penalty="r1", relativistic="paired")
        (told,) = evaluation.diagnose(scores, ideal, shares=shares, untrained_fd=1000.0, config=having)
        assert told.advice.startswith("raise --penalty-weight, try another --loss, lower --lr-g")
    moved = evaluation.diagnose(scores, ideal, shares=shares, untrained_fd=0.9 * scores["fd"])
    assert moved[0].verdict == "stalled"


def test_of_few_samples_nothing_is_said():
    said = lambda **few: evaluation.diagnose({"fd": 9.0}, {"fd": 1.0}, untrained_fd=9.0, **few)
    (drawn,), (real,), (both,) = said(count=2), said(count=500, real_count=60), said(count=2, real_count=3)
    assert all(one.verdict == "too_few" for one in (drawn, real, both))
    assert drawn.evidence.startswith("2 samples, by") and drawn.advice.startswith("draw --num 64")
    assert "held-out" not in drawn.advice
    assert real.evidence.startswith("60 real ones, by") and "--num" not in real.advice
    assert "compare with 64 real ones or more" in real.advice and "--held-out SOURCE" in real.advice
    assert both.evidence.startswith("2 samples and 3 real ones") and "--num 64" in both.advice


def test_only_what_can_be_flipped_and_is_not_is_advised_to_be():
    logits = evaluation.Logits(train=2.0, held_out=0.0, fake=-2.0)
    for fault in ({"logits": logits}, {"scores": {"memorised": 0.9}}):
        fault = {"scores": {}, "real": {"fd": 1.0, "memorised": 0.1}, **fault}
        for kind in (None, IMAGES, modalities.get("text"), modalities.get("audio")):
            for flip in (False, True):
                (told,) = evaluation.diagnose(**fault, kind=kind, config=config.Config(flip=flip))
                assert ("--flip" in told.advice) == (not flip and kind in (None, IMAGES)), told
                assert "train on more data" in told.advice


def test_a_discriminator_that_knows_its_samples_by_heart_is_told(halves):
    said = lambda held_out: [
        v.verdict
        for v in evaluation.diagnose({}, {"fd": 1.0}, logits=evaluation.Logits(train=2.0, held_out=held_out, fake=-2.0))
    ]
    assert said(0.0) == ["discriminator_overfitting"] and said(1.5) == ["healthy"]


def test_a_discriminator_that_wins_is_told():
    rows = [{"loss_d": 1e-3, "real_d": 8.0, "fake_d": -7.0}] * 4
    said = lambda rows: [v.verdict for v in evaluation.diagnose({}, {}, rows=rows)]
    assert said(rows) == ["discriminator_wins"]
    assert said([*rows, {"loss_d": 0.9, "real_d": 0.5, "fake_d": -0.5}]) == ["healthy"]
    skipped = {"loss_d": None, "real_d": None, "fake_d": None}
    assert said([skipped, *rows]) == ["discriminator_wins"]


@pytest.mark.parametrize(("size", "seen"), [(10, [8]), (3, []), (600, [256, 256])])
def test_a_discriminator_is_shown_as_many_as_it_looks_at_together(size, seen):
    shapes = []

    def losses(d, fakes, batch, key):
        shapes.append(batch["image"].shape[0])
        return Losses(0.0, 0.0, metrics=Pair({}, {"real": batch["image"].mean(), "fake": fakes}))

    gan = SimpleNamespace(generate=lambda g, batch, key: (jnp.zeros(()), {}), losses=losses)
    config = SimpleNamespace(real="image", given=(), beside=(), unpaired=(), batch_unit=4)
    side = SimpleNamespace(variables={})
    loaded = SimpleNamespace(gan=gan, config=config, state=Pair(side, side))
    ten = data.from_arrays("ten", {"image": np.full((size, 8, 8, 1), 255, np.uint8)})
    with jax.disable_jit():
        found = d_logits.logits(loaded, ten, ten)
    assert shapes == 2 * seen and (found == (255, 255, 0) if seen else found is None)


def test_protocols_have_names_and_only_equal_ones_can_be_compared():
    assert str(PROTOCOL) == "fd2k-test-classifier-digits"
    score = lambda value, **changed: Score("fd", Protocol(**{**vars(PROTOCOL), **changed}), value)
    assert score(3.0) > score(2.0) and score(2.0) <= score(2.0) and score(3.0) - score(2.0) == 1.0
    for name, value in {"samples": 1000, "net_sha256": "ff", "seed": 1, "weights": "raw", "split": "train"}.items():
        with pytest.raises(BadInput, match=f"{name} .*{vars(PROTOCOL)[name]}.*{value}"):
            _ = score(3.0) < score(2.0, **{name: value})


def test_fid_is_said_of_inceptions_own_weights_alone(context):
    assert scoring.score(context, "fd", (1.0, 2000, 1797)).title == "fd"
    true = context._replace(protocol=Protocol(**{**vars(PROTOCOL), "net": "inception-tf"}))
    score = scoring.score(true, "fd", (1.0, 50_000, 50_000))
    assert score.name == "fd" and score.title == score.as_json()["name"] == "FID"
    assert str(score.protocol) == "fid50k-test-inception-tf"


def gan(**options):
    return tasks.adversarial(
        models.dcgan.generator(resolution=8, channels=1, width=8, **options),
        models.dcgan.discriminator(width=8, **options),
    )


@pytest.fixture(scope="module")
def drawn(net):
    game = gan()
    variables = game.init(jax.random.key(0), with_index({"image": np.zeros((4, 8, 8, 1), np.float32)})).g
    return game, variables, extract.FeatureExtractor(net, IMAGES).fake(game, variables, 300)


@pytest.mark.parametrize("devices", [2, 8])
def test_devices_do_not_change_what_is_drawn(net, drawn, devices):
    game, variables, one = drawn
    many = extract.FeatureExtractor(net, IMAGES, jax.devices()[:devices]).fake(game, variables, 300)
    np.testing.assert_array_equal(many.samples, one.samples)
    np.testing.assert_allclose(many.features, one.features, rtol=1e-5, atol=1e-5)


def test_fewer_samples_are_the_first_of_more_and_another_seed_draws_others(net, drawn):
    game, variables, one = drawn
    np.testing.assert_array_equal(
        extract.FeatureExtractor(net, IMAGES).fake(game, variables, 100).samples, one.samples[:100]
    )
    assert (extract.FeatureExtractor(net, IMAGES).fake(game, variables, 100, seed=1).samples != one.samples[:100]).any()


def test_samples_that_are_not_finite_are_told(net, drawn):
    game, variables, _ = drawn
    broken = features.FeatureNet(
        "broken", {}, lambda v, x: features.FeatureOutput(x.reshape(len(x), -1) * np.float32(np.nan))
    )
    with pytest.raises(BadInput, match=r"40 of 40 samples .* not finite through broken"):
        extract.FeatureExtractor(broken, IMAGES).fake(game, variables, 40)


def test_standing_statistics_are_those_of_a_large_batch():
    game = gan()
    variables = game.init(jax.random.key(0), with_index({"image": np.zeros((4, 8, 8, 1), np.float32)})).g
    standing = extract.standing(game, variables)
    batch = {"index": np.arange(4096, dtype=np.int32)}
    whole = game.generate(variables, batch, jax.random.key(7))[1]  # 0.9 old + 0.1 of this batch
    before, kept, moved = (v["batch_stats"] for v in (variables, standing, whole))
    true = jax.tree.map(lambda old, new: np.asarray(old + 10 * (new - old)), before, moved)
    checked = 0
    for path, found in jax.tree_util.tree_leaves_with_path(kept):
        if path[-1].key == "var":
            wanted = next(x for other, x in jax.tree_util.tree_leaves_with_path(true) if other == path)
            np.testing.assert_allclose(found, wanted, rtol=0.2)
            checked += 1
    assert checked == 1
    with pytest.raises(BadInput, match="no norm statistics"):
        extract.standing(game, {"params": {}})


def test_real_samples_are_seen_once_and_damage_is_mended(net, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JAXGAN_CACHE", str(tmp_path))
    said = []
    look = lambda: extract.FeatureExtractor(net, IMAGES).real(data.load("digits"), 500, say=said.append)
    first, second = look(), look()
    assert len(said) == 1 and (first.features == second.features).all() and len(first.features) == 500
    (kept,) = tmp_path.glob("features-*.npz")
    kept.write_bytes(kept.read_bytes()[:1000])
    assert (look().features == first.features).all() and "damaged" in said[1]
    monkeypatch.setenv("JAXGAN_CACHE", str(kept))  # a file: nothing can be kept there
    assert cache.arrays("x", lambda: {"a": np.ones(2)}, said.append)["a"].sum() == 2
    assert "nothing is kept in" in capsys.readouterr().err


def test_a_users_function_of_images_is_a_feature_network():
    digits = data.load("digits")
    mean = extractors.choose(lambda images: images.mean(axis=(1, 2)), digits)
    np.testing.assert_allclose(
        extract.FeatureExtractor(mean, IMAGES).real(digits, 50, say=quiet).features[:, 0],
        extract.FeatureExtractor(features.pixels(), IMAGES).real(digits, 50, say=quiet).features.mean(axis=1) * 255,
        rtol=1e-4,
    )


def test_the_classifier_tells_digits_and_turns():
    digits = data.load("digits")
    _, by_label = features.classifier.train(digits["image"], digits["label"], 10)
    _, by_turn = features.classifier.train(digits["image"], None, 0)
    assert by_label > 0.95 and by_turn > 0.85
    with pytest.raises(BadInput, match="there are 5 images"):
        features.classifier.train(digits["image"][:5], digits["label"][:5], 10)


def test_stacked_digits_are_told_channel_by_channel(net):
    digits = data.load("digits")
    rows = np.random.default_rng(0).integers(0, 1797, (200, 3))
    stacks = np.moveaxis(digits["image"][rows][..., 0], 1, -1)
    out = features.classifier.by_channel(net).apply(net.variables, stacks)
    assert out.features.shape == (200, 3 * features.classifier.FEATURES) and out.logits.shape == (200, 1000)
    one = np.asarray(net.apply(net.variables, digits["image"]).logits).argmax(axis=1)[rows]
    np.testing.assert_array_equal(np.asarray(out.logits).argmax(axis=1), one @ [100, 10, 1])
    np.testing.assert_allclose(jax.nn.logsumexp(out.logits, axis=1), 0, atol=1e-4)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation") / "run"
    line = ["train", "digits", "--tiny", "--steps", "20", "--save-every-steps", "10", "--log-every-steps", "5"]
    looks = ["--evaluate-every-steps", "5", "--evaluate-all-every-steps", "10", "--evaluate-samples", "300"]
    best = ["--keep-best", "1", "--best-metric", "fd"]
    assert main([*line, *looks, *best, "--out", str(folder)]) == 0
    return folder


def test_the_command_gives_a_table_a_json_and_a_picture(run, tmp_path, capsys):
    out = tmp_path / "out.json"
    assert main(["evaluate", str(run), "--num", "400", "--path-length", "--json", str(out)]) == 0
    text = capsys.readouterr().out
    found = json.loads(out.read_text())
    assert all(set(metric) == {"name", "protocol", "value", "std"} for metric in found["metrics"])
    names = [metric["name"] for metric in found["metrics"]]
    assert {
        "fd",
        "kd",
        "precision",
        "recall",
        "density",
        "coverage",
        "memorised",
        "modes",
        "accuracy",
        "path_length",
    } <= set(names)
    assert "fd400-train-classifier-digits" in text and "fd400-train-classifier-digits" in found["protocols"]
    verdicts = [v["verdict"] for v in found["diagnosis"]]
    assert "healthy" not in verdicts and "stalled" in verdicts  # after twenty small steps
    assert all(set(v) == {"verdict", "evidence", "advice"} for v in found["diagnosis"])
    picture = np.asarray(Image.open(run / "evaluation" / "000020.png"))
    assert picture.shape[0] > 500 and picture.std() > 20
    assert json.loads((run / "evaluation" / "000020.json").read_text()) == found


def test_an_evaluation_is_the_same_again_and_overwrites_nothing(run):
    one, other = (evaluation.evaluate(run, num=300, say=quiet) for _ in range(2))
    assert [a.value for a in one.scores] == [b.value for b in other.scores] and one.json != other.json
    raw = evaluation.evaluate(run, num=300, raw=True, say=quiet)
    assert raw.scores[0].value != one.scores[0].value
    with pytest.raises(BadInput, match="weights 'raw' and 'ema'"):
        _ = raw.scores[0] < one.scores[0]


def test_evaluations_on_the_way_are_rows_and_choose_the_best(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "fd" in row] == [5, 10, 15, 20]
    assert [row["step"] for row in rows if "recall" in row] == [10, 20]
    best = min((row["fd"], row["step"]) for row in rows if row["step"] in (10, 20))
    assert (
        inference.pick(runs.open_run(run), "best") == best[1] and inference.pick(runs.open_run(run), "latest") is None
    )
    protocol = json.loads((run / "evaluation" / "protocol.json").read_text())
    assert protocol["samples"] == 300 and protocol["net"] == "classifier-digits"
    last = evaluation.evaluate(run, num=300, say=quiet)
    assert last.scores[0].value == pytest.approx(rows[-1]["fd"], rel=1e-5)  # the same latents, data and protocol


@pytest.mark.parametrize("mode", ["pmap", "mesh", "fsdp"])
def test_evaluations_on_the_way_are_the_same_on_two_devices(run, tmp_path, mode):
    line = ["train", "digits", "--tiny", "--steps", "5", "--log-every-steps", "5", "--save-every-steps", "5"]
    looks = ["--evaluate-every-steps", "5", "--evaluate-samples", "300", "--parallel", mode, "--devices", "2"]
    assert main([*line, *looks, "--out", str(tmp_path / "run")]) == 0
    rows = lambda folder: map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    first = lambda folder: next(row["fd"] for row in rows(folder) if "fd" in row)
    assert first(tmp_path / "run") == pytest.approx(first(run), rel=1e-3)


def test_a_metric_that_does_not_apply_is_refused_before_training(tmp_path, capsys):
    line = ["train", "digits", "--tiny", "--evaluate-all-every-steps", "5", "--stop-when", "mmd<0"]
    assert main([*line, "--out", str(tmp_path / "run")]) == 2
    assert "mmd is not measured on these data" in capsys.readouterr().err


def test_what_a_users_function_saw_is_not_kept(run):
    look = lambda scale: evaluation.evaluate(
        run, num=200, features=lambda images: scale * images.reshape(len(images), -1), say=quiet
    )
    one, other = look(1.0 / 255), look(2.0 / 255)
    assert other.scores[0].value == pytest.approx(4 * one.scores[0].value, rel=1e-3)
    assert other.reference["fd"] == pytest.approx(4 * one.reference["fd"], rel=1e-3)


def test_a_run_that_is_open_is_evaluated_and_what_is_none_is_refused(run):
    few = {"num": 20, "features": lambda images: images.reshape(len(images), -1)[:, :4] / 255, "say": quiet}
    found = evaluation.evaluate(runs.open_run(run), **few)
    again = evaluation.evaluate(found, **few)  # which has its run
    assert found.scores == again.scores and again.run is found.run
    for nothing in (3, jax):
        with pytest.raises(BadInput, match=f"run is of {type(nothing).__name__}: give the folder of a run"):
            evaluation.evaluate(nothing, **few)
    with pytest.raises(BadInput, match="has its recipe, digits: leave recipe out, or give the folder"):
        evaluation.evaluate(found.run, recipe="digits", **few)


def test_whatever_takes_a_run_takes_one_that_is_open(run, tmp_path):
    opened = runs.open_run(run)
    of_both = [inference.sample(each, num=4, out=tmp_path / f"{i}.npz") for i, each in enumerate((run, opened))]
    assert of_both[0].read_bytes() == of_both[1].read_bytes()
    assert inference.edit(opened, directions=1, num=1, out=tmp_path / "edit", say=quiet).out.is_dir()
    assert page.write(opened) == opened.folder / "report.html"
    with pytest.raises(BadInput, match="makes samples of latents"):
        inference.apply_files(opened, [], tmp_path / "apply")


def test_a_function_of_numpy_is_told_how_to_be_called(run):
    def flat(images):
        return np.asarray(images, np.float32).reshape(len(images), -1)[:, :4] / 255

    with pytest.raises(BadInput, match=r"JAX cannot trace flat \(TracerArrayConversionError\): .* jax.pure_callback"):
        evaluation.evaluate(run, num=20, features=flat, say=quiet)
    like = lambda images: jax.ShapeDtypeStruct((len(images), 4), np.float32)
    found = evaluation.evaluate(run, num=20, features=lambda x: jax.pure_callback(flat, like(x), x), say=quiet)
    traced = lambda images: images.reshape(len(images), -1)[:, :4] / 255
    expected = evaluation.evaluate(run, num=20, features=traced, say=quiet)
    for one, other in zip(found.scores, expected.scores, strict=True):
        assert one.name == other.name and one.value == pytest.approx(other.value, rel=1e-4, abs=1e-6)


def test_a_threshold_of_an_evaluated_metric_ends_a_training(tmp_path):
    folder = tmp_path / "run"
    line = ["train", "digits", "--tiny", "--steps", "40", "--log-every-steps", "5", "--evaluate-every-steps", "10"]
    assert main([*line, "--stop-when", "fd>0", "--stop-rows", "2", "--out", str(folder)]) == 0
    assert json.loads((folder / "result.json").read_text())["step"] == 20


def test_points_are_judged_by_their_modes(tmp_path, capsys):
    folder = tmp_path / "ring"
    assert main(["train", "ring", "--tiny", "--out", str(folder)]) == 0
    found = evaluation.evaluate(folder, num=500, say=quiet)
    scores = {score.name: score for score in found.scores}
    assert str(scores["fd"].protocol) == "fd500-train-points" and {"modes", "good", "mode_kl", "spread", "mmd"} <= set(
        scores
    )
    sight = extract.FeatureExtractor(features.pixels(), POINTS).real(data.load("ring"), 2000, say=quiet)
    perfect = {
        s.name: s.value
        for s in scoring.measure(
            "set", EvalContext(PROTOCOL, RING, "points", tuple("01234567")), sight, sight, cheap=True
        )
    }
    assert perfect["modes"] == 8 and perfect["good"] > 0.98 and perfect["spread"] == pytest.approx(1, abs=0.1)
    assert found.picture.is_file() and "healthy" not in [v.verdict for v in found.verdicts]


def test_held_out_samples_are_compared_with_and_judged(tmp_path):
    digits = data.load("digits")
    for name, rows in (("train", slice(0, 900)), ("test", slice(900, None))):
        np.savez(tmp_path / f"{name}.npz", image=digits["image"][rows], label=digits["label"][rows])
    folder, test = tmp_path / "run", str(tmp_path / "test.npz")
    assert main(["train", "digits", "--tiny", "--data", str(tmp_path / "train.npz"), "--out", str(folder)]) == 0
    found = evaluation.evaluate(folder, num=200, split="test", held_out=test, say=quiet)
    assert str(found.scores[0].protocol) == "fd200-test-classifier-train" and found.scores[0].protocol.real == 897
    with pytest.raises(BadInput, match=r"8x8x1.*ring has samples of 2"):
        evaluation.evaluate(folder, num=200, held_out="ring", say=quiet)


@pytest.mark.slow
def test_metrics_through_squeezenet(tmp_path, real_data):
    digits = data.load("digits")
    np.savez(tmp_path / "few.npz", image=digits["image"][:60], label=digits["label"][:60])
    folder = tmp_path / "run"
    assert main(["train", "digits", "--tiny", "--data", str(tmp_path / "few.npz"), "--out", str(folder)]) == 0
    weights = real_data / "weights" / "squeezenet_v1.0_dc.npz"
    found = evaluation.evaluate(folder, num=20, features=str(weights), say=quiet)
    assert str(found.scores[0].protocol) == "fd20-train-squeezenet" and np.isfinite(found.scores[0].value)
    assert found.scores[0].protocol.real == 60


def test_path_lengths_of_a_line_are_its_slopes_in_w_where_there_is_one():
    z = 0.1 * np.random.default_rng(0).normal(size=(2, 64, 3)).astype(np.float32)  # nothing is cut off at [-1, 1]
    image = lambda w: (
        w[:, None, None, :] * jnp.ones((1, 4, 4, 1))
    )  # in [-1, 1], 255 / 2 a unit in a file, 1 / 255 as features
    mapped = lambda z: 2 * z

    def apply(variables, x, train=True, method=None):
        return {"mapping": lambda x: jnp.repeat(mapped(x)[:, None], 2, 1), "synthesis": lambda x: image(x[:, 0])}[
            method
        ](x), {}

    net = Net(lambda key, x: {"params": {}}, apply, methods=("mapping", "synthesis"))
    gan = GAN(None, None, None, lambda g, batch, key: image(mapped(batch["z"])))
    noise_of = lambda key, index: z.reshape(128, 3)
    extractor = extract.FeatureExtractor(features.pixels(), IMAGES)
    context = EvalContext(Protocol("", 0, "pixels", "ab"))
    each = np.sum((z[1] - z[0]) ** 2, axis=1)
    low, high = np.percentile(each, 1, method="lower"), np.percentile(each, 99, method="higher")
    expected = 16 * each[(each >= low) & (each <= high)].mean()  # 4 x 4 pixels; w is 2 z, and features are half of w
    for generator, name in ((net, "w-"), (None, "z-")):
        loaded = inference.Loaded(gan, None, None, None, noise_of, generator)
        found = path_length.length(context, extractor, loaded, {"params": {}}, 64, {})
        assert found.name == "path_length" and found.protocol.path.startswith(name)
        assert str(found.protocol) == f"path_length64-{found.protocol.path}-pixels"
        if generator:
            assert found.value == pytest.approx(expected, rel=0.02)
        else:  # along the arc
            assert found.value > 0 and found.value != pytest.approx(expected, rel=0.02)


def test_path_lengths_of_sounds_are_of_what_no_file_rounds_away():
    z = np.random.default_rng(0).normal(size=(128, 3)).astype(np.float32)
    sound = lambda z: 1e-4 * jnp.repeat(z, 100, axis=1)[..., None]  # which moves by less than 1 of 2^15
    gan = GAN(None, None, None, lambda g, batch, key: sound(batch["z"]))
    kind = modalities.get("audio")
    net = features.from_function(lambda x: x[:, :, 0] * 1e4, "values")
    extractor = extract.FeatureExtractor(net, kind)
    loaded = inference.Loaded(gan, None, None, None, lambda key, index: z, None)
    found = path_length.length(EvalContext(Protocol("", 0, "values", "ab")), extractor, loaded, {"params": {}}, 64, {})
    line = 100 * np.sum((z[64:] - z[:64]) ** 2, axis=1).mean()
    assert found.protocol.path == "z-1e-4" and line < found.value < (np.pi / 2) ** 2 * line  # of an arc
    assert extractor.fake(gan, {"params": {}}, 4, {"z": z[:4]}).samples.dtype == np.int16


def test_path_lengths_of_texts_are_refused_at_once(tmp_path, capsys):
    assert main(["train", "text_gan", "--tiny", "--steps", "1", "--out", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "run"), "--num", "20", "--path-length"]) == 2
    said = capsys.readouterr().err
    assert "--path-length is of what moves by less than a file holds, and text is made of names: remove it" in said

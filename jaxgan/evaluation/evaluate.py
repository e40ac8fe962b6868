"""A run's numbers, what they say, and a picture of it."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import jax

from jaxgan import build, data, inference, recipes, runs
from jaxgan.data.feed import rows as shuffled
from jaxgan.errors import BadInput
from jaxgan.evaluation import cache, d_logits, diagnosis, extract, extractors, measure, path_length
from jaxgan.metrics.protocol import Protocol
from jaxgan.reports import figure, pictures

NUM = 10_000
REAL = 50_000  # real samples, at most, unless more are drawn
SPLITS = ("train", "test")
_UNTRAINED = 1000  # samples of the generator before its first step


class Evaluation(NamedTuple):
    """What was found. `table()` for people, `as_json()` for programs; json and picture are paths in the run's folder."""

    run: Any
    step: int
    scores: list
    reference: dict  # name -> value of one half of the real samples against the other
    half: int  # samples in each of those halves
    verdicts: list
    json: Path
    picture: Path

    def table(self):
        """Lines of text."""
        head = ("metric", "value", "std", "real data", "better", "protocol")
        lines = [head]
        for score in self.scores:
            real = self.reference.get(score.name)
            std, real = ("" if x is None else f"{x:.4g}" for x in (score.std, real))
            better = measure.BETTER[score.name]
            lines.append((score.title, f"{score.value:.4g}", std, real, better, str(score.protocol)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        rows.append(f"real data: one half of the real samples against the other, {self.half} each")
        words = [f"{v.verdict}: {v.evidence}\n    try: {v.advice}" for v in self.verdicts]
        return "\n".join([*rows, "", *words])

    def as_json(self):
        """An object: metrics, diagnosis, what real samples get, and every field of the protocols."""
        return {
            "run": str(self.run.folder),
            "step": self.step,
            "metrics": [score.as_json() for score in self.scores],
            "diagnosis": [verdict._asdict() for verdict in self.verdicts],
            "real_data": self.reference,
            "protocols": {str(score.protocol): vars(score.protocol) for score in self.scores},
        }


def evaluate(
    run,
    *,
    checkpoint="latest",
    num=NUM,
    seed=0,
    features="auto",
    split="train",
    held_out=None,
    source=None,
    raw=False,
    ema_sigma=None,
    standing=False,
    path_length=False,
    devices=None,
    say=print,
):
    """Evaluation of a run's checkpoint: `num` samples against its training data, or against held-out ones.

    checkpoint: "latest", "best" or a step. features: auto, classifier, pixels, an .npz of weights, or a function images
    uint8 [B, H, W, C] -> features [B, D]. split: "train" or "test". held_out: source of samples that were not trained on;
    without it those that the run's source leaves out, where it does. source: where the training data are now. raw,
    ema_sigma: as `inference.load` takes them. standing: norm statistics of 100 batches instead of
    those kept. path_length: the perceptual path length too. Raises BadInput for what cannot be opened, seen or compared.
    """
    if num < 2:
        raise BadInput(f"--num is {num}, and metrics take 2 samples at least: give more")
    run = runs.open_run(run)
    loaded = inference.load(run.folder, step=inference.pick(run, checkpoint), raw=raw, ema_sigma=ema_sigma)
    step = int(loaded.state.step)
    dataset, test = _data(run, source, held_out)
    if split == "test" and test is None:
        raise BadInput(f"{dataset.name} leaves no samples out: give --held-out SOURCE, or --split train")
    reference = test if split == "test" else dataset
    for other in filter(None, (dataset, test)):
        if loaded.facts.shape != other.image.shape[1:]:
            size = lambda shape: "x".join(map(str, shape))
            raise BadInput(
                f"the run has samples of {size(loaded.facts.shape)}, {other.name} has samples of {size(other.image.shape[1:])}"
            )

    label = labels(run, reference, num, seed)
    variables = loaded.state.ema
    if standing:
        label_of = None if label is None else lambda index: label[index % len(label)]
        variables = extract.standing(loaded.gan, variables, label_of, seed)

    net = extractors.choose(features, dataset, say)
    if path_length and net.name.startswith(("inception", "squeezenet")):
        raise BadInput(
            f"--path-length is of images that differ by less than a file holds, {net.name} takes files: leave it away"
        )
    eye = extract.Eye(net, devices)
    real = eye.real(reference, max(REAL, num), seed, say)
    if len(real.features) < 2:
        raise BadInput(f"{reference.name} has {len(real.features)} samples, and metrics take 2 at least")
    weights = "raw" if raw else "ema" if ema_sigma is None else f"ema of sigma {ema_sigma:g}"
    case = case_of(run, net, reference, split, seed, weights + ("+standing" if standing else ""))

    say(f"drawing {num} samples of step {step}")
    fake = eye.fake(loaded.gan, variables, num, label, seed)
    say("measuring")
    scores = measure.all_of(case, real, fake)
    if path_length:
        scores.append(path_length.length(case, eye, loaded, variables, min(num, 2000), label, seed))
    half, ideal = _ideal(case, real, num, net.fixed)
    shares = [measure.class_shares(case, sight) for sight in (real, fake)]
    verdicts = diagnosis.diagnose(
        {score.name: score.value for score in scores},
        ideal,
        shares=None if shares[0] is None else (case.classes, *shares),
        untrained_fd=_untrained(case, eye, real, loaded.gan, run, label, min(num, _UNTRAINED)),
        logits=None if test is None else d_logits.logits(loaded, dataset, test, seed),
        rows=[row for row in pictures.read_metrics(run.folder / "metrics.jsonl") if row["step"] <= step],
    )
    place = _free(run.folder / "evaluation", f"{step:06}")
    done = Evaluation(run, step, scores, ideal, half, verdicts, place.with_suffix(".json"), place.with_suffix(".png"))
    place.parent.mkdir(exist_ok=True)
    runs.write_json(done.json, done.as_json())
    figure.save(done.picture, f"{run.recipe}, step {step}, {net.name}", case.classes, real, fake, shares)
    return done


def case_of(run, net, reference, split, seed, weights):
    """Case of a run's samples against a Dataset."""
    facts = reference.facts
    protocol = Protocol("", 0, net.name, net.sha256, split=split, data_sha256=facts.sha256, seed=seed, weights=weights)
    classes = () if facts.vectors else run.facts.classes
    return measure.Case(protocol, run.config.data, classes, run.config.conditional and not facts.vectors)


def labels(run, reference, count, seed):
    """Labels [count] as often as the reference has them, None for an unconditional run."""
    if not run.config.conditional:
        return None
    return reference.label[shuffled(seed + 1, 0, count, len(reference.label))]


def _data(run, source, held_out):
    """(the run's training data, those that were held out or None)."""
    config = run.config
    load = lambda source: data.load(source, **config.fitting)
    dataset = load(source or config.data)
    if dataset.facts.sha256 != run.facts.sha256:
        raise BadInput(
            f"--data {dataset.name} has sha256 {dataset.facts.sha256[:12]} and {len(dataset.image)} samples, the run was "
            f"trained on {run.facts.name} with {run.facts.sha256[:12]} and {run.facts.size}: give that as --data SOURCE"
        )
    if held_out:
        return dataset, load(held_out)
    return dataset, data.held_out(source or config.data, **config.fitting)


def _ideal(case, real, num, keep):
    """(samples in a half, {name: value}): one half of the real samples against the other, from the cache if it is there."""
    half = min(len(real.features) // 2, num)
    if half < 2:
        return half, {}
    key = hashlib.sha256(repr((case, half, len(real.features), measure.VERSION)).encode()).hexdigest()[:16]

    def make():
        return {s.name: s.value for s in measure.all_of(case, real.part(0, half), real.part(half, 2 * half))}

    kept = cache.arrays(f"ideal-{case.protocol.net}-{key}", make) if keep else make()
    return half, {name: float(value) for name, value in kept.items()}


def _untrained(case, eye, real, gan, run, label, count):
    """Fréchet distance of the generator before its first step."""
    setup = build.setup(recipes.get(run.recipe), run.config, run.facts)
    fresh = jax.jit(lambda: runs.fresh_state(setup, run.config, run.facts).g.variables)()
    label = None if label is None else label[:count]
    return measure.frechet(case, real, eye.fake(gan, fresh, count, label, case.protocol.seed)).value


def _free(folder, name):
    """Path without suffix of what is not there yet."""
    paths = [folder / name, *(folder / f"{name}-{i}" for i in range(2, 1000))]
    return next(path for path in paths if not path_length.with_suffix(".json").exists())

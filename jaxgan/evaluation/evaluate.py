"""A run's numbers, what they say, and a picture of it."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan import inference, parallel, runs
from jaxgan.core import GAN
from jaxgan.data import GRAMMARS, MIXTURES
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL, Dataset
from jaxgan.data.loader import rows as shuffled
from jaxgan.errors import BadInput
from jaxgan.evaluation import cache, d_logits, diagnosis, extract, extractors, scores
from jaxgan.evaluation import path_length as paths
from jaxgan.evaluation.classes import named_classes
from jaxgan.metrics.features import FeatureNet
from jaxgan.metrics.protocol import Protocol, Score
from jaxgan.metrics.records import EvalContext, class_shares, infos
from jaxgan.metrics.records.record import MASKS, PAIRS, SET
from jaxgan.metrics.records.texts import novel
from jaxgan.names import tell
from jaxgan.options import Config
from jaxgan.processes import agree
from jaxgan.reports import figure
from jaxgan.sharing import Variables

NUM = 10_000
REAL = 50_000  # real samples, at most, unless more are drawn
SPLITS = ("train", "test")
_UNTRAINED = 1000  # samples of the generator before its first step


class Evaluation(NamedTuple):
    """What was found. `table()` for people, `as_json()` for programs; json and picture are paths in the run's folder.

    picture: None where no feature network looks at the samples.
    """

    run: Any
    step: int
    scores: list
    reference: dict  # name -> value of one half of the real samples against the other; of `novel` of held-out texts
    half: int  # samples in each of those halves
    verdicts: list
    json: Path
    picture: Path | None
    held_out: int = 0  # texts that `novel` of the reference is of

    def table(self) -> str:
        """Lines of text."""
        head = ("metric", "value", "std", "real data", "better", "protocol")
        lines, better_of = [head], {name: info.better for name, info in infos().items()}
        for score in self.scores:
            real = self.reference.get(score.name)
            std, real = ("" if x is None else f"{x:.4g}" for x in (score.std, real))
            better = better_of[score.name]
            lines.append((score.title, f"{score.value:.4g}", std, real, better, str(score.protocol)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        if self.half:
            rows.append(f"real data: one half of the real samples against the other, {self.half} each")
        if self.held_out:
            rows.append(f"real data of novel: {self.held_out} held-out texts against all that were trained on")
        words = [f"{v.verdict}: {v.evidence}\n    try: {v.advice}" for v in self.verdicts]
        return "\n".join([*rows, "", *words])

    def as_json(self) -> dict[str, Any]:
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
    run: str | Path | runs.Run,
    *,
    checkpoint: str | int = "latest",
    num: int = NUM,
    seed: int = 0,
    features: str | Path | FeatureNet | Callable[[jax.Array], jax.Array] = "auto",
    split: str = "train",
    held_out: str | None = None,
    held_out_input: str | None = None,
    held_out_masks: str | None = None,
    data: str | None = None,
    input: str | None = None,
    masks: str | None = None,
    raw: bool = False,
    ema_sigma: float | None = None,
    standing_stats: bool = False,
    path_length: bool = False,
    devices: int = 1,
    recipe: str | Path | ModuleType | None = None,
    say: Callable[[str], Any] = tell,
) -> Evaluation:
    """Evaluation of a run's checkpoint: `num` samples against its training data, or against held-out ones.

    What is measured follows from what the game is given and makes: samples as a set, each against its own target where G
    is given samples in pairs, masks against the true ones.

    run: its folder, or a Run, as `training.train` returns. checkpoint: "latest", "best" or a step. features: auto, classifier,
    pixels, an .npz of weights, or a function images uint8 [B, H, W, C] -> features [B, D] that JAX can trace, one of NumPy or
    PyTorch within jax.pure_callback. split: "train" or "test". held_out: source of samples that were not trained on;
    without it those that the run's source leaves out, where it does. held_out_input, held_out_masks: sources of what G is given
    and of the masks beside it, where it has not both itself. data, input, masks: where the training's are now. raw, ema_sigma:
    as `inference.load` takes them. standing_stats: norm statistics of 100 batches instead of those kept. path_length: the path
    length between latents too. devices: how many share the samples, 0 for all; of each process, where several draw them
    together and one writes. recipe: the file of a recipe of one's own. Raises BadInput for what cannot be opened, seen or
    compared.
    """
    if num < 2:
        raise BadInput(f"--num is {num}, and metrics take 2 samples at least: give more")
    chosen = parallel.choose("mesh", devices or None) if agree.count() == 1 else jax.local_devices()[: devices or None]
    run = runs.open_run(run, recipe)
    if agree.writer():
        runs.check_new(run.folder / "evaluation" / ".new", "copy the run to where it can be written")
    loaded = inference.load(run, step=inference.pick(run, checkpoint), raw=raw, ema_sigma=ema_sigma)
    step, config = int(loaded.state.step), run.config
    moved, others = inference.Beside(input, masks), inference.Beside(held_out_input, held_out_masks)
    dataset, test = inference.data_of(run, data, held_out, moved=moved, others=others)
    reference = test if split == "test" else dataset
    if reference is None:
        raise BadInput(f"{dataset.name} leaves no samples out: give --held-out SOURCE, or --split train")
    if path_length and not inference.takes_latents(loaded):
        raise BadInput(f"--path-length goes between latents, and the G of {run.name} takes none: remove it")
    if path_length and not hasattr(run.made.kind, "to_scale"):
        raise BadInput(
            f"--path-length is of what moves by less than a file holds, and {run.made.modality} is made of names: remove it"
        )
    num = count_of(config, reference, num)
    given = given_by(config, reference, num, seed)
    variables = loaded.state.ema
    if standing_stats:
        at = None if not given else lambda index: {name: x[index % len(x)] for name, x in given.items()}
        variables = extract.standing(loaded.gan, variables, at, seed)
    weights = ("raw" if raw else "ema" if ema_sigma is None else f"ema of sigma {ema_sigma:g}") + (
        "+standing" if standing_stats else ""
    )
    logits = None if test is None else d_logits.logits(loaded, dataset, test, seed)
    rows = [row for row in runs.read_metrics(run.folder / "metrics.jsonl") if row["step"] <= step]
    found, half, texts, ideal, verdicts, draw = [], 0, 0, {}, [], None

    if SET not in scores.kinds(config, run.data.specs):
        if features != "auto" or path_length:
            raise BadInput(f"no feature network looks at {run.made.modality}: remove --features and --path-length")
    else:
        net = extractors.choose(features, dataset, say, config.real)
        if path_length and net.name.startswith(("inception", "squeezenet")):
            raise BadInput(
                f"--path-length is of images that differ by less than a file holds, {net.name} takes files: remove it"
            )
        extractor = extract.FeatureExtractor(net, run.made.kind, chosen, together=True)
        real = extractor.real(reference, max(REAL, num), seed, say, config.real)
        if len(real.features) < 2:
            raise BadInput(f"{reference.name} has {len(real.features)} samples, and metrics take 2 at least")
        context = context_of(run, net, reference, split, seed, weights)
        say(f"drawing {num} samples of step {step}")
        fake = extractor.fake(loaded.gan, variables, num, given, seed)
        say("measuring")
        trained_on = context_of(run, net, dataset, "train", seed, weights)
        found = of_all_texts(scores.measure(SET, context, real, fake), trained_on, fake.samples, dataset[config.real])
        if path_length:
            found.append(paths.length(context, extractor, loaded, variables, min(num, 2000), given, seed))
        half, ideal = _ideal(context, real, num, net.fixed)
        if "novel" in ideal:
            texts, ideal = _ideal_of_all_texts(ideal, test, dataset, config.real, num, seed)
        shares = [class_shares(context, each) for each in (real, fake)]
        few = min(num, _UNTRAINED)
        before = extractor.fake(loaded.gan, inference.untrained(loaded), few, _first(given, few), seed)
        verdicts = diagnosis.diagnose(
            {score.name: score.value for score in found},
            ideal,
            shares=None if shares[0] is None else (context.classes, *shares),
            untrained_fd=_fd(context, real, before),
            logits=logits,
            rows=rows,
            count=num,
            real_count=len(real.features),
            config=config,
            kind=run.made.kind,
        )
        title = f"{run.name}, step {step}, {net.name}"
        draw = lambda path: figure.save(path, title, run.made.kind, context.classes, real, fake, shares)
    context = context_of(run, None, reference, split, seed, weights)
    found += against_targets(context, run, loaded.gan, variables, reference, num, seed)
    found += named_classes(context, run, loaded.state.d.variables, reference, REAL, seed)
    place = _free(run.folder / "evaluation", f"{step:06}")
    picture = None if draw is None else place.with_suffix(".png")
    done = Evaluation(run, step, found, ideal, half, verdicts, place.with_suffix(".json"), picture, texts)
    if not agree.writer():
        return done
    place.parent.mkdir(exist_ok=True)
    runs.write_json(done.json, done.as_json())
    if draw is not None:
        draw(picture)
    return done


def context_of(
    run: runs.Run, net: FeatureNet | None, reference: Dataset, split: str, seed: int, weights: str
) -> EvalContext:
    """EvalContext of a run's samples against a Dataset, through a feature network or without one."""
    name, digest = ("", "") if net is None else (net.name, net.sha256)
    protocol = Protocol("", 0, name, digest, split=split, data_sha256=reference.sha256, seed=seed, weights=weights)
    label = run.data.specs.get(LABEL)
    classes = label.classes if label and not label.examples else ()
    asked = LABEL in run.config.given and bool(classes)
    ignored, data = getattr(run.config, "ignored", None), run.config.data
    known: tuple = (MIXTURES.get(data), run.made.modality, classes, asked, ignored, run.made.rate, GRAMMARS.get(data))
    return EvalContext(protocol, *known)


def of_all_texts(found: list[Score], context: EvalContext, samples: np.ndarray, trained: Any) -> list[Score]:
    """The scores, `novel` among them of all texts [N, T] that were trained on, not of those that features are of."""
    exact = lambda: scores.score(context, "novel", novel(samples, trained))
    return [exact() if one.name == "novel" else one for one in found]


def count_of(config: Config, reference: Dataset, count: int) -> int:
    """`count` samples, or as many as there are different inputs, where G is given samples of the reference."""
    sizes = [len(reference[name]) for name in config.given if name != LABEL]
    return min([count, *sizes])


def given_by(config: Config, reference: Dataset, count: int, seed: int) -> dict[str, np.ndarray]:
    """{column: [count]} of what G is given, as often as the reference has it."""
    if not config.given:
        return {}
    rows = shuffled(seed + 1, 0, count, len(reference[config.given[0]]))
    return {name: batches.taken(reference, name, rows) for name in config.given}


def against_targets(
    context: EvalContext, run: runs.Run, gan: GAN, variables: Variables, reference: Dataset, count: int, seed: int
) -> list[Score]:
    """Scores of each sample against its own target, of the evaluators that look at those; [] where there are none."""
    config = run.config
    kinds = [kind for kind in scores.kinds(config, run.data.specs) if kind in (PAIRS, MASKS)]
    if not kinds:
        return []
    rows = np.arange(min(count, len(reference[config.real])))
    given = {name: batches.taken(reference, name, rows) for name in config.given}
    fake = run.made.kind.to_file(extract.drawn(gan, variables, len(rows), given, seed))
    real = run.made.kind.to_file(reference[config.real][rows])
    return [score for kind in kinds for score in scores.measure(kind, context, real, fake)]


def _fd(context, real, fake):
    return next(s.value for s in scores.measure(SET, context, real, fake, cheap=True) if s.name == "fd")


def _first(given, count):
    return {name: x[:count] for name, x in given.items()}


def _ideal(context, real, num, keep):
    """(samples in a half, {name: value}): one half of the real samples against the other, from the cache if it is there."""
    half = min(len(real.features) // 2, num)
    if half < 2:
        return half, {}
    key = hashlib.sha256(repr((context, half, len(real.features), scores.VERSION)).encode()).hexdigest()[:16]

    def make():
        halves = real.part(0, half), real.part(half, 2 * half)
        return {score.name: score.value for score in scores.measure(SET, context, *halves)}

    kept = cache.arrays(f"ideal-{context.protocol.net}-{key}", make, fits=cache.scalars) if keep else make()
    return half, {name: float(value) for name, value in kept.items()}


def _ideal_of_all_texts(ideal, test, dataset, column, num, seed):
    """(held-out texts, {name: value}): `novel` as these have it beside all that were trained on; none without them."""
    ideal = {name: value for name, value in ideal.items() if name != "novel"}
    if test is None:
        return 0, ideal
    rows = shuffled(seed, 0, min(num, len(test[column])), len(test[column]))
    return len(rows), ideal | {"novel": novel(batches.taken(test, column, rows), dataset[column]).value}


def _free(folder, name):
    """Path without suffix of what is not there yet."""
    paths = [folder / name, *(folder / f"{name}-{i}" for i in range(2, 1000))]
    return next(path for path in paths if not path.with_suffix(".json").exists())

"""A data set extended by a GAN, and what that is worth: held-out accuracy of classifiers with and without the synthetic part."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from jaxgan import inference, runs
from jaxgan.data.dataset import LABEL, Dataset
from jaxgan.errors import BadInput
from jaxgan.inference.extend import Labelled, check, labelled
from jaxgan.inference.sample import write
from jaxgan.metrics.features import classifier
from jaxgan.modalities import image
from jaxgan.names import tell
from jaxgan.progress import Counting

BATCH = 128
STEPS = 600
REAL, MOVED, SYNTHETIC, BOTH, BOTH_MOVED = (
    "real",
    "real, flipped and cropped",
    "synthetic",
    "real and synthetic",
    "real and synthetic, flipped and cropped",
)
SETS = (REAL, MOVED, SYNTHETIC, BOTH, BOTH_MOVED)


class Examples(NamedTuple):
    """Pictures with their classes."""

    image: np.ndarray  # uint8 [N, H, W, C]
    label: np.ndarray  # int32 [N]


class Extended(NamedTuple):
    """What was written, and what it is worth. `table()` for people, `as_json()` for programs."""

    out: Path
    drawn: int  # samples, for those that were written
    accuracy: dict[
        str, list[float]
    ]  # what a classifier was trained on -> its held-out accuracy, by seed; {}: not measured
    real: int  # pictures that the run was trained on
    synthetic: int
    held_out: int

    def table(self) -> str:
        """Lines of text."""
        if not self.accuracy:
            return ""
        width = max(map(len, self.accuracy))
        head = f"{'trained on':{width}}  accuracy on {self.held_out} held-out pictures"
        rows = [f"{name:{width}}  {_spread(each)}" for name, each in self.accuracy.items()]
        return "\n".join([head, *rows, *self.verdict()])

    def verdict(self) -> list[str]:
        """Whether it helps, in words: the best that has synthetic pictures against the best that has none."""
        best = lambda names: max((np.array(self.accuracy[name]) for name in names), key=np.mean)
        without, added = best((REAL, MOVED)), best((SYNTHETIC, BOTH, BOTH_MOVED))
        gain, apart = float(np.mean(added) - np.mean(without)), float(max(np.ptp(without), np.ptp(added)))
        if len(without) < 2:
            said = "by one seed, and nobody knows how far seeds differ: take --measure 3"
        elif abs(gain) <= apart:
            said = f"less than seeds differ ({apart:.2%})"
        else:
            said = "it helps" if gain > 0 else "it harms, train on the real pictures alone"
        return [f"the synthetic pictures add {gain:+.2%} to the best without them: {said}"]

    def as_json(self) -> dict[str, Any]:
        """An object."""
        return {**self._asdict(), "out": str(self.out)}


def extend(
    run: str | Path | runs.Run,
    *,
    out: str | Path,
    num: int = 10_000,
    seed: int = 0,
    least_confidence: float = 0.0,
    measure: int = 3,
    held_out: str | None = None,
    checkpoint: str | int = "latest",
    raw: bool = False,
    ema_sigma: float | None = None,
    recipe: str | Path | ModuleType | None = None,
    data: str | None = None,
    say: Callable[[str], Any] = tell,
) -> Extended:
    """Extended: `num` labelled samples of a run, classes in equal shares, written into `out`, and their worth.

    out: a folder (a picture each, classes in sub-folders) or an .npz (`image`, `label`, `classes`). least_confidence: only
    samples to which a classifier that is trained on the run's own pictures, and nothing else, gives the class asked for with
    this probability. measure: seeds of the classifiers, 0 for none. held_out: source of pictures to measure on, as `data_of`
    takes it; without it those that the run's source leaves out. checkpoint, raw, ema_sigma, recipe, data: as
    `inference.sample` takes them. Raises BadInput for runs that are given no class, for what is no picture, and where too few
    samples pass.
    """
    for flag, value, low in (("--num", num, 1), ("--measure", measure, 0)):
        if value < low:
            raise BadInput(f"{flag} is {value}: give {low} or more")
    if not 0 <= least_confidence < 1:
        raise BadInput(f"--least-confidence is {least_confidence}: give a probability in [0, 1)")
    opened, out = runs.open_run(run, recipe), Path(out)
    loaded = inference.load(opened, step=inference.pick(opened, checkpoint), raw=raw, ema_sigma=ema_sigma)
    check(loaded, opened.name)
    kind, spec = opened.made.kind, opened.data.specs[LABEL]
    if opened.made.modality != "image":
        raise BadInput(f"{opened.name} makes {opened.made.modality}, and a classifier takes pictures: take sample")
    if out.suffix not in (".npz", ""):
        raise BadInput(f"--out {out} ends in {out.suffix}: give a folder or an .npz")
    runs.check_new(out)
    if num < len(spec.classes):
        raise BadInput(f"--num is {num}, and there are {len(spec.classes)} classes: give as many or more")

    real, test = None, None
    if measure or least_confidence:
        dataset, other = inference.data_of(opened, data, held_out)
        real = _examples(dataset, opened.config.real)
        test = None if other is None or not measure else _examples(other, opened.config.real)
    passes = None
    if real is not None and least_confidence:
        say(f"training a classifier on the run's {len(real.image)} pictures, which rejects what it is less sure of")
        passes = confident(trained(real, None, len(spec.classes), seed=seed), len(spec.classes), least_confidence)
    made = labelled(loaded, num, seed=seed, passes=passes, say=say)
    try:
        write(out, kind, opened.config.real, made.samples, made.label, spec)
    except OSError as error:
        raise BadInput(f"cannot write {out} ({error.strerror or error}): give another --out") from error
    found: dict[str, list[float]] = {}
    if measure and (real is None or test is None):
        say(f"{opened.data.name} leaves no pictures out, so nothing is measured: give --held-out SOURCE")
    elif real is not None and test is not None:
        found = measured(real, _of(made), test, len(spec.classes), seeds=range(measure), say=say)
    sizes = (0 if real is None else len(real.image), num, 0 if test is None else len(test.image))
    return Extended(out, made.drawn, found, *sizes)


def measured(
    real: Examples,
    synthetic: Examples,
    held_out: Examples,
    classes: int,
    *,
    seeds: Any = range(3),
    steps: int = STEPS,
    sets: tuple[str, ...] = SETS,
    say: Callable[[str], Any] = tell,
) -> dict[str, list[float]]:
    """{set: accuracy on `held_out` for each seed} of classifiers, each of as many steps on batches of one size.

    sets: of SETS. Those of synthetic pictures alone are the classification accuracy score of Ravuri & Vinyals 2019,
    arXiv:1905.10887. With both, half of each batch is real, however many there are. flipped and cropped: see `moved`.
    """
    found: dict[str, list[float]] = {}
    with Counting(len(sets) * len(seeds), "classifiers", say) as count:
        for name in sets:
            parts = (None if name == SYNTHETIC else real, None if name in (REAL, MOVED) else synthetic)
            for seed in seeds:
                about = name in (MOVED, BOTH_MOVED)
                variables = trained(*parts, classes, about=about, seed=seed, steps=steps)
                found.setdefault(name, []).append(accuracy(variables, held_out, classes))
                count.one()
    return found


def trained(
    real: Examples | None,
    synthetic: Examples | None,
    classes: int,
    *,
    about: bool = False,
    seed: int = 0,
    steps: int = STEPS,
) -> dict:
    """Variables of the small classifier of evaluations, after so many steps on what there is, half of each batch of both."""
    sets = [part for part in (real, synthetic) if part is not None]

    def batch(draw):
        rows = [draw.integers(len(part.label), size=BATCH // len(sets)) for part in sets]
        pictures = np.concatenate([part.image[own] for part, own in zip(sets, rows, strict=True)])
        label = np.concatenate([part.label[own] for part, own in zip(sets, rows, strict=True)])
        return (moved(pictures, draw) if about else pictures), label

    return classifier.fit(batch, classes, seed=seed, steps=steps)


def accuracy(variables: Mapping[str, Any], examples: Examples, classes: int) -> float:
    """Share of the examples whose class is given the highest probability."""
    found = classifier.probabilities(dict(variables), examples.image, classes)
    return float(np.mean(found.argmax(axis=1) == examples.label))


def confident(variables: dict, classes: int, least: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """(pictures, labels) -> bool [B]: whether a classifier gives each its label with this probability or more."""

    def passes(samples, label):
        return classifier.probabilities(variables, samples, classes)[np.arange(len(label)), label] >= least

    return passes


def moved(pictures: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """uint8 [B, H, W, C]: each mirrored or not, and shifted by up to an eighth, mirrored at the edges."""
    count, height, width = pictures.shape[:3]
    by = max(1, min(height, width) // 8)
    flipped = np.where(draw.random((count, 1, 1, 1)) < 0.5, image.mirror(pictures), pictures)
    padded = np.pad(flipped, ((0, 0), (by, by), (by, by), (0, 0)), mode="reflect")
    top, left = draw.integers(2 * by + 1, size=(2, count, 1, 1))
    rows, columns = top + np.arange(height)[None, :, None], left + np.arange(width)[None, None, :]
    return padded[np.arange(count)[:, None, None], rows, columns]


def _examples(dataset: Dataset, column: str) -> Examples:
    pictures = dataset[column]
    whole = image.to_file(np.asarray(pictures[np.arange(len(pictures))]))
    return Examples(np.asarray(whole), np.asarray(dataset[LABEL]))


def _of(made: Labelled) -> Examples:
    return Examples(made.samples, made.label)


def _spread(values):
    each = f" ({min(values):.2%} .. {max(values):.2%}, {len(values)} seeds)" if len(values) > 1 else ""
    return f"{np.mean(values):.2%}{each}"

"""What a run's D has learned of classes: a linear layer on its features, against the same network that was only supervised."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan import inference, runs
from jaxgan.data.dataset import LABEL, Dataset, renumbered
from jaxgan.data.few_labels import CLASS, LABELLED, few_labels
from jaxgan.errors import BadInput
from jaxgan.evaluation.extract import AT_ONCE
from jaxgan.inference.discriminator import discriminator_of
from jaxgan.layers import penultimate
from jaxgan.losses import class_surprise
from jaxgan.metrics import linear
from jaxgan.names import tell
from jaxgan.net import Net
from jaxgan.progress import Counting
from jaxgan.sharing import Variables, sample_keys

STEPS, RATE, BATCH = 1000, 1e-3, 64
PROBE, SUPERVISED = "linear layer on D's features", "the same network, supervised"


class Probed(NamedTuple):
    """Held-out accuracies. `table()` for people, `as_json()` for programs."""

    run: str
    step: int
    features: int
    held_out: int
    accuracy: dict[str, dict[int, list[float]]]  # what -> labels a class -> by seed

    def table(self) -> str:
        """Lines of text."""
        sizes = list(next(iter(self.accuracy.values())))
        lines = [("labels a class", *map(str, sizes))]
        lines += [(name, *(_spread(found[size]) for size in sizes)) for name, found in self.accuracy.items()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([f"accuracy on {self.held_out} held-out samples, D of step {self.step}", *rows])

    def as_json(self) -> dict[str, Any]:
        """An object."""
        return self._asdict()


def probe(
    run: str | Path | runs.Run,
    *,
    labels: Sequence[int] = (10, 100),
    seeds: int = 3,
    steps: int = STEPS,
    held_out: str | None = None,
    checkpoint: str | int = "latest",
    recipe: str | Path | ModuleType | None = None,
    data: str | None = None,
    say: Callable[[str], Any] = tell,
) -> Probed:
    """Probed: held-out accuracy of a linear layer on the features of a run's D, with few labels of the run's own data.

    labels: how many of each class. seeds: draws of these labels. steps: of the same network, trained on the same labels
    from its initialisation: Adam on batches of 64; 0: not trained. held_out: source of samples to measure on; without it those
    that the run's source leaves out. Features: what D hands out, or what its last layer is given (`layers.penultimate`); a D
    that is given labels is given all classes alike, and has seen them in training. Raises BadInput without classes, and for games
    whose D is shown more than a sample and its label.
    """
    for flag, values, low in (("--labels", labels, 2), ("--seeds", (seeds,), 1), ("--steps", (steps,), 0)):
        if not values or min(values) < low:
            raise BadInput(f"{flag} is {' '.join(map(str, values))}: give {low} or more")
    opened = runs.open_run(run, recipe)
    config, spec = opened.config, opened.data.specs.get(LABEL)
    if spec is None or spec.examples or len(spec.classes) < 2:
        raise BadInput(f"{opened.data.name} has no classes to tell apart: probe a run on labelled data")
    if others := set(config.given) - {LABEL}:
        raise BadInput(
            f"the D of {opened.name} is shown {', '.join(sorted(others))} beside a sample: probe another run"
        )
    if getattr(config, "pack", 1) > 1:
        raise BadInput(f"the D of {opened.name} is shown {config.pack} samples at once (--pack): probe another run")
    net, classes = discriminator_of(opened), len(spec.classes)
    loaded = inference.load(opened, step=inference.pick(opened, checkpoint))
    dataset, other = inference.data_of(opened, data, held_out)
    if other is None:
        raise BadInput(f"{dataset.name} leaves no samples out: give --held-out SOURCE")
    few_labels(dataset, max(labels) * classes, asked=f"--labels {max(labels)}")  # or it is told behind the smaller ones
    test_x, test_y = _samples(opened, _of_classes(other, spec.classes))
    seen = _Features(penultimate(net), net.classes)
    test = seen(loaded.state.d.variables, test_x)

    found: dict[str, dict[int, list[float]]] = {name: {} for name in (PROBE, SUPERVISED)[: 2 if steps else 1]}
    with Counting(len(labels) * seeds * len(found), "classifiers", say) as count:
        for size in labels:
            for seed in range(seeds):
                few = few_labels(dataset, size * classes, seed, asked=f"--labels {size}")
                y = np.asarray(few[CLASS])[: size * classes]
                x = opened.made.kind.to_step(few[LABELLED][np.arange(size * classes)])
                layer, _ = linear.probe(seen(loaded.state.d.variables, x), y, classes)
                found[PROBE].setdefault(size, []).append(_right(layer(test), test_y))
                count.one()
                if steps:
                    variables, head = supervised(net, x, y, classes, seed=seed, steps=steps)
                    logits = seen(variables, test_x) @ head["kernel"] + head["bias"]
                    found[SUPERVISED].setdefault(size, []).append(_right(logits, test_y))
                    count.one()
    return Probed(str(opened.folder), int(loaded.state.step), test.shape[1], len(test_y), found)


def supervised(
    net: Net, x: np.ndarray, y: np.ndarray, classes: int, *, seed: int = 0, steps: int = STEPS
) -> tuple[Variables, dict[str, np.ndarray]]:
    """(variables of the Net, {"kernel", "bias"} of a linear layer on its features): trained on x, y from the initialisation."""
    features, key = penultimate(net), jax.random.key(seed)
    beside = _beside(net.classes, BATCH)
    variables = net.init(key, jnp.asarray(x[:1]), *_beside(net.classes, 1))
    size = jax.eval_shape(
        lambda v: features.apply(v, x[:1], *_beside(net.classes, 1), train=False)[0], variables
    ).shape[1]
    stats = {name: value for name, value in variables.items() if name != "params"}
    params = {
        "net": variables["params"],
        "head": {"kernel": jnp.zeros((size, classes)), "bias": jnp.zeros(classes)},
    }
    opt = optax.adam(optax.cosine_decay_schedule(RATE, steps))
    state = opt.init(params)

    @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params, stats, state, key):
        rows = jax.random.randint(key, (BATCH,), 0, len(x))
        index = {"index": jnp.arange(BATCH)} if net.indexed else {}

        def loss(params):
            whole = {"params": params["net"], **stats}
            seen, moved = features.apply(whole, jnp.asarray(x)[rows], *beside, key=jax.random.fold_in(key, 1), **index)
            logits = seen @ params["head"]["kernel"] + params["head"]["bias"][None]
            return jnp.mean(class_surprise(logits, jnp.asarray(y)[rows])), moved

        grad, moved = jax.grad(loss, has_aux=True)(params)
        updates, state = opt.update(grad, state, params)
        return optax.apply_updates(params, updates), {**stats, **moved}, state

    for key_step in sample_keys(jax.random.fold_in(key, 1), np.arange(steps)):
        params, stats, state = step(params, stats, state, key_step)
    return {"params": params["net"], **stats}, jax.tree.map(np.asarray, params["head"])


class _Features:
    """(variables, samples as the step has them) -> float32 [N, F], in parts."""

    def __init__(self, net, classes):
        self._apply = jax.jit(lambda v, x: net.apply(v, x, *_beside(classes, len(x)), train=False)[0])

    def __call__(self, variables, x):
        found = []
        for first in range(0, len(x), AT_ONCE):
            rows = np.minimum(np.arange(first, first + AT_ONCE), len(x) - 1)  # so that one program does
            found.append(np.asarray(self._apply(variables, x[rows]))[: len(x) - first])
        return np.concatenate(found)


def _beside(classes, rows):
    """What a D that takes labels is given: all classes alike."""
    return (jnp.full((rows, classes), 1 / classes),) if classes else ()


def _samples(run, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    column = dataset[run.config.real]
    return np.asarray(run.made.kind.to_step(np.asarray(column[np.arange(len(column))]))), np.asarray(dataset[LABEL])


def _of_classes(dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
    if not dataset.classes or set(dataset.classes) - set(classes):
        raise BadInput(f"{dataset.name} has not the classes of the run, {', '.join(classes[:10])}: give such")
    return dataset if dataset.classes == classes else renumbered(dataset, classes)


def _right(logits, label):
    return float(np.mean(np.asarray(logits).argmax(axis=1) == label))


def _spread(values):
    return f"{np.mean(values):.2%}" + (f" ({min(values):.2%} .. {max(values):.2%})" if len(values) > 1 else "")

"""The data that a run was trained on, found again."""

import contextlib
import dataclasses
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from jaxgan.data import batch, load
from jaxgan.data import held_out as left_out
from jaxgan.data.dataset import ALIKE, LABEL, Dataset, Spec
from jaxgan.data.load import source_of
from jaxgan.data.sources import text
from jaxgan.errors import BadInput
from jaxgan.runs import Run


class Beside(NamedTuple):
    """Sources that lie beside a source of what G makes: of what it is given, and of masks."""

    input: str | None = None
    masks: str | None = None


_NONE = Beside()


def data_of(
    run: Run,
    source: str | None = None,
    held_out: str | None = None,
    *,
    moved: Beside = _NONE,
    others: Beside = _NONE,
) -> tuple[Dataset, Dataset | None]:
    """(Dataset that the run was trained on, the one that was held out or None): what it is given and makes is in both.

    source, moved: where the training data are now, and what lies beside them; held_out, others: source of others, and of what
    lies beside it, in place of those that the run's source leaves out: of one that holds something out, that. Raises BadInput
    for other data than those, and for held-out data that are these, or of other columns, shapes or classes.
    """
    config, fitting = run.config, run.config.fitting
    _check_beside(run, held_out, moved, others)
    there = {name: word for name, word in moved._asdict().items() if word}
    fitting |= there
    dataset = _loaded(run, {**there, "data": source} if source else there, fitting)
    check_data(run, dataset)
    other: Dataset | None
    if held_out:
        beside = {name: word or "" for name, word in others._asdict().items() if name in fitting}
        beside |= {"side_by_side": None, "degrade": None} if others.input else {}
        split = fitting["split"] if _place(held_out) in map(_place, filter(None, (source, config.data))) else ""
        whole = {**fitting, **beside, "split": split, "labelled": 1.0, "unlabelled": False}
        other = _others(held_out, source or config.data, whole, dataset)
        _complete(config, other)
    else:
        other = left_out(source or config.data, **fitting, like=dataset)
    if other is not None:
        other = _renamed(other, run.data.specs)
        batch.check(config, other)
        for name in batch.columns(config):
            _same(name, dataset.specs[name], other)  # as the source is read now, whatever its classes were called
    return dataset, other


def _others(source, trained_on, fitting, dataset):
    """The Dataset of what a source holds out, else of all that it gives: of a file of other text, which has no parts, the whole.

    Raises BadInput where that is what was trained on, and for its text cut in another way.
    """
    apart, whole = (partial(read, source, like=dataset) for read in (left_out, load))
    ways = [partial(apart, **fitting), partial(whole, **fitting)]
    if source_of(source) is text and source not in text.NAMES and not _is(ways[1], dataset):
        if source_of(trained_on) is text and text.same(source, trained_on):
            raise BadInput(
                f"--held-out {source} is the text of {trained_on}, which the run was trained on: give {trained_on} for what it "
                "leaves out, or text that it was not"
            )
        ways = [partial(whole, **fitting, whole=True)]
    if fitting["split"]:
        ways.append(partial(whole, **{**fitting, "split": ""}))
    for way in ways:
        found = way()
        if found is not None and found.sha256 != dataset.sha256:
            return found
    raise BadInput(
        f"--held-out {source} has sha256 {dataset.sha256[:12]} and {dataset.size} samples, as has {dataset.name}, which the run "
        "was trained on: give samples that it was not"
    )


def _is(read_other, dataset):
    """Whether what is read, where something can be, is a Dataset."""
    with contextlib.suppress(BadInput):
        return read_other().sha256 == dataset.sha256
    return False


def _place(word):
    """A source as a place on this machine, where it is one: a folder may be written in several ways."""
    return os.path.realpath(word) if Path(word).exists() else word


def _renamed(data: Dataset, specs: Mapping[str, Spec]) -> Dataset:
    """Dataset whose columns of named numbers have the names of these Specs, where their kind can be renumbered.

    Raises BadInput where it has others besides.
    """
    moved = {}
    for name, spec in specs.items():
        own = data.specs.get(name)
        if (
            own is not None
            and spec.modality  # labels are alike already
            and own.modality == spec.modality
            and hasattr(spec.kind, "renumber")
            and own.classes != spec.classes
        ):
            try:
                moved[name] = spec.kind.renumber(data[name], own.classes, spec.classes)
            except BadInput as error:
                raise BadInput(f"{data.name}: {error}: give data of the same") from error
    made = data.replace(**moved)
    named = {name: made.specs[name]._replace(classes=specs[name].classes) for name in moved}
    return dataclasses.replace(made, specs={**made.specs, **named})


def _check_beside(run, held_out, moved, others):
    """Raises BadInput for what lies beside nothing."""
    fitting = run.config.fitting
    for name, word in moved._asdict().items():
        if word and not fitting.get(name):
            raise BadInput(f"--{name} {word}, but the run was trained without --{name}: remove it")
    for name, word in others._asdict().items():
        if word and name not in fitting:
            raise BadInput(f"--held-out-{name} {word}, but {run.name} takes no --{name}: remove it")
        if word and not held_out:
            raise BadInput(f"--held-out-{name} {word} lies beside a --held-out SOURCE: give it too")


def check_data(run: Run, dataset: Dataset) -> None:
    """Raises BadInput, with both hashes, where these are not the data that a run was trained on."""
    if dataset.sha256 != run.data.sha256:
        raise BadInput(
            f"--data {dataset.name} has sha256 {dataset.sha256[:12]} and {dataset.size} samples, the run was "
            f"trained on {run.data.name} with {run.data.sha256[:12]} and {run.data.size}: give that as --data SOURCE"
        )


def _loaded(run, given, fitting):
    """The Dataset of what was given, or else of the run's own. Raises BadInput with the way out where that is not there now."""
    words = {"data": run.config.data, **{name: fitting.get(name) for name in Beside._fields}, **given}
    try:
        return load(words["data"], **fitting)
    except BadInput as error:
        gone = [f"--{name} SOURCE" for name, word in words.items() if word and name not in given and _missing(word)]
        if gone:
            raise BadInput(
                f"{error}; if the run's data were moved, say where they are now with {' and '.join(gone)}"
            ) from error
        raise


def _missing(word):
    """Whether nothing is there that a word could be."""
    if Path(word).exists():
        return False
    try:
        source_of(word)
    except BadInput:
        return True
    kind, _, path = word.partition(":")
    return bool(path) and kind != "tfds" and not Path(path).exists()


def _complete(config, other):
    """Raises BadInput where a source has not all columns, and names the flag that has them."""
    for name, flag in (("input", "--held-out-input"), ("mask", "--held-out-masks")):
        if name in batch.columns(config) and name not in other:
            raise BadInput(f"{other.name} has no column {name}: say where they are with {flag} SOURCE")


def _same(name, spec, other):
    size = lambda shape: "x".join(map(str, shape))
    found = other.specs.get(name)
    if name == LABEL and (found is None or (found.classes, found.shape) != (spec.classes, spec.shape)):
        raise BadInput(f"the run has labels of {_labels(spec)}, {other.name} has {_labels(found)}: give such")
    if found.shape != spec.shape:
        raise BadInput(
            f"the run has samples of {size(spec.shape)} in {name}, {other.name} has samples of {size(found.shape)}: give such"
        )
    low, high = sorted((found.rate, spec.rate))
    if low and high > low * ALIKE:
        raise BadInput(
            f"the run has {name} at {spec.rate:g} a second, {other.name} at {found.rate:g}: give such, or train with --rate"
        )


def _labels(spec):
    """Of how many classes or numbers labels are, with their names."""
    if spec is None or not spec.classes:
        return "none"
    more = ", ..." if len(spec.classes) > 10 else ""
    return f"{len(spec.classes)} {'numbers' if spec.shape else 'classes'} ({', '.join(spec.classes[:10])}{more})"

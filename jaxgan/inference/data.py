"""The data that a run was trained on, found again."""

from pathlib import Path

from jaxgan.data import batch, load
from jaxgan.data import held_out as left_out
from jaxgan.data.dataset import LABEL, Dataset, renamed, renumbered
from jaxgan.errors import BadInput
from jaxgan.runs import Run


def data_of(run: Run, source: str | None = None, held_out: str | None = None) -> tuple[Dataset, Dataset | None]:
    """(Dataset that the run was trained on, the one that was held out or None): what it is given and makes is in both.

    source: where the training data are now; held_out: source of others, in place of those that the run's source leaves out.
    Raises BadInput for other data than those, and for held-out data of other columns, shapes or classes.
    """
    config, fitting = run.config, run.config.fitting
    dataset = _loaded(source or config.data, fitting, source)
    check_data(run, dataset)
    whole = {**fitting, "split": "", "labelled": 1.0, "unlabelled": False}
    other = load(held_out, **whole) if held_out else left_out(source or config.data, **fitting)
    if other is not None:
        if {LABEL} <= {*config.given} & {*other.specs} and set(other.classes) < set(dataset.classes):
            other = renumbered(other, dataset.classes)
        other = renamed(other, run.data.specs)
        batch.check(config, other)
        for name in batch.columns(config):
            _same(name, run.data.specs[name], other)
    return dataset, other


def check_data(run: Run, dataset: Dataset) -> None:
    """Raises BadInput, with both hashes, where these are not the data that a run was trained on."""
    if dataset.sha256 != run.data.sha256:
        raise BadInput(
            f"--data {dataset.name} has sha256 {dataset.sha256[:12]} and {dataset.size} samples, the run was "
            f"trained on {run.data.name} with {run.data.sha256[:12]} and {run.data.size}: give that as --data SOURCE"
        )


def _loaded(source, fitting, given):
    """The Dataset. Raises BadInput with the way out where a run's own source is not there any more."""
    try:
        return load(source, **fitting)
    except BadInput as error:
        if given is None and not Path(source).exists():
            raise BadInput(
                f"{error}; if the run's data were moved, say where they are now with --data SOURCE"
            ) from error
        raise


def _same(name, spec, other):
    size = lambda shape: "x".join(map(str, shape))
    found = other.specs.get(name)
    if name == LABEL and (found is None or found.classes != spec.classes):
        has = "none" if found is None else f"those of {len(found.classes)} classes"
        raise BadInput(f"the run has labels of {len(spec.classes)} classes, {other.name} has {has}: give such")
    if found.shape != spec.shape:
        raise BadInput(
            f"the run has samples of {size(spec.shape)} in {name}, {other.name} has samples of {size(found.shape)}: give such"
        )
    if found.rate and spec.rate and found.rate != spec.rate:
        raise BadInput(
            f"the run has {name} at {spec.rate:g} a second, {other.name} at {found.rate:g}: give such, or train with --rate"
        )

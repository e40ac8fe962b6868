"""Samples of a trained run: grids, archives, folders, interpolations."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import noise, runs
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL, NAMED, Spec
from jaxgan.errors import BadInput
from jaxgan.inference.data import Beside, data_of
from jaxgan.inference.load import load, pick
from jaxgan.names import folders
from jaxgan.processes import agree

_AT_ONCE = 256
_ROW = 8  # samples from one end of an interpolation to the other
Labels = int | str | Sequence[float] | None  # a class by its number or name, a label vector, or all of them


def sample(
    run: str | Path | runs.Run,
    *,
    num: int = 64,
    seed: int = 0,
    out: str | Path | None = None,
    raw: bool = False,
    interpolate: bool = False,
    label: Labels = None,
    checkpoint: str | int = "latest",
    truncation: float | None = None,
    ema_sigma: float | None = None,
    recipe: str | Path | ModuleType | None = None,
    data: str | None = None,
    input: str | None = None,
    masks: str | None = None,
) -> Path:
    """Path of what was written: `num` samples of a run, classes (or some label vectors of the data) in equal shares.

    out: a .png (one grid), an .npz (the samples as files hold them, under the name of their column; `label`, `classes`), a
        folder (a file each), or of what is heard, read or moves a file of many of them (.wav, .txt, .webp); by default a new
        RUN/samples/sample-SEED.png. checkpoint: "latest", "best" or a step. raw, ema_sigma, recipe: as `inference.load` takes
        them.
    interpolate: each row of 8, of one class, goes from one latent to another. label: only this class (its number or name),
        or this label vector (K numbers, or a string of them with commas). truncation: share of a style's distance to the mean
        that is kept (Karras et al. 2019, arXiv:1812.04948, section 3), for G with styles.
    A G that is given samples of another column takes those that the run's source holds out, else its first ones; data,
    input, masks: where these are now. Raises BadInput for what cannot be drawn or written.
    """
    if num < 1:
        raise BadInput(f"--num is {num}: give a number above 0")
    run = runs.open_run(run, recipe)
    loaded = load(run, step=pick(run, checkpoint), truncation=truncation, raw=raw, ema_sigma=ema_sigma)
    kind, spec = run.made.kind, run.data.specs.get(LABEL) if LABEL in run.config.given else None
    free = lambda: free_path(run.folder / "samples", f"sample-{seed}")
    named, out = out is not None, free() if out is None else out
    out = Path(agree.shared(str(out)))
    played = getattr(kind, "PLAYED", "")
    if out.suffix not in (".png", ".npz", "", played):
        more = f", a {played}" if played else ""
        raise BadInput(f"--out {out} ends in {out.suffix}: give a .png, an .npz{more} or a folder")
    if out.suffix == "" and not kind.SUFFIX:
        raise BadInput(f"--out {out} is a folder, and {run.data.name} has {run.made.modality}: give a .png or an .npz")
    if agree.writer():
        runs.check_new(out)
    if interpolate and set(run.config.given) - {LABEL}:
        raise BadInput(
            f"--interpolate goes between latents, and {run.name} is given {', '.join(run.config.given)}: remove it"
        )
    if interpolate and loaded.noise is None:
        raise BadInput(f"--interpolate goes between latents, and {run.name} is given a field of noise: take --morph")

    labels = labels_of(num, spec, label, _ROW if interpolate else 1)
    samples = _draw(loaded, kind, num, _given(run, num, labels, data, Beside(input, masks)), seed, interpolate)
    if not agree.writer():
        return out
    out = out if named else free()  # another command may have drawn meanwhile
    try:
        write(out, kind, run.config.real, samples, labels, spec, interpolate)
    except OSError as error:
        raise BadInput(f"cannot write {out} ({error.strerror or error}): give another --out") from error
    return out


def free_path(folder: Path, name: str) -> Path:
    """Path of a .png in the folder that is not there yet."""
    names = itertools.chain([f"{name}.png"], (f"{name}-{i}.png" for i in itertools.count(2)))
    return next(folder / file for file in names if not (folder / file).exists())


def _given(run, num, labels, data, moved):
    """{column: [num]} of all that G is given; data are opened only for what is no label."""
    if not set(run.config.given) - {LABEL}:
        return batches.conditions(run.config, run.data.specs, num, labels)
    dataset, held_out = data_of(run, data, moved=moved)
    return batches.conditions(run.config, run.data.specs, num, labels, held_out or dataset)


def labels_of(num: int, spec: Spec | None, label: Labels, row: int = 1) -> np.ndarray | None:
    """int32 [num] or float32 [num, K], None without classes: equal shares in order, the same within rows of this length."""
    if spec is None:
        if label is not None:
            raise BadInput(f"--label {label}, but the run has no classes: remove it")
        return None
    only = None
    if label is not None:
        only = _vector(label, spec.classes) if spec.examples else _class(label, spec.classes)
    return batches.shares(spec, num, row, only)


def _class(label, classes):
    """Number of a class given by its number or its name."""
    if isinstance(label, str) and label in classes:
        return classes.index(label)
    if not str(label).isdecimal() or int(label) >= len(classes):
        raise BadInput(
            f"--label {label}, but the run has the classes 0 .. {len(classes) - 1} ({', '.join(classes[:10])}"
            f"{', ...' if len(classes) > 10 else ''})"
        )
    return int(label)


def _vector(label, classes):
    """float32 [K] of K numbers, or of a string of them."""
    try:
        vector = np.array(label.split(",") if isinstance(label, str) else label, np.float32)
    except ValueError:
        vector = np.zeros(0)
    if vector.shape != (len(classes),) or not np.isfinite(vector).all():
        raise BadInput(f"--label {label}, but a label of the run is {len(classes)} numbers: {', '.join(classes[:10])}")
    return vector


def _draw(loaded, kind, num, given, seed, interpolate):
    """`num` samples as files hold them."""
    draw = jax.jit(loaded.gan.sample)
    key = jax.random.key(seed)
    if interpolate:
        given = {**given, "z": _paths(loaded.noise, key, num, _ROW)}
    size = min(num, _AT_ONCE)
    samples, parts = [], range(0, num, size)
    for first in agree.dealt(parts):
        batch = batches.indexed(first, size)  # the last ones over the end, so that one program does
        inside = np.minimum(batch["index"], num - 1)
        batch |= {name: x[inside] for name, x in given.items()}
        samples.append(
            kind.to_file(np.asarray(draw(loaded.state.ema, batch, key)))
        )  # of images a quarter of the memory
    return np.concatenate(agree.collected(samples, len(parts)))[:num]


def _paths(draw, key, num, steps):
    """Latents [num, Z]: rows of `steps` from one draw to another, along the arc (White 2016, arXiv:1609.04468, eq. 1)."""
    rows = -(-num // steps)
    ends = draw(key, jnp.arange(2 * rows))
    arc = noise.slerp(ends[:rows, None], ends[rows:, None], jnp.linspace(0, 1, steps)[None, :, None])
    return np.asarray(arc.reshape(rows * steps, -1)[:num])


def write(
    out: Path,
    kind: ModuleType,
    column: str,
    samples: np.ndarray,
    labels: Any,
    spec: Any,
    interpolate: bool = False,
) -> None:
    """Writes samples, as files hold them, and their labels: one grid, an archive, or a folder with one for each class.

    Whole or not at all. labels: [N] or None; spec: the Spec of these. Raises BadInput where something has come to be there.
    """
    with runs.created(out) as part:
        _write(part, kind, column, samples, labels, spec, interpolate)


def _write(out, kind, column, samples, labels, spec, interpolate):
    if out.suffix == "":
        out.mkdir()
    single = labels is None or spec.examples or len(np.unique(labels)) == 1
    if out.suffix == ".npz":
        arrays: dict[str, Any] = {column: samples, **({} if labels is None else {LABEL: labels})}
        if labels is not None and len(spec.classes) <= max(len(labels), NAMED):  # of more names a source takes none
            arrays["classes"] = np.array(spec.classes)
        np.savez(out, **arrays)
    elif out.suffix == "":
        names = folders(spec.classes) if spec is not None else ()
        for i, one in enumerate(samples):
            place = out if labels is None or spec.examples else out / names[labels[i]]
            place.mkdir(exist_ok=True)
            kind.write(place / f"{i:06}{kind.SUFFIX}", one)
    elif out.suffix == getattr(kind, "PLAYED", None):
        kind.play(out, samples)
    elif interpolate or single:
        kind.sample_grid(out, samples, _ROW if interpolate else max(1, round(len(samples) ** 0.5)))
    elif kind.EACH:
        kind.sample_grid(out, samples, 1)
    else:  # a column for each class, as in a training's sheets
        there = np.unique(labels)
        kind.sample_grid(out, _columns_of(samples, labels, there, kind), len(there), [spec.classes[i] for i in there])


def _columns_of(samples, labels, there, kind):
    """Samples row by row, a class in each column, with blank ones at the end of those that have fewer."""
    rows = max(np.bincount(labels))
    blank = kind.blank(samples.shape[1:]).astype(samples.dtype)
    columns = []
    for label in there:
        own = samples[labels == label]
        columns.append(np.concatenate([own, *[blank[None]] * (rows - len(own))]))
    return np.stack(columns, axis=1).reshape(-1, *samples.shape[1:])

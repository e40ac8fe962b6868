"""The pictures that a training draws of itself on the way: always the same latents, labels and inputs."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from jaxgan.core import GAN, State
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL, Dataset
from jaxgan.runs import Run, replaced

_COLUMNS, _ROWS = 8, 8
_OVERVIEW = 12  # samples of each state beside others


def sample_grids(
    run: Run, gan: GAN, dataset: Dataset | None = None, held_out: Dataset | None = None
) -> Callable[[int, State], Path]:
    """Function (step, state) -> path: draws the averaged generator into RUN/samples/STEP.png; a column is a class.

    Of samples that are heard, or move, some are beside it in a file of their own, which the page of the run plays.
    dataset: the training data, for what lies beneath samples that are drawn all in one picture. held_out: those that inputs
    of G come from, by default the training data. Where G is given pictures, a row is input, output and target in turns.
    """
    folder = run.folder / "samples"
    folder.mkdir(exist_ok=True)
    draw = jax.jit(gan.sample)
    kind, specs = run.made.kind, run.data.specs
    titles = _titles(specs[LABEL]) if LABEL in run.config.given else ()
    columns = len(titles) or _COLUMNS
    inputs = [name for name in run.config.given if name != LABEL]
    count = kind.EACH or (columns * getattr(kind, "ROWS", _ROWS) if not inputs else _COLUMNS)
    source = dataset if held_out is None else held_out
    given = batches.conditions(run.config, specs, count, dataset=source)
    batch = {**batches.indexed(0, count), **given}
    key = jax.random.key(run.config.seed)
    real = dataset[run.config.real][: kind.EACH] if kind.EACH and dataset is not None else None
    beside = _beside(run, source, count) if inputs else None

    def draw_grid(step, state):
        path, samples = folder / f"{step:06}.png", kind.to_file(np.asarray(draw(state.ema, batch, key)))
        with replaced(path) as part:
            if beside is None:
                kind.sample_grid(part, samples, columns, titles, real)
            else:
                before, after = beside
                _strip(part, kind, before, samples, after)
        if hasattr(kind, "play"):
            with replaced(path.with_suffix(kind.PLAYED)) as part:
                most = getattr(kind, "PLAYING", len(samples))
                kind.play(part, samples[np.linspace(0, len(samples) - 1, min(most, len(samples))).round().astype(int)])
        return path

    return draw_grid


def drawn(folder: Path) -> list[Path]:
    """Paths RUN/samples/STEP.png of what a training drew, by step."""
    found = [p for p in folder.glob("samples/*.png") if p.stem.isascii() and p.stem.isdigit() and p.is_file()]
    return sorted(found, key=lambda p: int(p.stem))


def drop_after(folder: Path, step: int) -> None:
    """Takes away what was drawn behind a step, and what is played beside it: a training that goes back draws others."""
    for path in drawn(folder):
        if int(path.stem) > step:
            for one in path.parent.glob(f"{path.stem}.*"):
                one.unlink()


def overview(path: Path, run: Run, gan: GAN, states: State, dataset: Dataset) -> None:
    """Writes a row of samples of each of several states side by side, always of the same latents, labels and inputs."""
    kind = run.made.kind
    if kind.EACH:
        return
    given = batches.conditions(run.config, run.data.specs, _OVERVIEW, dataset=dataset)
    batch = {**batches.indexed(0, _OVERVIEW), **given}
    draw = jax.jit(jax.vmap(gan.sample, (0, None, None)))
    drawn = np.asarray(draw(states.ema, batch, jax.random.key(run.config.seed)))
    drawn = kind.to_file(np.nan_to_num(drawn, nan=-1.0))  # black where a run has diverged
    with replaced(path) as part:
        kind.sample_grid(part, drawn.reshape(-1, *drawn.shape[2:]), _OVERVIEW)


def _beside(run, source, count):
    """(samples of the inputs, the targets or None), as files hold them."""
    config, specs = run.config, run.data.specs
    names = [name for name in config.given if name != LABEL]
    shown = {name: specs[name].kind.to_file(batches.taken(source, name, np.arange(count))) for name in names}
    before = [(specs[name].kind, x) for name, x in shown.items()]
    paired = not set(config.unpaired) & {config.real, *names}
    target = batches.taken(source, config.real, np.arange(count)) if paired and config.real in source else None
    return before, None if target is None else run.made.kind.to_file(target)


def _strip(path, kind, before, samples, after):
    """Writes rows of inputs, outputs and targets: each kind draws its own row, one above the other."""
    from PIL import Image

    rows = [*before, (kind, samples), *([] if after is None else [(kind, after)])]
    drawn = []
    with tempfile.TemporaryDirectory() as folder:
        for i, (own, row) in enumerate(rows):
            own.sample_grid(Path(folder) / f"{i}.png", row, len(row))
            with Image.open(Path(folder) / f"{i}.png") as picture:
                drawn.append(picture.convert("RGB"))
    whole = Image.new("RGB", (max(p.width for p in drawn), sum(p.height for p in drawn)), "white")
    top = 0
    for picture in drawn:
        whole.paste(picture, (0, top))
        top += picture.height
    whole.save(path)


def _titles(spec):
    """Names over the columns: the classes, few ones several times; none where they are many, or vectors."""
    if not 1 < len(spec.classes) <= 20 or spec.examples:
        return ()
    return spec.classes * max(1, _COLUMNS // len(spec.classes))

"""What a training writes down of itself on the way: rows, pictures, checkpoints."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan import runs, runtime
from jaxgan.checkpoint import Checkpoints
from jaxgan.core import GAN
from jaxgan.data import Dataset
from jaxgan.processes import agree
from jaxgan.reports import curves, samples
from jaxgan.training import parts


class RunHooks(NamedTuple):
    """Calls (step, state, row) of the hooks of one run."""

    log: Callable  # a line of metrics.jsonl
    sample: Callable  # a picture in samples/
    save: Callable  # a checkpoint
    draw: Callable  # now and then curves.png
    flush: Callable  # () of rows that could not be written so far
    cheap: Callable | None = None  # scalars of an evaluation that costs little
    all_of: Callable | None = None  # scalars of one by every metric


def _nobody(row, picture=None):
    return None


def _nothing(*_):
    return None


def run_hooks(
    run: runs.Run,
    gan: GAN,
    store: Checkpoints,
    dataset: Dataset,
    *,
    held_out: Dataset | None = None,
    look: Callable[..., Any] = _nobody,
    write: Callable[..., Any] = _nobody,
    rollbacks: int = 0,
    computed: parts.Parts,
) -> RunHooks:
    """RunHooks of a run into its folder. look, write: who else sees every row; write also gets ({"step"}, picture).

    held_out: the Dataset that inputs of G are taken from, by default the one trained on. rollbacks: how often the run has gone
    back to a checkpoint, which the next ones tell, as they do the parts that it was computed in.
    Of several processes all save, one does the rest.
    """

    def save(step, state, row):
        metadata = {"metrics": row, "seconds": row["seconds"], "versions": runs.versions(), "format": runs.FORMAT}
        metadata |= {"rollbacks": rollbacks, "computed_in": computed[-1]["computed_in"], "parts": list(computed)}
        store.save(step, state, agree.shared(metadata))

    if not agree.writer():
        return RunHooks(_nothing, _nothing, save, _nothing, _nothing)
    metrics, unwritten = run.folder / "metrics.jsonl", []
    draw = samples.sample_grids(run, gan, dataset, held_out)
    draw_curves = _seldom(lambda: curves.save_curves(run.folder / "curves.png", metrics))

    def log(step, state, row):
        look(row)
        unwritten.append(json.dumps({k: v if np.isfinite(v) else None for k, v in row.items()}) + "\n")
        flush()
        write(row)

    def flush():
        if unwritten:
            append(metrics, "".join(unwritten))
            unwritten.clear()

    def sample(step, state, row):
        write({"step": step}, draw(step, state))

    return RunHooks(log, sample, save, lambda step, state, row: draw_curves(), flush)


def append(path: Path, text: str) -> None:
    """Adds lines to a file, behind the end of a line: what a full disk cut short before stays a line of its own."""
    with path.open("ab+") as file:
        file.seek(0, 2)
        if file.tell():
            file.seek(-1, 2)
            text = text if file.read(1) == b"\n" else "\n" + text
        file.write(text.encode())


def _seldom(draw, first=10.0, share=0.01):
    """A function that calls draw where it is due: after `first` seconds, then so that it takes this share of the time."""
    due = time.monotonic() + first

    def seldom():
        nonlocal due
        began = time.monotonic()
        if began >= due:
            draw()
            due = time.monotonic() + (time.monotonic() - began) / share

    return seldom


def result(
    run: runs.Run,
    step: int,
    seconds: float,
    state_sha256: str,
    how: Mapping[str, Any],
    ended: str | None = None,
    failed: Mapping[str, int] = MappingProxyType({}),
    shares: Mapping[str, float] = MappingProxyType({}),
    computed: parts.Parts = (),
) -> None:
    """Writes the run's result.json. failed: how often somebody who only looks could not. shares: see `goodput.Goodput`.

    how: `parts.HOW` of this training. computed: the parts of all, of which the last with a step came to the state; the file
    tells of them where they are several.
    """
    own = parts.until(computed, step)
    found = {
        "step": step,
        "images": step * run.config.batch_size,
        "seconds": round(seconds, 3),
        **how,
        **{name: own[-1][name] for name in parts.HOW if own and name in own[-1]},
        "device": jax.devices()[0].device_kind,
        "deterministic": runtime.is_deterministic(),
        "state_sha256": state_sha256,
    }
    found |= {"ended": ended} if step < run.config.steps else {}
    found |= {"failed": dict(failed)} if failed else {}
    found |= {"parts": list(own)} if len(own) > 1 else {}
    found |= {"goodput": {word: round(share, 4) for word, share in shares.items()}} if shares else {}
    runs.write_json(run.folder / "result.json", found)

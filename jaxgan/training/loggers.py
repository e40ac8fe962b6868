"""TensorBoard and Weights & Biases behind one small writer: rows of scalars, and pictures."""

import contextlib
import importlib
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jaxgan.errors import BadInput, unknown

NAMES = ("tensorboard", "wandb")
_PACKAGE = {"tensorboard": "tensorboardX", "wandb": "wandb"}
_NOT_SCALARS = {"step"}


def check(names: Iterable[str]) -> None:
    """Raises BadInput for names that are not among NAMES, and for packages that are not there."""
    for name in names:
        if name not in NAMES:
            raise unknown("--log-to", name, NAMES)
        try:
            importlib.import_module(_PACKAGE[name])
        except ImportError as error:
            raise BadInput(
                f"--log-to {name} needs {_PACKAGE[name]}, which is not installed: pip install 'jaxgan[{name}]'"
            ) from error


@contextlib.contextmanager
def open_loggers(
    names: Iterable[str], folder: str | Path, title: str, config: Mapping[str, Any], start: int
) -> Iterator[Callable[..., None]]:
    """Yields a function (row, picture path or None) that writes to all of them; `row` has "step" and scalars.

    folder: of the run. config: a dictionary. start: the step that the run goes on from; what was written past it is not
    shown twice. Raises BadInput as `check` does.
    """
    check(names)
    opened: list[Any] = [
        {"tensorboard": _TensorBoard, "wandb": _Wandb}[name](Path(folder), title, config, start) for name in names
    ]

    def write(row, picture=None):
        scalars = {k: v for k, v in row.items() if k not in _NOT_SCALARS and v is not None and not math.isnan(v)}
        for writer in opened:
            writer.write(row["step"], scalars, picture)

    try:
        yield write
    finally:
        for writer in opened:
            writer.close()


class _TensorBoard:
    """Event files in RUN/tensorboard, by tensorboardX: no TensorFlow."""

    def __init__(self, folder, title, config, start):
        import tensorboardX

        self._writer = tensorboardX.SummaryWriter(str(folder / "tensorboard"), purge_step=start + 1 if start else None)
        if not start:
            lines = "\n".join(f"    {name}: {value}" for name, value in config.items())
            self._writer.add_text("config", f"{title}\n\n{lines}", 0)

    def write(self, step, scalars, picture):
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)
        if picture is not None:
            self._writer.add_image("samples", _pixels(picture), step, dataformats="HWC")

    def close(self):
        self._writer.close()


class _Wandb:
    """A run of Weights & Biases; its id stays in RUN/wandb-id, so that a resumed run goes on there."""

    def __init__(self, folder, title, config, start):
        import wandb

        note = folder / "wandb-id"
        if not note.exists():
            note.write_text(os.urandom(8).hex())
        self._wandb, options = wandb, {"id": note.read_text(), "resume": "allow", "dir": str(folder)}
        self._run = wandb.init(project="jaxgan", name=title, config=config, **options)

    def write(self, step, scalars, picture):
        shown = {} if picture is None else {"samples": self._wandb.Image(str(picture))}
        self._run.log({**scalars, **shown}, step=step)

    def close(self):
        self._run.finish()


def _pixels(path):
    """uint8 [H, W, 3] of a picture."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))

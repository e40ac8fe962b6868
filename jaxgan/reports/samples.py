"""The pictures that a training draws of itself on the way: always the same latents and labels."""

import jax
import numpy as np

from jaxgan.reports import pictures

_COLUMNS, _ROWS, _POINTS = 8, 8, 2000


def sheets(run, setup, real=None):
    """Function (step, state) -> path: draws the averaged generator into RUN/samples/STEP.png; a column is a class.

    real: points to lay beneath those that are drawn.
    """
    folder = run.folder / "samples"
    folder.mkdir(exist_ok=True)
    draw = jax.jit(setup.gan.sample)
    classes = run.facts.classes if run.config.conditional else ()
    heads = _heads(classes, run.facts.vectors)
    columns = len(heads) or _COLUMNS
    count = _POINTS if len(run.facts.shape) == 1 else _ROWS * columns
    batch = {"index": np.arange(count, dtype=np.int32)}
    if classes and run.facts.vectors:
        batch["label"] = np.resize(np.float32(run.facts.vectors), (count, len(classes)))
    elif classes:
        batch["label"] = np.arange(count, dtype=np.int32) % len(classes)
    key = jax.random.key(run.config.seed)

    def sheet(step, state):
        path, images = folder / f"{step:06}.png", np.asarray(draw(state.ema, batch, key))
        pictures.save_samples(path, images, columns=columns, heads=heads, real=real)
        return path

    return sheet


def _heads(classes, vectors):
    """Names over the columns: the classes, few ones several times; none where they are many, or vectors."""
    if not 1 < len(classes) <= 20 or vectors:
        return ()
    return classes * max(1, _COLUMNS // len(classes))

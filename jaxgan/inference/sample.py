"""Samples of a trained run: sheets, archives, folders, interpolations."""

import itertools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import noise
from jaxgan.errors import BadInput
from jaxgan.inference.load import load
from jaxgan.reports import pictures

_AT_ONCE = 256
_ROW = 8  # samples from one end of an interpolation to the other


def sample(
    run,
    *,
    num=64,
    seed=0,
    out=None,
    raw=False,
    interpolate=False,
    label=None,
    step=None,
    truncation=None,
    ema_sigma=None,
):
    """Path of what was written: `num` samples of a run, classes (or some label vectors of the data) in equal shares.

    out: a .png (one sheet), an .npz (`image` uint8 [N, H, W, C], points float32 [N, D]; `label`), or a folder (a .png
        each); by default a new RUN/samples/sample-SEED.png. raw, ema_sigma: as `inference.load` takes them. interpolate: each row
        of 8, of one class, goes from one latent to another. label: only this class (its number or name), or this label
        vector (K numbers, or a string of them with commas). truncation: share of a style's distance to the mean that is kept
        (Karras et al. 2019, arXiv:1812.04948, section 3), for G with styles.
    Raises BadInput for what cannot be drawn or written.
    """
    if num < 1:
        raise BadInput(f"--num is {num}: give a number above 0")
    loaded = load(run, step=step, truncation=truncation, raw=raw, ema_sigma=ema_sigma)
    classes = loaded.facts.classes if loaded.config.conditional else ()
    points = len(loaded.facts.shape) == 1
    out = Path(out) if out is not None else _free(Path(run) / "samples", f"sample-{seed}")
    if out.suffix not in (".png", ".npz", ""):
        raise BadInput(f"--out {out} ends in {out.suffix}: give a .png, an .npz or a folder")
    if points and out.suffix == "":
        raise BadInput(f"--out {out} is a folder, and {loaded.facts.name} has points: give a .png or an .npz")
    if out.exists():
        raise BadInput(f"{out} is already there: give another --out")

    labels = _labels(num, classes, loaded.facts.vectors, label, _ROW if interpolate else 1)
    images = _draw(loaded, num, labels, seed, interpolate)
    if points:
        images = np.asarray(images, np.float32)
    try:
        _write(out, images, labels, classes, interpolate)
    except OSError as error:
        raise BadInput(f"cannot write {out} ({error.strerror or error}): give another --out") from error
    return out


def _free(folder, name):
    """Path of a .png in the folder that is not there yet."""
    names = itertools.chain([f"{name}.png"], (f"{name}-{i}.png" for i in itertools.count(2)))
    return next(folder / file for file in names if not (folder / file).exists())


def _labels(num, classes, vectors, label, row):
    """int32 [num] or float32 [num, K], None without classes: equal shares in order, the same within rows of this length."""
    if label is not None and not classes:
        raise BadInput(f"--label {label}, but the run has no classes: leave it away")
    if not classes:
        return None
    share = np.arange(num, dtype=np.int32) // row * row
    if vectors:
        chosen = np.float32(vectors) if label is None else _vector(label, classes)[None]
        return chosen[share * len(chosen) // num]
    if label is None:
        return share * len(classes) // num
    return np.full(num, _class(label, classes), np.int32)


def _class(label, classes):
    """Number of a class given by its number or its name."""
    if isinstance(label, str) and label in classes:
        return classes.index(label)
    if not str(label).isdigit() or int(label) >= len(classes):
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


def _draw(loaded, num, labels, seed, interpolate):
    draw = jax.jit(loaded.gan.sample)
    key = jax.random.key(seed)
    latents = _paths(loaded.noise, key, num, _ROW) if interpolate else None
    size = min(num, _AT_ONCE)
    images = []
    for first in range(0, num, size):
        index = np.arange(first, first + size, dtype=np.int32)  # the last ones over the end, so that one program does
        inside = np.minimum(index, num - 1)
        batch = {"index": index}
        if labels is not None:
            batch["label"] = labels[inside]
        if latents is not None:
            batch["z"] = latents[inside]
        part = np.asarray(draw(loaded.state.ema, batch, key))
        images.append(part if part.ndim == 2 else pictures.to_uint8(part))  # a quarter of the memory
    return np.concatenate(images)[:num]


def _paths(draw, key, num, steps):
    """Latents [num, Z]: rows of `steps` from one draw to another, along the arc (White 2016, arXiv:1609.04468, eq. 1)."""
    rows = -(-num // steps)
    ends = draw(key, jnp.arange(2 * rows))
    arc = noise.arc(ends[:rows, None], ends[rows:, None], jnp.linspace(0, 1, steps)[None, :, None])
    return np.asarray(arc.reshape(rows * steps, -1)[:num])


def _write(out, images, labels, classes, interpolate):
    (out if out.suffix == "" else out.parent).mkdir(parents=True, exist_ok=True)
    if out.suffix == ".npz":
        np.savez(out, image=images, **({} if labels is None else {"label": labels}))
    elif out.suffix == "":
        for i, image in enumerate(images):
            place = out if labels is None or labels.ndim == 2 else out / classes[labels[i]]
            place.mkdir(exist_ok=True)
            pictures.save_picture(place / f"{i:06}.png", image)
    elif interpolate or labels is None or labels.ndim == 2 or len(np.unique(labels)) == 1:
        pictures.save_samples(out, images, columns=_ROW if interpolate else max(1, round(len(images) ** 0.5)))
    else:  # a row for each class
        columns = max(np.bincount(labels))
        pictures.save_samples(out, _rows_of(images, labels, columns), columns=columns)


def _rows_of(images, labels, columns):
    """Images with blank ones at the end of the classes that have fewer than `columns`."""
    if images.ndim == 2:
        return images
    rows = []
    for label in np.unique(labels):
        own = images[labels == label]
        rows += [own, np.full((columns - len(own), *own.shape[1:]), 255, own.dtype)]
    return np.concatenate(rows)

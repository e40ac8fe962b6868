"""Modes of a known mixture: how many are found, and how evenly."""

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.metrics import inputs


class Modes(NamedTuple):
    """Figures of samples of a mixture."""

    found: int  # modes with a good sample
    good: float  # share of the samples that are near a mode
    reverse_kl: float  # KL of the good samples' modes from an even share of all, in nats
    spread: tuple  # of each mode: standard deviation of its good samples over the mode's own; NaN where there are none


def modes(points: ArrayLike, centres: ArrayLike, std: float, within: float = 3.0) -> Modes:
    """Modes of points [N, D] of a mixture with even weights: centres [M, D], deviation `std` in each dimension.

    A sample is good within `within` deviations of its nearest centre. Srivastava et al. 2017, arXiv:1705.07761,
    section 4.1. Raises BadInput for what `inputs.pair` refuses.
    """
    points, centres = inputs.pair(points, centres)
    away = points[:, None] - centres[None]
    square = np.sum(away**2, axis=-1)
    mode = square.argmin(axis=1)
    good = square[np.arange(len(points)), mode] <= (within * std) ** 2
    counts = np.bincount(mode[good], minlength=len(centres))
    own = away[np.arange(len(points)), mode]
    spread = tuple(_deviation(own[good & (mode == m)]) / std for m in range(len(centres)))
    return Modes(int((counts > 0).sum()), float(good.mean()), _kl(counts, None), spread)


def label_modes(labels: ArrayLike, classes: int, frequencies: ArrayLike | None = None) -> tuple[int, float]:
    """(found, KL in nats): of samples' labels [N], classes that occur, and KL of their shares from `frequencies`.

    frequencies: of the real samples [classes], by default even. Stacked MNIST's 1,000 modes are counted so: Metz et al.
    2017, arXiv:1611.02163, section 3.3.1. Raises BadInput for labels out of range, none at all, and other shapes.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels) or labels.min() < 0 or labels.max() >= classes:
        span = f"{labels.min()} .. {labels.max()}" if labels.size else "no labels"
        raise BadInput(f"labels are {span} and there are {classes} classes: give integers in 0 .. {classes - 1}")
    counts = np.bincount(labels, minlength=classes)
    return int((counts > 0).sum()), _kl(counts, frequencies)


def _kl(counts, frequencies):
    if counts.sum() == 0:
        return float("inf")
    p = counts / counts.sum()
    q = np.full(len(counts), 1 / len(counts)) if frequencies is None else np.asarray(frequencies) / np.sum(frequencies)
    some = p > 0
    if (q[some] == 0).any():
        return float("inf")
    return float(np.sum(p[some] * np.log(p[some] / q[some])))


def _deviation(away):
    return float(np.sqrt(np.mean(away**2))) if len(away) else float("nan")

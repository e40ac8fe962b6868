"""A metric: what it is called, when it applies, which way is better."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jaxgan.metrics.neighbours import nearest
from jaxgan.metrics.protocol import Protocol

Features = Any  # of jaxgan.evaluation.extract: features, logits, samples and label of a set

SET, PAIRS, MASKS, CLASSES = "set", "pairs", "masks", "classes"
"""What is compared: a set of samples with a set of real ones; each sample, or each mask, with its own target; the classes that D
names with the true ones."""


class EvalContext(NamedTuple):
    """What is measured of what: the facts that choose the metrics."""

    protocol: Protocol  # of every number, its metric and counts to be filled in
    mixture: Any = None  # where the data are one that is known: its centres and std
    modality: str = "image"  # of the samples
    classes: tuple = ()  # names, of integer labels that the feature network tells apart
    conditional: bool = False  # the samples' labels were asked for
    ignored: int | None = None  # number in masks that is no class
    rate: float = 0.0  # how many parts of a sample are a second, 0 where there is no time or nobody says
    accepts: Callable | None = None  # texts -> bool [N], whether each is right, where the data are of a known grammar


class Info(NamedTuple):
    """One number, for people."""

    better: str  # higher, lower, near 1
    panel: str = ""  # title of the curve that it is drawn in; its own name without
    collapse_below: float | None = None  # share of the real samples' value below which a GAN has collapsed
    poor_below: float | None = None  # likewise, below which it is poor
    shown: bool = False  # among the evidence of a healthy GAN


class Value(NamedTuple):
    """What was measured."""

    value: float
    samples: int  # that were drawn
    real: int = 0  # that they were compared with, 0 for a metric that looks at none
    std: float | None = None


class Record(NamedTuple):
    """A metric, or several that are computed together."""

    infos: dict  # name -> Info
    measure: Callable  # (context, real, fake) -> {name: Value}: of `Features` of a set, of arrays as files hold them of targets
    needs: Callable = lambda context, real, fake: True  # (context, real, fake) -> whether it can be measured
    kind: str = SET
    cheap: bool = False  # takes no time beside the drawing
    place: int = 0  # in the table


NEIGHBOURS = 10_000  # samples of each side, at most, that are compared with all of the other


def few(real: Features, fake: Features) -> tuple[np.ndarray, np.ndarray]:
    """(real, fake): features of at most NEIGHBOURS samples of each."""
    return real.features[:NEIGHBOURS], fake.features[:NEIGHBOURS]


def apart(real: Features, fake: Features) -> tuple[np.ndarray, np.ndarray]:
    """(real, fake): the samples that are kept themselves; of two halves of real ones, which share those, every second each."""
    if real.samples is fake.samples:
        return real.samples[::2], real.samples[1::2]
    return real.samples, fake.samples


def class_shares(context: EvalContext, seen: Features) -> np.ndarray | None:
    """Share of the samples in each class as the feature network tells them apart, or each mode; None where it does not."""
    if context.mixture is not None:
        closest = nearest(seen.samples, context.mixture.centres)[1][:, 0]
        return np.bincount(closest, minlength=len(context.classes)) / len(closest)
    if seen.logits is None or seen.logits.shape[1] != len(context.classes):
        return None
    return np.bincount(seen.logits.argmax(axis=1), minlength=len(context.classes)) / len(seen.logits)

"""A set of samples against a set of real ones: which metrics apply, and their values."""

import dataclasses
import warnings
from typing import NamedTuple

import numpy as np

from jaxgan import metrics
from jaxgan.data import MIXTURES
from jaxgan.metrics.protocol import Protocol, Score, title

VERSION = 1  # changes with whatever changes a value
NEIGHBOURS = 10_000  # samples of each side, at most, that are compared with all of the other
BETTER = {
    **dict.fromkeys(("precision", "recall", "density", "coverage", "cs", "accuracy", "modes", "good"), "higher"),
    **dict.fromkeys(("fd", "kd", "intra_fd", "mode_kl", "mmd", "memorised", "ms_ssim", "ppl"), "lower"),
    **dict.fromkeys(("diversity", "spread"), "near 1"),
}
"""Every metric's name, and which values of it are better."""
CHEAP = ("fd", "modes", "good", "mode_kl", "spread")
"""Those that `cheap` gives, where they apply."""


class EvalContext(NamedTuple):
    """What is measured of what: the facts that choose the metrics."""

    protocol: Protocol  # of every number, its metric and counts to be filled in
    source: str  # of the data: ring and grid are mixtures that are known
    modality: str = "image"  # of the samples
    classes: tuple = ()  # names, of integer labels that the feature network tells apart
    conditional: bool = False  # the samples' labels were asked for


def cheap(context, real, fake):
    """Scores that take no time beside the pass itself: the Fréchet distance, the modes of a known mixture."""
    return [frechet(context, real, fake), *_modes(context, real, fake)]


def all_of(context, real, fake):
    """Every Score that applies to fake samples against real ones, both Features."""
    few = min(NEIGHBOURS, len(real.features)), min(NEIGHBOURS, len(fake.features))
    a, b = real.features[: few[0]], fake.features[: few[1]]
    near = lambda name, value, std=None: score(context, name, value, few[1], few[0], std)
    least = min(few)
    scores = [frechet(context, real, fake)]
    mean, std = metrics.kernel_distance(a, b, seed=context.protocol.seed)
    scores.append(near("kd", mean, std))
    if least > 3:
        precision, recall = metrics.precision_recall(a, b)
        scores += [near("precision", precision), near("recall", recall)]
    if least > 5:
        density, coverage = metrics.density_coverage(a, b)
        scores += [near("density", density), near("coverage", coverage)]
    scores.append(near("memorised", metrics.memorised(a, b)))
    some = min(2000, least)
    spread = metrics.pairwise_distance(b[:some]) / max(metrics.pairwise_distance(a[:some]), 1e-12)
    scores.append(score(context, "diversity", spread, some, some))
    if context.modality == "points":
        scores.append(near("mmd", metrics.mmd(a, b, seed=context.protocol.seed)))
    elif context.modality == "image" and min(fake.samples.shape[1:3]) >= 11:
        alike = metrics.pairwise_ms_ssim(fake.samples, seed=context.protocol.seed)
        scores.append(score(context, "ms_ssim", alike, len(fake.samples)))
    return [*scores, *_modes(context, real, fake), *_of_classes(context, real, fake)]


def class_shares(context, sight):
    """Share of the samples in each class as the feature network tells them apart, or each mode; None where it does not."""
    if context.source in MIXTURES:
        nearest = metrics.nearest(sight.samples, MIXTURES[context.source].centres)[1][:, 0]
        return np.bincount(nearest, minlength=len(context.classes)) / len(nearest)
    if sight.logits is None or sight.logits.shape[1] != len(context.classes):
        return None
    return np.bincount(sight.logits.argmax(axis=1), minlength=len(context.classes)) / len(sight.logits)


def frechet(context, real, fake):
    """Score of the Fréchet distance."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few samples for the dimension: the protocol names their number
        value = metrics.frechet_distance(real.features, fake.features)
    return score(context, "fd", value, len(fake.features), len(real.features))


def _modes(context, real, fake):
    """Of a known mixture by its centres, else of classes by the network that tells them apart."""
    count = len(fake.features)
    if context.source in MIXTURES:
        mixture = MIXTURES[context.source]
        found = metrics.modes(fake.samples, mixture.centres, mixture.std)
        spread = np.nanmedian(found.spread) if found.found else 0.0
        values = {"modes": found.found, "good": found.good, "mode_kl": found.reverse_kl, "spread": spread}
        return [score(context, name, float(value), count) for name, value in values.items()]
    if class_shares(context, fake) is None:
        return []
    found, kl = metrics.label_modes(
        fake.logits.argmax(axis=1), len(context.classes), class_shares(context, real) + 1e-12
    )
    return [score(context, "modes", float(found), count), score(context, "mode_kl", kl, count, len(real.features))]


def _of_classes(context, real, fake):
    scores = []
    if fake.logits is not None and class_shares(context, fake) is not None:
        scores.append(score(context, "cs", metrics.inception_score(fake.logits), len(fake.features)))
        if context.conditional:
            right = float(np.mean(fake.logits.argmax(axis=1) == fake.label))
            scores.append(score(context, "accuracy", right, len(fake.features)))
    if context.conditional and 1 < len(context.classes) <= 100:
        counts = [np.bincount(sight.label, minlength=len(context.classes)) for sight in (real, fake)]
        if min(map(np.min, counts)) >= 2:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value, _ = metrics.intra_class_frechet(real.features, real.label, fake.features, fake.label)
            scores.append(score(context, "intra_fd", value, len(fake.features), len(real.features)))
    return scores


def applies(config, specs):
    """Whether samples of what G makes are compared as a set: where a feature network looks at them."""
    return bool(specs[config.real].kind.FEATURES)


def score(context, name, value, samples, real=0, std=None):
    """Score of a context. real: how many real samples it was measured against, 0 for a metric that looks at none."""
    split = context.protocol.split if real else ""
    digest = context.protocol.data_sha256 if real else ""
    protocol = dataclasses.replace(
        context.protocol,
        metric=title(name, context.protocol.net).lower(),
        samples=samples,
        real=real,
        split=split,
        data_sha256=digest,
    )
    return Score(name, protocol, value, std)

"""The picture of an evaluation: real and generated samples, nearest neighbours, classes, the features' plane."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from jaxgan import metrics
from jaxgan.metrics.records.record import Features
from jaxgan.modalities.canvas import canvas
from jaxgan.modalities.font import families

_SIDE, _NEAR, _ROWS = 8, 4, 6


def save(
    path: str | Path,
    title: str,
    kind: ModuleType,
    classes: Sequence[str],
    real: Features,
    fake: Features,
    shares: Sequence[np.ndarray | None],
) -> None:
    """Writes the picture of two Features of samples of a modality.

    shares: of the classes, of real and of generated samples; None where unknown.
    """
    figure, axes = canvas(2, 3, (16.5, 11))
    figure.suptitle(_words(title))
    few = kind.EACH or _SIDE**2
    for ax, sight, name in ((axes[0, 0], real, "real"), (axes[0, 1], fake, "generated")):
        kind.draw(ax, sight.samples[:few], _SIDE)
        ax.set(title=name)
    if kind.EACH:  # all in one plot: the same span, and no neighbours to look at
        axes[0, 1].set(xlim=axes[0, 0].get_xlim(), ylim=axes[0, 0].get_ylim())
        axes[0, 2].axis("off")
    else:
        kind.draw(axes[0, 2], _neighbours(real, fake), 1 + _NEAR)
        axes[0, 2].set(title="generated, then the nearest real samples")
    _plane(axes[1, 0], real.features, fake.features)
    _distances(axes[1, 1], real.features, fake.features)
    _classes(axes[1, 2], classes, *shares)
    figure.savefig(path, dpi=80)


def _words(name):
    r"""A name as Matplotlib draws it: what stands between two dollars is no formula, which it might not be able to read."""
    return name.replace("$", r"\$")


def _neighbours(real, fake):
    """Rows of a generated image and those of the kept real ones that are nearest to it in the features."""
    kept = real.features[: len(real.samples)]
    _, index = metrics.nearest(fake.features[:_ROWS], kept, k=min(_NEAR, len(kept)))
    rows = [np.concatenate([fake.samples[i : i + 1], real.samples[near]]) for i, near in enumerate(index)]
    return np.concatenate(rows)


def _plane(ax, real, fake):
    """The two directions in which the real features vary most."""
    centre = real.mean(axis=0)
    real, fake, centre = (
        np.pad(x, [*[(0, 0)] * (x.ndim - 1), (0, 1)]) for x in (real, fake, centre)
    )  # one has no plane
    some = real[:2000] - centre
    directions = np.linalg.eigh(some.T @ some)[1][:, :-3:-1]
    for x, name, colour in ((real, "real", "0.5"), (fake, "generated", "tab:red")):
        ax.scatter(*((x[:2000] - centre) @ directions).T, s=3, alpha=0.5, linewidths=0, c=colour, label=name)
    ax.set(title="features, two principal components")
    ax.legend(loc="upper right", markerscale=4)


def _distances(ax, real, fake):
    """Of real and of generated samples to the nearest (other) real one: memorised ones lie at 0."""
    own = metrics.nearest(real[:2000], real, k=2)[0][:, 1]
    theirs = metrics.nearest(fake[:2000], real)[0][:, 0]
    edges = np.linspace(0, max(np.percentile(own, 99), np.percentile(theirs, 99), 1e-12), 50)
    ax.hist(own, edges, density=True, color="0.5", alpha=0.7, label="real, to another real one")
    ax.hist(theirs, edges, density=True, color="tab:red", alpha=0.5, label="generated, to a real one")
    ax.set(title="distance to the nearest real sample", yticks=[])
    ax.legend()


def _classes(ax, names, real, fake):
    if real is None:
        ax.axis("off")
        return
    place = np.arange(len(real))
    if len(real) > 40:  # the most frequent first
        order = np.argsort(-fake)
        ax.plot(real[order], color="0.5", label="real")
        ax.plot(fake[order], color="tab:red", label="generated")
        ax.set(xlabel="classes, the most generated first")
    else:
        ax.bar(place - 0.2, real, 0.4, color="0.5", label="real")
        ax.bar(place + 0.2, fake, 0.4, color="tab:red", label="generated")
        words = [_words(name[:12]) for name in names]
        turned = 60 if len(real) > 10 else 0
        ax.set_xticks(place, words, rotation=turned, fontsize=8, family=families(words))
    ax.set(title="share of the samples in each class")
    ax.legend()

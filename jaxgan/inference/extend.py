"""Labelled samples of a trained run, for a data set that is too small: of those that a judge lets pass, if it is asked."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.inference.load import Loaded
from jaxgan.names import tell
from jaxgan.progress import Counting

AT_ONCE = 256
MOST = 50  # samples that are drawn for one that passes

Passes = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (samples as files hold them, labels asked for) -> bool [B]


class Labelled(NamedTuple):
    """Samples, the classes that were asked for, and how many were drawn to get so many."""

    samples: np.ndarray  # [N, ...] as files hold them, class by class
    label: np.ndarray  # int32 [N]
    drawn: int


def check(loaded: Loaded, name: str) -> None:
    """Raises BadInput where a run makes nothing that a class can be asked of. name: the run's."""
    spec = loaded.data.specs.get(LABEL)
    if tuple(loaded.config.given) != (LABEL,):
        given = ", ".join(loaded.config.given)
        said = f"makes samples of given {given}" if given else "was trained without labels"
        raise BadInput(
            f"{name} {said}: only a G that is given a class makes labelled samples, train with --conditional"
        )
    if spec is None or spec.examples:
        raise BadInput(f"{name} is given label vectors, and labelled samples are of classes: train it on classes")


def labelled(
    loaded: Loaded, num: int, *, seed: int = 0, passes: Passes | None = None, say: Callable[[str], Any] = tell
) -> Labelled:
    """Labelled: `num` samples, classes in equal shares, the first of each class that pass.

    passes: which samples are kept, all by default. The same seed draws the same, whatever passes. Raises BadInput where
    MOST times as many are drawn and a class is not full yet.
    """
    spec, kind = loaded.data.specs[LABEL], loaded.data.specs[loaded.config.real].kind
    wanted = np.bincount(batches.shares(spec, num), minlength=len(spec.classes))
    kept: list[list[np.ndarray]] = [[] for _ in spec.classes]
    draw, key, drawn = jax.jit(loaded.gan.sample), jax.random.key(seed), 0
    with Counting(num, "samples", say) as count:
        while (missing := wanted - [len(own) for own in kept]).any():
            if drawn >= MOST * num:
                least = int(np.argmax(missing))
                raise BadInput(
                    f"of {drawn} samples too few pass: {len(kept[least])} of {wanted[least]} of class {spec.classes[least]}: "
                    "lower --least-confidence"
                )
            lacking = np.flatnonzero(missing > 0)
            label = lacking[np.arange(AT_ONCE) * len(lacking) // AT_ONCE].astype(np.int32)
            made = draw(loaded.state.ema, {**batches.indexed(drawn, AT_ONCE), LABEL: label}, key)
            samples, drawn = kind.to_file(np.asarray(made)), drawn + AT_ONCE
            good = np.ones(AT_ONCE, bool) if passes is None else passes(samples, label)
            for one, own in zip(samples[good], label[good], strict=True):
                if len(kept[own]) < wanted[own]:
                    kept[own].append(one)
                    count.one()
    whole = np.concatenate([np.stack(own) for own in kept if own])
    return Labelled(whole, np.repeat(np.arange(len(kept), dtype=np.int32), wanted), drawn)

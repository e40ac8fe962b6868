"""The discriminator's logits of samples that it was trained on, of held-out ones and of fakes."""

import jax
import numpy as np

from jaxgan.data import batch as batches
from jaxgan.data.dataset import Dataset
from jaxgan.data.loader import rows as shuffled
from jaxgan.evaluation.diagnosis import Logits
from jaxgan.inference import Loaded

_COUNT = 2048  # samples of each kind, at most


def logits(loaded: Loaded, train: Dataset, test: Dataset, seed: int = 0) -> Logits | None:
    """Logits of a run's newest D over two Datasets, None where it does not tell the means of its logits, or looks at more samples
    together than there are."""
    gan, state, config = loaded.gan, loaded.state, loaded.config

    @jax.jit
    def discriminate(state, batch, key):
        fakes, _ = gan.generate(state.g.variables, batch, key)
        return gan.losses(state.d.variables, fakes, batch, key).metrics.d

    def means(dataset):
        rows_in_all = len(dataset[config.real])
        found, size = [], min(256, rows_in_all) // config.batch_unit * config.batch_unit
        if not size:  # fewer than D looks at together
            return {}
        for first in range(0, min(_COUNT, rows_in_all // size * size), size):
            rows = shuffled(seed, first, size, rows_in_all)
            columns = {name: batches.taken(dataset, name, rows) for name in batches.columns(config)}
            batch = {**batches.indexed(0, size), **columns}
            found.append(discriminate(state, batch, jax.random.key(seed)))
        return {name: float(np.mean([x[name] for x in found])) for name in found[0]}

    ours, others = means(train), means(test)
    return (
        Logits(ours["real"], others["real"], ours["fake"]) if {"real", "fake"} <= ours.keys() & others.keys() else None
    )

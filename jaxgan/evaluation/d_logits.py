"""What the discriminator says of samples that it was trained on, of held-out ones and of fakes."""

import jax
import numpy as np

from jaxgan.data.feed import rows as shuffled
from jaxgan.evaluation.diagnosis import Logits

_COUNT = 2048  # samples of each kind, at most


def logits(loaded, train, held_out, seed=0):
    """Logits of a run's newest D over two Datasets, None where it does not tell the means of its logits."""
    gan, state = loaded.gan, loaded.state

    @jax.jit
    def judge(state, batch, key):
        fakes, _ = gan.generate(state.g.variables, batch, key)
        return gan.losses(state.d.variables, fakes, batch, key).metrics.d

    def means(dataset):
        size = min(256, len(dataset.image))
        found, size = [], size - size % loaded.config.pack
        for first in range(0, min(_COUNT, len(dataset.image) // size * size), size):
            rows = shuffled(seed, first, size, len(dataset.image))
            batch = {"image": dataset.image[rows], "index": np.arange(size, dtype=np.int32)}
            if loaded.config.conditional:
                batch["label"] = dataset.label[rows]
            found.append(judge(state, batch, jax.random.key(seed)))
        return {name: float(np.mean([x[name] for x in found])) for name in found[0]}

    ours, others = means(train), means(held_out)
    return Logits(ours["real"], others["real"], ours["fake"]) if {"real", "fake"} <= ours.keys() else None

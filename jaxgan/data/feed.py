"""Index-based feeding: which samples step n sees is a function of (seed, n), so resuming needs the step alone."""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np


@lru_cache(maxsize=4)
def _permutation(seed, epoch, size):
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(size).astype(np.int32)


def rows(seed, first, count, size):
    """Rows int32 [count] at places first .. first + count - 1 of the endless sequence of shuffled epochs of `size`."""
    out, place = [], first
    while place < first + count:
        epoch, start = divmod(place, size)
        part = _permutation(seed, epoch, size)[start : start + first + count - place]
        out.append(part)
        place += len(part)
    return np.concatenate(out)


class Feed:
    """Batches of a Dataset. batch(n) is for steps n .. n + chunk - 1: leaves [chunk?, turns?, B, ...].

    resident: the data set goes to the device once, as `shared`, and a batch is row numbers, gathered in the program that
        `fed` makes of a step; else a batch is the samples themselves. Both give the step the same values.
    flip: every image counts twice, as it is and mirrored.
    """

    def __init__(self, dataset, batch_size, *, seed=0, labels=True, flip=False, turns=1, chunk=1, resident=True):
        arrays = {"image": dataset.image}
        if labels:
            arrays["label"] = dataset.label
        self._arrays, self._seed, self._flip, self._resident = arrays, seed, flip, resident
        self._size = len(dataset.image) * (2 if flip else 1)
        self._lead = (*((chunk,) if chunk > 1 else ()), *((turns,) if turns > 1 else ()), batch_size)
        self._per_step = turns * batch_size
        self.batch_axis = len(self._lead) - 1
        self.shared = (arrays,) if resident else ()

    def batch(self, step):
        """What the program for the steps from `step` on is given."""
        count = int(np.prod(self._lead))
        row = rows(self._seed, step * self._per_step, count, self._size).reshape(self._lead)
        return {"row": row} if self._resident else _gather(self._arrays, row, self._flip)

    def fed(self, step):
        """The step, taking batch(n) and `shared`."""
        if not self._resident:
            return step

        def play(state, batch, arrays):
            place = {k: v for k, v in batch.items() if k != "row"}
            return step(state, {**_gather(arrays, batch["row"], self._flip), **place})

        return play


def _gather(arrays, row, flip):
    xp = np if isinstance(row, np.ndarray) else jnp
    size = arrays["image"].shape[0]
    batch = {name: array[row % size] for name, array in arrays.items()}
    if flip:
        mirrored = (row >= size)[..., None, None, None]
        batch["image"] = xp.where(mirrored, batch["image"][..., ::-1, :], batch["image"])
    return batch

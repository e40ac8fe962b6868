"""Index-based feeding: which samples step n sees is a function of (seed, n), so resuming needs the step alone."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.lazy import OnDevice

RESIDENT_BYTES = 2**31  # larger sets stay in the host's memory


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


AHEAD = 4  # batches that are being read while the device works


class Feed:
    """Batches of a Dataset. batch(n) is for steps n .. n + chunk - 1: leaves [chunk?, turns?, B, ...].

    resident: the data set goes to the device once, as `shared`, and a batch is row numbers, gathered in the program that
        `fed` makes of a step; else a batch is the samples themselves, read ahead by threads. Both give the step the same
        values. By default what can live on a device and takes less than RESIDENT_BYTES does.
    flip: every image counts twice, as it is and mirrored.
    """

    def __init__(self, dataset, batch_size, *, seed=0, labels=True, flip=False, turns=1, chunk=1, resident=None):
        image = dataset.image
        if resident is None:
            resident = image.nbytes <= RESIDENT_BYTES and isinstance(image, (np.ndarray, OnDevice))
        arrays = {"image": image.arrays if resident and isinstance(image, OnDevice) else image}
        if labels:
            arrays["label"] = dataset.label
        self._arrays, self._seed, self._flip, self._resident = arrays, seed, flip, resident
        self._pick = image.pick if resident and isinstance(image, OnDevice) else None
        self._count = len(image)
        self._size = self._count * (2 if flip else 1)
        self._lead = (*((chunk,) if chunk > 1 else ()), *((turns,) if turns > 1 else ()), batch_size)
        self._per_step = turns * batch_size
        self.batch_axis = len(self._lead) - 1
        self.shared = (arrays,) if resident else ()
        self._chunk, self._pool, self._coming = chunk, ThreadPoolExecutor(AHEAD), {}

    def like(self):
        """The shapes of a batch: nothing is read."""
        if self._resident:
            return {"row": jax.ShapeDtypeStruct(self._lead, np.int32)}
        like = lambda array: jax.ShapeDtypeStruct((*self._lead, *array.shape[1:]), array.dtype)
        return {name: like(array) for name, array in self._arrays.items()}

    def batch(self, step):
        """What the program for the steps from `step` on is given."""
        if self._resident:
            return {"row": self._rows(step)}
        wanted = range(step, step + AHEAD * self._chunk, self._chunk)
        self._coming = {  # what is not wanted any more is forgotten: a batch depends on its step alone
            n: self._coming.get(n) or self._pool.submit(lambda n=n: self._gather(self._arrays, self._rows(n)))
            for n in wanted
        }
        return self._coming[step].result()

    def _rows(self, step):
        count = int(np.prod(self._lead))
        return rows(self._seed, step * self._per_step, count, self._size).reshape(self._lead)

    def fed(self, step):
        """The step, taking batch(n) and `shared`."""
        if not self._resident:
            return step

        def play(state, batch, arrays):
            place = {k: v for k, v in batch.items() if k != "row"}
            return step(state, {**self._gather(arrays, batch["row"]), **place})

        return play

    def _gather(self, arrays, row):
        source = row % self._count
        image = arrays["image"][source] if self._pick is None else self._pick(arrays["image"], source)
        batch = {name: array[source] for name, array in arrays.items() if name != "image"}
        if self._flip:
            xp = np if isinstance(row, np.ndarray) else jnp
            mirrored = (row >= self._count)[..., None, None, None]
            image = xp.where(mirrored, image[..., ::-1, :], image)
        return {"image": image, **batch}

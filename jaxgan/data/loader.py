"""Index-based feeding: which samples step n sees is a function of (seed, n), so resuming needs the step alone."""

import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.dataset import Dataset
from jaxgan.data.lazy import Resident
from jaxgan.errors import BadInput
from jaxgan.sharing import Step

RESIDENT_BYTES = 2**31  # larger sets stay in the host's memory
AHEAD = 4  # batches that are being read while the device works
_ROW = "row"  # in a batch: row numbers of the stream of the real samples; "row.NAME": of another one


@lru_cache(maxsize=8)
def _permutation(seed, epoch, size):
    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(size).astype(np.int32)


def rows(seed: int, first: int, count: int, size: int) -> np.ndarray:
    """Rows int32 [count] at places first .. first + count - 1 of the endless sequence of shuffled epochs of `size`."""
    out, place = [], first
    while place < first + count:
        epoch, start = divmod(place, size)
        part = _permutation(seed, epoch, size)[start : start + first + count - place]
        out.append(part)
        place += len(part)
    return np.concatenate(out)


def stream_seed(seed: int, name: str) -> int:
    """Seed of the stream of this name, beside that of the real samples."""
    return seed ^ (zlib.crc32(name.encode()) << 31)


class Loader:
    """Batches of a Dataset's columns. batch(n) is for steps n .. n + chunk - 1: leaves [chunk?, turns?, B, ...].

    columns: those that the step takes, the real one first; by default all. unpaired: columns that are streams of their own,
        in an order of their own. flip: every sample counts twice, as it is and mirrored, with all that lies over it.
    resident: the data set goes to the device once, as `shared`, and a batch is row numbers, gathered in the program that
        `gathering` makes of a step; else a batch is the samples themselves, read ahead by threads. Both give the step the same
        values. By default what can live on a device and takes less than RESIDENT_BYTES does.
    own: places in a batch whose samples this process reads, of several that share it; row numbers it gives of all.
    Raises BadInput where columns that are no streams of their own have other numbers of rows than the first.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        *,
        seed: int = 0,
        columns: Iterable[str] | None = None,
        unpaired: Sequence[str] = (),
        flip: bool = False,
        turns: int = 1,
        chunk: int = 1,
        resident: bool | None = None,
        own: np.ndarray | None = None,
    ) -> None:
        names = tuple(dataset.columns if columns is None else columns)
        found: dict[str, Any] = {name: dataset[name] for name in names}
        if resident is None:
            can = all(isinstance(x, (np.ndarray, Resident)) for x in found.values())
            resident = can and sum(x.nbytes for x in found.values()) <= RESIDENT_BYTES
        live = {name for name, x in found.items() if resident and isinstance(x, Resident)}
        self._arrays = {name: x.arrays if name in live else x for name, x in found.items()}
        self._gathers = {name: found[name].gather for name in live}
        self._shapes = {name: x.shape[1:] for name, x in found.items()}
        self._dtypes = {name: x.dtype for name, x in found.items()}
        self._kinds = {name: dataset.specs[name].modality for name in names}
        self._specs, self._flip, self._resident = dataset.specs, flip, resident
        self._stream = {name: name if name in unpaired else "" for name in names}
        self._counts = {stream: len(found[name]) for name, stream in reversed(self._stream.items())}
        self._check_lengths(dataset.name, found)
        self._seeds = {stream: stream_seed(seed, stream) if stream else seed for stream in self._counts}
        self._lead = (*((chunk,) if chunk > 1 else ()), *((turns,) if turns > 1 else ()), batch_size)
        self._per_step = turns * batch_size
        self.batch_axis = len(self._lead) - 1
        self.shared = (self._arrays,) if resident else ()
        self._own = None if resident else own
        self.rows = None if self._own is None else batch_size  # of the global batch, where a process gives its own rows
        self._chunk, self._pool = chunk, ThreadPoolExecutor(AHEAD)
        self._coming: dict[int, Future] = {}

    def _check_lengths(self, source, found):
        """Raises BadInput where columns of one stream have different numbers of rows."""
        for name, stream in self._stream.items():
            first, count = next(one for one, of in self._stream.items() if of == stream), self._counts[stream]
            if len(found[name]) != count:
                raise BadInput(
                    f"{source} has {count} rows of {first} and {len(found[name])} of {name}: give as many of each, or "
                    f"unpaired=({name!r},) where they belong to none of the others"
                )

    def like(self) -> dict[str, jax.ShapeDtypeStruct]:
        """The shapes of a batch, by name: nothing is read."""
        if self._resident:
            return {_key(stream): jax.ShapeDtypeStruct(self._lead, np.int32) for stream in self._counts}
        return {k: jax.ShapeDtypeStruct((*self._lead, *shape), self._dtypes[k]) for k, shape in self._shapes.items()}

    def batch(self, step: int, upcoming: Iterable[int] | None = None) -> dict[str, np.ndarray]:
        """What the program for the steps from `step` on is given. upcoming: the steps at which the next ones will begin.

        Row numbers int32 or samples, by name, their axes as `like` has them. Raises BadInput where a file turns out to be
        damaged.
        """
        if self._resident:
            return {_key(stream): row for stream, row in self._rows(step).items()}
        after = range(step + self._chunk, step + AHEAD * self._chunk, self._chunk) if upcoming is None else upcoming
        wanted = (step, *after)
        self._coming = {  # what is not wanted any more is forgotten: a batch depends on its step alone
            n: self._coming.get(n) or self._pool.submit(self._read, n) for n in wanted
        }
        return self._coming[step].result()

    def _read(self, step):
        rows = self._rows(step)
        return self._gather(
            self._arrays, rows if self._own is None else {s: x[..., self._own] for s, x in rows.items()}
        )

    def _rows(self, step):
        """Stream -> rows int32; from the number of samples on they are mirrored."""
        first, count = step * self._per_step, int(np.prod(self._lead))
        sizes = {stream: size * (2 if self._flip else 1) for stream, size in self._counts.items()}
        return {s: rows(self._seeds[s], first, count, size).reshape(self._lead) for s, size in sizes.items()}

    def gathering(self, step: Step) -> Step:
        """The step, taking batch(n) and `shared`."""
        if not self._resident:
            return step

        def play(state, batch, arrays):
            own = {stream: batch[_key(stream)] for stream in self._counts}
            rest = {k: v for k, v in batch.items() if k not in map(_key, self._counts)}
            return step(state, {**self._gather(arrays, own), **rest})

        return play

    def _gather(self, arrays, streams):
        batch = {}
        for name, array in arrays.items():
            stream = self._stream[name]
            row, count = streams[stream], self._counts[stream]
            source = row % count
            x = self._gathers[name](array, source) if name in self._gathers else array[source]
            mirror = getattr(self._specs[name].kind, "mirror", None) if self._kinds[name] and self._flip else None
            if mirror is not None:
                xp = np if isinstance(row, np.ndarray) else jnp
                mirrored = (row >= count).reshape(*row.shape, *(1,) * len(self._shapes[name]))
                x = xp.where(mirrored, mirror(x), x)
            batch[name] = x
        return batch


def _key(stream):
    return f"{_ROW}.{stream}" if stream else _ROW

"""Samples that are made when they are asked for: what can stand in the place of an array."""

from collections.abc import Callable

import numpy as np


class Lazy:
    """Images [N, H, W, C] by row: `view[rows]` for row numbers of any shape. A subclass sets `shape` and reads.

    `identity()` gives bytes that change with the content that it stands for.
    """

    ndim = 4
    dtype = np.dtype(np.uint8)
    shape: tuple

    def __len__(self):
        return self.shape[0]

    @property
    def nbytes(self):
        """Bytes that the view takes in memory: of all its images, where it reads them."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def rows(self, index):
        """int32 row numbers of whatever an array can be indexed with."""
        return np.arange(len(self), dtype=np.int32)[index]


class Resident(Lazy):
    """A Lazy that can live on the device: `arrays` is a tree, `gather(arrays, rows)` is in NumPy or in JAX, as rows are."""

    arrays: dict
    gather: Callable  # (arrays, rows [...]) -> images [..., H, W, C]

    @property
    def nbytes(self):
        """Bytes of its arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def __getitem__(self, index):
        return self.gather(self.arrays, self.rows(index))

    def identity(self):
        """All that it holds."""
        return b"".join(np.ascontiguousarray(array).tobytes() for array in self.arrays.values())

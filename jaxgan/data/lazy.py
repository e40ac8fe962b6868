"""Samples that are made when they are asked for: what can stand in the place of an array."""

import abc
from collections.abc import Callable
from typing import Any

import numpy as np


class Lazy(abc.ABC):
    """Images [N, H, W, C] by row: `view[rows]` for row numbers of any shape. A subclass sets `shape`, and reads."""

    ndim = 4
    dtype = np.dtype(np.uint8)
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return self.shape[0]

    @abc.abstractmethod
    def __getitem__(self, index: Any) -> np.ndarray:
        """Images [..., H, W, C] of whatever an array can be indexed with."""

    @abc.abstractmethod
    def identity(self) -> bytes:
        """Bytes that change with the content."""

    @property
    def nbytes(self) -> int:
        """Bytes that the view takes in memory: of all its images, where it reads them."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def rows(self, index: Any) -> np.ndarray:
        """int32 row numbers of whatever an array can be indexed with."""
        return np.arange(len(self), dtype=np.int32)[index]


class Rows(Lazy):
    """Rows of another column, in this order."""

    def __init__(self, column: Any, order: np.ndarray) -> None:
        self.column, self.order = column, order
        self.shape, self.dtype = (len(order), *column.shape[1:]), column.dtype

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.column[self.order[self.rows(index)]]

    def identity(self) -> bytes:
        """The column's, and the order."""
        return self.column.identity() + self.order.tobytes()


class Resident(Lazy):
    """A Lazy that can live on the device: `arrays` is a tree, `gather(arrays, rows)` is in NumPy or in JAX, as rows are."""

    arrays: dict[str, np.ndarray]
    gather: Callable[..., Any]  # (arrays, rows [...]) -> images [..., H, W, C]

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.gather(self.arrays, self.rows(index))

    def identity(self) -> bytes:
        """All that it holds."""
        return b"".join(np.ascontiguousarray(array).tobytes() for array in self.arrays.values())

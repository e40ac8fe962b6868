"""Nearest neighbours in tiles: 50,000 against 50,000 without the matrix of all distances."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.metrics import inputs
from jaxgan.metrics.distances import square_distances

_ROWS, _COLUMNS = 2048, 8192  # of a tile
_SPARE = 4  # neighbours that are looked at beyond those asked for
_ROUNDING = 2e-6  # of a squared distance on a device, as a share of |a|^2 + |b|^2
_EXACT = 2**24  # numbers of which differences are taken at once
_MANY = 1 / 64  # share of all pairs from which on a product in float64 is less work than differences of those


def nearest(queries: ArrayLike, references: ArrayLike, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(distances float32 [N, k], indices int32 [N, k]) of the k references [M, D] nearest to each query [N, D].

    The generated samples' neighbours in the training set tell of memorisation. A query that is itself a reference is its
    own nearest. The device chooses; where its rounding could have left a nearer one out, float64 does. Raises BadInput where
    there are fewer than k references, and for what `inputs.pair` refuses.
    """
    queries, references = inputs.pair(queries, references)
    if not 1 <= k <= len(references):
        raise BadInput(f"k is {k} and there are {len(references)} references: give k in 1 .. {len(references)}")
    middle, more = references.mean(axis=0), min(k + _SPARE, len(references))
    rows_of, columns = queries - middle, references - middle  # else |a|^2 + |b|^2 - 2 a b loses what is far from 0
    squares, found = [], []
    for rows in _tiles(rows_of, _ROWS):
        best = None
        for first in range(0, len(columns), _COLUMNS):
            square, index = _smallest(rows, columns[first : first + _COLUMNS], more)
            best = _merged(best, (square, index + first), more)
        squares.append(np.asarray(best[0])[:, -1])
        found.append(np.asarray(best[1]))
    indices = np.concatenate(found)[: len(queries)]
    distances = _exact(queries, references, indices)
    nearer = np.sort(distances, axis=1)[:, k - 1] ** 2  # than it all that were left out should not be
    farthest, own = np.concatenate(squares)[: len(queries)], np.sum(rows_of.astype(np.float64) ** 2, axis=1)
    least = (1 - 2 * _ROUNDING) * farthest - 3 * _ROUNDING * own  # |b|^2 is 2 (|a|^2 + the square) at most
    unsure = np.flatnonzero(~(nearer <= least) & (nearer > 0)) if more < len(references) else np.arange(0)
    for rows in (unsure[i : i + _ROWS] for i in range(0, len(unsure), _ROWS)):
        indices[rows] = _chosen(queries[rows], references, middle, more)
        distances[rows] = _exact(queries[rows], references, indices[rows])
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    chosen = np.take_along_axis(distances, order, 1), np.take_along_axis(indices, order, 1)
    return chosen[0].astype(np.float32), chosen[1].astype(np.int32)


def radii(points: ArrayLike, k: int) -> np.ndarray:
    """[N]: the distance of each point [N, D] to its k-th nearest other one. Raises BadInput where there is none."""
    points = inputs.features(points, "points")
    inputs.neighbours(k, len(points), "the set")
    return nearest(points, points, k + 1)[0][:, k]


def inside(queries: ArrayLike, centres: ArrayLike, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(count int [N], hit bool [M]): balls [M, D] with radii [M] around each query [N, D]; balls with a query in them.

    A query on the surface is in the ball. Raises BadInput for what `inputs.pair` refuses.
    """
    queries, centres = inputs.pair(queries, centres)
    middle = centres.mean(axis=0)
    near, around = queries - middle, centres - middle
    counts, hits = [], np.zeros(len(centres), bool)
    for at, rows in enumerate(_tiles(near, _ROWS)):
        own = queries[at * _ROWS : (at + 1) * _ROWS]
        count = np.zeros(len(own), np.int64)
        for first in range(0, len(centres), _COLUMNS):
            part = slice(first, first + _COLUMNS)
            within, close = (np.asarray(x)[: len(own)] for x in _within(rows, around[part], radii[part]))
            if close.any():  # too close for the device to tell
                within = within | _closer(own, centres[part], radii[part], middle, close)
            count += within.sum(axis=1)
            hits[part] |= within.any(axis=0)
        counts.append(count)
    return np.concatenate(counts), hits


def _exact(queries, references, indices):
    """float64 [N, K]: distances of queries [N, D] to references [M, D] of these indices [N, K]."""
    size = max(1, _EXACT // (indices.shape[1] * queries.shape[1]))
    parts = [
        np.linalg.norm(queries[i : i + size, None].astype(np.float64) - references[indices[i : i + size]], axis=-1)
        for i in range(0, len(queries), size)
    ]
    return np.concatenate(parts)


def _chosen(queries, references, middle, count):
    """int [N, count]: the nearest references, in float64, a tile at a time."""
    square, index = np.empty((len(queries), 0)), np.empty((len(queries), 0), np.int64)
    for first in range(0, len(references), _COLUMNS):
        new = _double(queries, references[first : first + _COLUMNS], middle)
        places = np.broadcast_to(np.arange(first, first + new.shape[1]), new.shape)
        square, index = np.concatenate([square, new], axis=1), np.concatenate([index, places], axis=1)
        if square.shape[1] > count:
            best = np.argpartition(square, count - 1, axis=1)[:, :count]
            square, index = np.take_along_axis(square, best, 1), np.take_along_axis(index, best, 1)
    return index


def _double(queries, references, middle):
    """float64 [N, M]: squared distances."""
    a, b = (x.astype(np.float64) - middle for x in (queries, references))
    return np.sum(a**2, 1)[:, None] + np.sum(b**2, 1)[None] - 2 * a @ b.T


def _closer(queries, centres, radii, middle, close):
    """bool [N, M]: those of the pairs that are close to the surface of their ball that are in it, or on it."""
    within = np.zeros_like(close)
    if np.count_nonzero(close) > _MANY * close.size:
        square, limit = _double(queries, centres, middle), radii.astype(np.float64)[None] ** 2
        slack = 1e-6 * limit + 1e-14 * np.sum((centres.astype(np.float64) - middle) ** 2, axis=1).max(initial=0)
        within, close = close & (square < limit - slack), close & (np.abs(square - limit) <= slack)
    rows, columns = np.nonzero(close)
    size = max(1, _EXACT // queries.shape[1])
    for i in range(0, len(rows), size):
        row, column = rows[i : i + size], columns[i : i + size]
        away = np.linalg.norm(queries[row].astype(np.float64) - centres[column], axis=-1)
        within[row, column] = away.astype(radii.dtype) <= radii[column]
    return within


def _tiles(x, rows):
    """Blocks of so many rows, the last one filled up with copies of its last, so that one program does."""
    for first in range(0, len(x), rows):
        block = x[first : first + rows]
        whole = min(rows, len(x)) if len(x) < rows else rows
        yield np.pad(block, ((0, whole - len(block)), (0, 0)), mode="edge")


@partial(jax.jit, static_argnums=2)
def _smallest(queries, references, k):
    square, index = jax.lax.top_k(-square_distances(queries, references), min(k, len(references)))
    return -square, index


def _merged(best, new, k):
    if best is None:
        return new
    square, index = (jnp.concatenate(both, axis=1) for both in zip(best, new, strict=True))
    found, place = jax.lax.top_k(-square, min(k, square.shape[1]))
    return -found, jnp.take_along_axis(index, place, 1)


@jax.jit
def _within(queries, centres, radii):
    """(whether each query is in each ball for certain, whether rounding decides), bool [N, M] each."""
    slack = _ROUNDING * (jnp.sum(queries**2, 1)[:, None] + jnp.sum(centres**2, 1)[None])
    square, limit = square_distances(queries, centres), (radii**2)[None]
    within = square < limit - slack
    return within, ~within & (square <= limit + slack)

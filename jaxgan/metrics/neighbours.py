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


def nearest(queries: ArrayLike, references: ArrayLike, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(distances float32 [N, k], indices int32 [N, k]) of the k references [M, D] nearest to each query [N, D].

    The generated samples' neighbours in the training set tell of memorisation. A query that is itself a reference is its
    own nearest. Raises BadInput where there are fewer than k references, and for what `inputs.pair` refuses.
    """
    queries, references = inputs.pair(queries, references)
    if not 1 <= k <= len(references):
        raise BadInput(f"k is {k} and there are {len(references)} references: give k in 1 .. {len(references)}")
    centre = references.mean(axis=0)  # else |a|^2 + |b|^2 - 2 a b loses what two samples far from 0 differ in
    queries, references = queries - centre, references - centre
    indices = []
    for rows in _tiles(queries, _ROWS):
        best = None
        for first in range(0, len(references), _COLUMNS):
            square, index = _smallest(rows, references[first : first + _COLUMNS], k)
            best = _merged(best, (square, index + first), k)
        indices.append(np.asarray(best[1]))
    indices = np.concatenate(indices)[: len(queries)]
    exact = [
        np.linalg.norm(queries[at : at + _ROWS, None] - references[indices[at : at + _ROWS]], axis=-1)
        for at in range(0, len(queries), _ROWS)
    ]
    distances = np.concatenate(exact)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(distances, order, 1), np.take_along_axis(indices, order, 1).astype(np.int32)


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
    queries, centres = queries - middle, centres - middle
    counts, hits = [], np.zeros(len(centres), bool)
    for rows in _tiles(queries, _ROWS):
        count = np.zeros(len(rows), np.int64)
        for first in range(0, len(centres), _COLUMNS):
            part = slice(first, first + _COLUMNS)
            within, hit, close = _within(rows, centres[part], radii[part])
            count += np.asarray(within)
            hits[part] |= np.asarray(hit)
            row, column = np.nonzero(np.asarray(close))  # too close for the device to tell
            away = np.linalg.norm(rows[row] - centres[part][column], axis=-1) <= radii[part][column]
            np.add.at(count, row[away], 1)
            hits[first + column[away]] = True
        counts.append(count)
    return np.concatenate(counts)[: len(queries)], hits


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
    """(balls around each query, balls with a query in them, [N, M]: where rounding decides) of what is certain."""
    slack = 2e-6 * (jnp.sum(queries**2, 1)[:, None] + jnp.sum(centres**2, 1)[None])
    square, limit = square_distances(queries, centres), (radii**2)[None]
    within = square < limit - slack
    return jnp.sum(within, axis=1), jnp.any(within, axis=0), ~within & (square <= limit + slack)

"""Runs of n symbols in texts: how far their shares are apart, and a chain that knows no more than them."""

import numpy as np
from numpy.typing import ArrayLike

from jaxgan.errors import BadInput


def ngram_divergence(a: ArrayLike, b: ArrayLike, n: int) -> float:
    """Jensen-Shannon divergence in bits of the shares of runs of n symbols in texts int [N, T] and [M, T].

    0 where they are the same, 1 where none occurs in both. Over all places, those of padding too, as Gulrajani et al. 2017,
    arXiv:1704.00028, have it in their program (language_helpers.py, js_with). Raises BadInput where no run fits into a text,
    and for so many symbols in a row that they cannot be told apart.
    """
    a, b = texts(a), texts(b)
    if not 1 <= n <= min(a.shape[1], b.shape[1]):
        raise BadInput(f"n is {n}, the texts have {min(a.shape[1], b.shape[1])} symbols: give 1 up to that")
    base = int(max(a.max(), b.max())) + 1
    runs = [_numbers(x, n, base).reshape(-1) for x in (a, b)]
    kinds = np.unique(np.concatenate(runs))
    p, q = (np.bincount(np.searchsorted(kinds, run), minlength=len(kinds)) / len(run) for run in runs)
    return (_bits(p, (p + q) / 2) + _bits(q, (p + q) / 2)) / 2


def markov_chain(samples: ArrayLike, order: int, count: int, seed: int = 0) -> np.ndarray:
    """int32 [count, T]: texts of a chain in which a symbol depends on the `order` symbols before it, fitted to texts int [N, T].

    The likeliest such chain, not smoothed: a symbol is that at a place of the texts, any of those with the same symbols before
    them. What lies before a text is the same for all, so that chains begin as texts do. Raises BadInput for an order below 0,
    for no texts to draw, and for so many symbols in a row that they cannot be told apart.
    """
    samples = texts(samples) + 1  # 0 is what lies before a text
    if order < 0 or count < 1:
        raise BadInput(f"order is {order}, count is {count}: give 0 or more, 1 or more")
    (size, length), base = samples.shape, int(samples.max()) + 1
    padded = np.concatenate([np.zeros((size, order), np.int64), samples], axis=1)
    before = _numbers(padded[:, :-1], order, base).reshape(-1) if order else np.zeros(samples.size, np.int64)
    by_state = np.argsort(before, kind="stable")
    following, states = samples.reshape(-1)[by_state], before[by_state]
    random = np.random.default_rng(seed)
    made = np.zeros((count, order + length), np.int64)
    for at in range(order, order + length):
        now = _numbers(made[:, at - order : at], order, base)[:, 0] if order else np.zeros(count, np.int64)
        low, high = (np.searchsorted(states, now, side) for side in ("left", "right"))
        ends = low == high  # what stands at the ends of texts alone: any symbol then
        made[:, at] = following[random.integers(np.where(ends, 0, low), np.where(ends, len(states), high))]
    return (made[:, order:] - 1).astype(np.int32)


def texts(samples: ArrayLike) -> np.ndarray:
    """int64 [N, T]. Raises BadInput for what is no array of whole numbers from 0 with texts in it."""
    samples = np.asarray(samples)
    if samples.ndim != 2 or samples.size == 0 or samples.dtype.kind not in "iu" or samples.min() < 0:
        raise BadInput(f"texts are {samples.dtype}{list(samples.shape)}: give whole numbers [N, T] from 0, N > 0")
    return samples.astype(np.int64)


def _numbers(samples, n, base):
    """int64 [N, T - n + 1]: a number for each run of n symbols below `base`, the same for the same run alone."""
    if base**n >= 2**63:
        raise BadInput(f"{n} of {base} symbols in a row cannot be told apart by a number: take fewer in a row")
    runs = np.lib.stride_tricks.sliding_window_view(samples, n, axis=1)
    return runs @ (base ** np.arange(n, dtype=np.int64))


def _bits(p, q):
    some = p > 0
    return float(np.sum(p[some] * np.log2(p[some] / q[some])))

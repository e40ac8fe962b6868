"""Scores from a classifier's logits."""

from itertools import pairwise

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput


def inception_score(logits: ArrayLike, splits: int = 1) -> float:
    """exp E KL(p(y|x) | p(y)) of logits [N, K], in [1, K]; the mean over so many parts in a row. Salimans et al. 2016,
    arXiv:1606.03498, section 4; published values are of 10 parts.

    Raises BadInput for other shapes, no classes, values that are not finite, more parts than samples.
    """
    return float(np.mean(inception_scores(logits, splits)))


def inception_scores(logits: ArrayLike, splits: int) -> list[float]:
    """`inception_score` of each part."""
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 2 or logits.shape[1] == 0 or not np.isfinite(logits).all():
        raise BadInput(f"logits are {list(logits.shape)}: give finite logits [N, K], K > 0")
    if not 1 <= splits <= len(logits):
        raise BadInput(f"splits is {splits} and there are {len(logits)} samples: give 1 .. {len(logits)}")
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    edges = np.arange(splits + 1) * len(log_p) // splits
    return [float(_score(log_p[a:b])) for a, b in pairwise(edges)]


def _score(log_p):
    p = np.exp(log_p)
    marginal = p.mean(axis=0)
    log_marginal = np.log(marginal, out=np.zeros_like(marginal), where=marginal > 0)
    return np.exp(np.mean(np.sum(p * (log_p - log_marginal), axis=1)))

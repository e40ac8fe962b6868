"""What tests of layers draw and compare."""

from functools import partial

import jax
import numpy as np

quick = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})  # compiled once and run once


# ten steps, each of which sums its batch in another order, differ by some three units of rounding a step, on any processor
CLOSE = 32 * float(np.finfo(np.float32).eps)


def far(a, b):
    """Largest difference of two trees, relative to each leaf's largest value.

    Some leaves are sums that all but cancel (the last bias of D, whose real and fake gradients are opposite); their
    rounding is that of the terms, so a leaf below 0.01 is measured against 0.01.
    """
    worst = jax.tree.map(lambda x, y: np.max(np.abs(x - y)) / max(np.max(np.abs(y)), 0.01), a, b)
    return max(jax.tree.leaves(worst))


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def assert_close(ours, theirs, tol=1e-5):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * (1 + np.abs(theirs).max()))

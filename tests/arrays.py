"""What tests of layers draw and compare."""

from functools import partial

import jax
import numpy as np

quick = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})  # compiled once and run once


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def close(ours, theirs, tol=1e-5):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tol * (1 + np.abs(theirs).max()))

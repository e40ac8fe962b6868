"""How far a run's samples move along a path between latents."""

from collections.abc import Mapping

import jax
import numpy as np

from jaxgan import metrics, noise
from jaxgan.evaluation.extract import FeatureExtractor
from jaxgan.evaluation.scores import score
from jaxgan.inference import Loaded
from jaxgan.metrics.protocol import Score
from jaxgan.metrics.records import EvalContext
from jaxgan.sharing import Array, Variables

EPSILON = 1e-3  # of the path; at the paper's 1e-4 the rounding of float32 shows


def length(
    context: EvalContext,
    extractor: FeatureExtractor,
    loaded: Loaded,
    variables: Variables,
    count: int,
    given: Mapping[str, Array],
    seed: int = 0,
) -> Score:
    """Score of the perceptual path length over `count` places, along the arc. Karras et al. 2019, arXiv:1812.04948, eq. 2."""
    ends = loaded.noise(jax.random.key(seed), np.arange(2 * count, dtype=np.int32))
    at = np.random.default_rng(seed).uniform(size=(count, 1)).astype(np.float32)
    given = {name: x[:count] for name, x in given.items()}
    between = lambda t: {**given, "z": np.asarray(noise.slerp(ends[:count], ends[count:], t))}
    here, there = (extractor.fake(loaded.gan, variables, count, between(t), seed) for t in (at, at + EPSILON))
    value = metrics.perceptual_path_length(here.features, there.features, EPSILON)
    return score(context, "ppl", (value, count))

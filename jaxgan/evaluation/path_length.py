"""How far a run's samples move along a path between latents."""

import dataclasses
from collections.abc import Mapping

import jax
import numpy as np

from jaxgan import metrics, noise
from jaxgan.core import GAN
from jaxgan.data.dataset import LABEL
from jaxgan.evaluation.extract import FeatureExtractor
from jaxgan.evaluation.scores import score
from jaxgan.inference import Loaded
from jaxgan.metrics.protocol import Score
from jaxgan.metrics.records import EvalContext
from jaxgan.sharing import Array, Variables

# along the path: the papers', and one where the rounding of float32 shows less
STEPS = ((1e-4, "1e-4"), (1e-3, "1e-3"))
NEAR = 0.02  # share by which both may differ for the papers' to be taken


def length(
    context: EvalContext,
    extractor: FeatureExtractor,
    loaded: Loaded,
    variables: Variables,
    count: int,
    given: Mapping[str, Array],
    seed: int = 0,
) -> Score:
    """Score of the path length of `count` paths. Karras et al. 2019, arXiv:1812.04948, eq. 2 and 3.

    In z along the arc, at an even place of each; in w, where there is one, on the line and at its beginning, as StyleGAN2's
    (arXiv:1912.04958). By a step of 1e-4 where one of 1e-3 agrees with it, else by that: the protocol says which.
    """
    ends = loaded.noise(jax.random.key(seed), np.arange(2 * count, dtype=np.int32))
    begin, end = np.asarray(ends[:count]), np.asarray(ends[count:])
    given = {name: x[:count] for name, x in given.items()}
    in_w = loaded.generator is not None and "mapping" in loaded.generator.methods
    gan = _in_w(loaded) if in_w else loaded.gan
    at = np.random.default_rng(seed).uniform(size=(count, 1)).astype(np.float32)

    def features(step):
        t = np.full_like(at, step) if in_w else at + np.float32(step)
        more = {"z": begin, "end": end, "t": t} if in_w else {"z": np.asarray(noise.slerp(begin, end, t))}
        return extractor.fake(gan, variables, count, {**given, **more}, seed).features

    here = features(0.0)
    small, large = (metrics.path_length(here, features(step), step) for step, _ in STEPS)
    value, name = (small, STEPS[0][1]) if abs(small - large) <= NEAR * large else (large, STEPS[1][1])
    found = score(context, "path_length", (value, count))
    path = f"{'w' if in_w else 'z'}-{name}"
    return dataclasses.replace(found, protocol=dataclasses.replace(found.protocol, path=path))


def _in_w(loaded):
    """The GAN that samples at batch["t"] on the line from the w of batch["z"] to that of batch["end"]."""
    net = loaded.generator

    def sample(g, batch, key):
        del key
        label = (batch[LABEL],) if net.classes else ()
        begin, end = (net.apply(g, batch[name], *label, train=False, method="mapping")[0] for name in ("z", "end"))
        w = begin + batch["t"][:, :, None] * (end - begin)
        return net.apply(g, w, train=False, method="synthesis")[0]

    return GAN(loaded.gan.init, loaded.gan.generate, loaded.gan.losses, sample)

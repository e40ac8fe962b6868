"""One pass over the real samples and one of drawing: whatever metrics want to see of them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import parallel
from jaxgan.core import GAN
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL, Dataset
from jaxgan.data.loader import rows as shuffled
from jaxgan.errors import BadInput
from jaxgan.evaluation import cache
from jaxgan.metrics.features import FeatureNet
from jaxgan.names import tell
from jaxgan.processes import agree
from jaxgan.sharing import Array, Variables

AT_ONCE = 256  # samples a dispatch
SHOWN = 2000  # samples that are kept themselves, to be looked at
STANDING = 100  # batches for a norm's standing statistics


class Features(NamedTuple):
    """Samples, as metrics see them."""

    features: np.ndarray  # float32 [N, D]
    logits: np.ndarray | None  # float32 [N, K], of a classifier
    samples: np.ndarray  # the first of them, as a file holds them; all where they are drawn in one picture
    label: np.ndarray | None = None  # true, or asked for, [N]

    def part(self, first: int, last: int) -> "Features":
        """Features of these rows; of samples that are not all kept the same ones stay."""
        cut = lambda x: None if x is None else x[first:last]
        samples = cut(self.samples) if len(self.samples) == len(self.features) else self.samples
        return Features(cut(self.features), cut(self.logits), samples, cut(self.label))


class FeatureExtractor:
    """A feature network on devices: `real` and `fake` give Features. Numbers do not depend on how many devices there are.

    together: of several processes, each on its own devices, all look through the network of the first and share the drawing.
    """

    def __init__(
        self,
        net: FeatureNet,
        kind: ModuleType,
        devices: Sequence[jax.Device] | None = None,
        together: bool = False,
    ) -> None:
        devices = devices or jax.local_devices()[:1]
        self._together = together and agree.count() > 1
        net = net._replace(variables=agree.same(net.variables)) if self._together else net
        mesh = jax.sharding.Mesh(np.array(devices), (parallel.AXIS,))
        self._rows = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(parallel.AXIS))
        self._whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        self._at_once = -(-AT_ONCE // len(devices)) * len(devices)
        self.net, self._kind, self._variables = net, kind, jax.device_put(net.variables, self._whole)
        self._see, self._draws = jax.jit(net.apply), {}

    def real(
        self, dataset: Dataset, count: int, seed: int = 0, say: Callable[[str], Any] = tell, column: str = "image"
    ) -> Features:
        """Features of `count` rows of a Dataset's column in a fixed order, from the cache where they were seen before."""
        samples = dataset[column]
        rows = shuffled(seed, 0, min(count, len(samples)), len(samples))
        label = dataset.columns.get(LABEL)
        label = None if label is None else label[rows]
        to_file = lambda rows: np.asarray(self._kind.to_file(samples[rows]))

        def make():
            say(f"looking at {len(rows)} real samples of {dataset.name} through {self.net.name}")
            seen = [self._seen(to_file(part)) for part in _parts(rows, self._at_once)]
            return _joined(seen, len(rows))

        key = f"{self.net.name}-{self.net.sha256[:16]}-{dataset.sha256[:16]}-{column}-{seed}-{len(rows)}"
        fits = lambda kept: cache.alike(kept, self._like(to_file(rows[:1]), len(rows)))
        kept = cache.arrays(f"features-{key}", make, say, fits) if self.net.fixed else make()
        keep = len(rows) if self._kind.EACH else SHOWN
        return Features(kept["features"], kept.get("logits"), to_file(rows[:keep]), label)

    def fake(
        self, gan: GAN, variables: Variables, count: int, given: Mapping[str, Array] | None = None, seed: int = 0
    ) -> Features:
        """Features of `count` samples of a generator's variables. given: {column: [count]} of what G is given.

        With latents "z" [count, Z] among them in place of the game's own draw, samples are not rounded before they are seen, of
        which only a kind with `to_scale` knows how.
        """
        given = given or {}
        variables, key = jax.device_put((variables, jax.random.key(seed)), self._whole)
        draw, found = self._draws.setdefault(gan, self._drawing(gan)), []
        parts = list(_parts(np.arange(count), self._at_once))
        for part in agree.dealt(parts) if self._together else parts:
            batch = {**batches.indexed(part[0], self._at_once), **{name: x[part] for name, x in given.items()}}
            images, out = draw(variables, self._variables, jax.device_put(batch, self._rows), key)
            shown = self._kind.EACH or part[0] < SHOWN or self._together
            found.append((np.asarray(images) if shown else None, jax.tree.map(np.asarray, out)))
        found = agree.collected(found, len(parts)) if self._together else found
        samples = [images for images, _ in found if images is not None]
        samples = samples if self._kind.EACH else samples[: -(-SHOWN // self._at_once)]
        found = _joined([out for _, out in found], count)
        bad = np.flatnonzero(~np.isfinite(found["features"]).all(axis=1))
        if len(bad):
            raise BadInput(
                f"{len(bad)} of {count} samples of the generator are not finite through {self.net.name}, the first is "
                f"{bad[0]}: evaluate an earlier --checkpoint"
            )
        shown = np.concatenate(samples)[:count]
        return Features(found["features"], found.get("logits"), shown, given.get(LABEL))

    def _drawing(self, gan):
        """Drawn, rounded as a file would hold it, and seen, in one program; latents that are given are not rounded away."""

        @partial(jax.jit, out_shardings=self._rows)
        def draw(variables, net, batch, key):
            samples = gan.sample(variables, batch, key)
            kept = self._kind.to_file(samples)
            return kept, self.net.apply(net, self._kind.to_scale(samples) if "z" in batch else kept)

        return draw

    def _like(self, sample, count):
        """Shapes of what `real` keeps of so many samples."""
        one = jax.ShapeDtypeStruct((self._at_once, *sample.shape[1:]), sample.dtype)
        seen = jax.eval_shape(self._see, self._variables, one)._asdict()
        return {k: jax.ShapeDtypeStruct((count, *x.shape[1:]), jnp.float32) for k, x in seen.items() if x is not None}

    def _seen(self, images):
        return jax.tree.map(np.asarray, self._see(self._variables, jax.device_put(images, self._rows)))


def drawn(gan: GAN, variables: Variables, count: int, given: Mapping[str, Array], seed: int = 0) -> np.ndarray:
    """`count` samples of a generator's variables, as the step has them."""
    draw, key, samples = jax.jit(gan.sample), jax.random.key(seed), []
    for part in _parts(np.arange(count), min(AT_ONCE, count)):
        batch = {**batches.indexed(part[0], len(part)), **{name: x[part] for name, x in given.items()}}
        samples.append(np.asarray(draw(variables, batch, key)))
    return np.concatenate(samples)[:count]


def standing(
    gan: GAN,
    variables: Variables,
    given_at: Callable[[np.ndarray], Mapping[str, Array]] | None = None,
    seed: int = 0,
    batch_size: int = 64,
) -> Variables:
    """Variables whose norm statistics are those of the weights as they are: moved by 100 batches. Brock et al. 2019,
    arXiv:1809.11096, appendix A.

    given_at: places int [B] -> {column: [B]} of what G is given. Raises BadInput where the generator has no statistics.
    """
    if set(variables) == {"params"}:
        raise BadInput("the generator has no norm statistics: remove --standing-stats")

    @jax.jit
    def move(variables, batch, key):
        return {**variables, **gan.generate(variables, batch, key)[1]}

    for number in range(STANDING):
        batch = batches.indexed(number * batch_size, batch_size)
        batch |= {} if given_at is None else given_at(batch["index"])
        variables = move(variables, batch, jax.random.key(seed))
    return variables


def _parts(rows, size):
    """Runs of `size` of the rows, the last one filled up, so that one program does."""
    for first in range(0, len(rows), size):
        part = rows[first : first + size]
        yield np.concatenate([part, np.repeat(part[-1:], size - len(part))])


def _joined(seen, count):
    whole = {name: [getattr(one, name) for one in seen] for name in ("features", "logits")}
    return {name: np.concatenate(x)[:count].astype(np.float32) for name, x in whole.items() if x[0] is not None}

"""One pass over the real samples and one of drawing: whatever metrics want to see of them."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import parallel
from jaxgan.data.feed import rows as shuffled
from jaxgan.errors import BadInput
from jaxgan.evaluation import cache
from jaxgan.reports.pictures import to_uint8

AT_ONCE = 256  # samples a dispatch
SHOWN = 2000  # samples that are kept themselves, to be looked at
STANDING = 100  # batches for a norm's standing statistics


class Sight(NamedTuple):
    """Samples, as metrics see them."""

    features: np.ndarray  # float32 [N, D]
    logits: np.ndarray | None  # float32 [N, K], of a classifier
    samples: np.ndarray  # the first of them: images uint8 [n, H, W, C], or all points
    label: np.ndarray | None = None  # true, or asked for, [N]

    def part(self, first, last):
        """Sight of these rows; of images all that are kept stay."""
        cut = lambda x: None if x is None else x[first:last]
        samples = cut(self.samples) if self.samples.ndim == 2 else self.samples
        return Sight(cut(self.features), cut(self.logits), samples, cut(self.label))


class Eye:
    """A feature network on devices: `real` and `fake` give Sights. Numbers do not depend on how many devices there are."""

    def __init__(self, net, devices=None):
        devices = devices or jax.local_devices()[:1]
        mesh = jax.sharding.Mesh(np.array(devices), (parallel.AXIS,))
        self._rows = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(parallel.AXIS))
        self._whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        self._at_once = -(-AT_ONCE // len(devices)) * len(devices)
        self.net, self._variables = net, jax.device_put(net.variables, self._whole)
        self._see, self._draws = jax.jit(net.apply), {}

    def real(self, dataset, count, seed=0, say=print):
        """Sight of `count` rows of a Dataset in a fixed order, from the cache where they were seen before."""
        size = len(dataset.image)
        rows = shuffled(seed, 0, min(count, size), size)
        label = None if dataset.label is None else dataset.label[rows]

        def make():
            say(f"looking at {len(rows)} real samples of {dataset.name} through {self.net.name}")
            seen = [self._seen(_shown(dataset.image[part])) for part in _parts(rows, self._at_once)]
            return _joined(seen, len(rows))

        key = f"{self.net.name}-{self.net.sha256[:16]}-{dataset.facts.sha256[:16]}-{seed}-{len(rows)}"
        kept = cache.arrays(f"features-{key}", make, say) if self.net.fixed else make()
        keep = len(rows) if dataset.image.ndim == 2 else SHOWN
        return Sight(kept["features"], kept.get("logits"), _shown(dataset.image[rows[:keep]]), label)

    def fake(self, gan, variables, count, label=None, seed=0, latents=None):
        """Sight of `count` samples of a generator's variables. label: [count], for a conditional one.

        latents: [count, Z] in place of the game's own draw.
        """
        variables, key = jax.device_put((variables, jax.random.key(seed)), self._whole)
        draw, seen, samples = self._draws.setdefault(gan, self._drawing(gan)), [], []
        for part in _parts(np.arange(count), self._at_once):
            batch = {"index": np.arange(part[0], part[0] + self._at_once, dtype=np.int32)}
            batch |= {name: x[part] for name, x in (("label", label), ("z", latents)) if x is not None}
            images, out = draw(variables, self._variables, jax.device_put(batch, self._rows), key)
            seen.append(jax.tree.map(np.asarray, out))
            if images.ndim == 2 or len(samples) * self._at_once < SHOWN:
                samples.append(np.asarray(images))
        found = _joined(seen, count)
        bad = np.flatnonzero(~np.isfinite(found["features"]).all(axis=1))
        if len(bad):
            raise BadInput(
                f"{len(bad)} of {count} samples of the generator are not finite through {self.net.name}, the first is "
                f"{bad[0]}: evaluate an earlier --checkpoint"
            )
        shown = np.concatenate(samples)[:count]
        return Sight(found["features"], found.get("logits"), shown, label)

    def _drawing(self, gan):
        """Drawn, rounded as a file would hold it, and seen, in one program; latents that are given are not rounded away."""

        @partial(jax.jit, out_shardings=self._rows)
        def draw(variables, net, batch, key):
            images = gan.sample(variables, batch, key)
            if images.ndim == 2:
                return images, self.net.apply(net, images)
            scaled = (jnp.clip(images.astype(jnp.float32), -1, 1) + 1) * 127.5
            rounded = jnp.rint(scaled).astype(jnp.uint8)
            return rounded, self.net.apply(net, scaled if "z" in batch else rounded)

        return draw

    def _seen(self, images):
        return jax.tree.map(np.asarray, self._see(self._variables, jax.device_put(images, self._rows)))


def standing(gan, variables, label_of=None, seed=0, batch_size=64):
    """Variables whose norm statistics are those of the weights as they are: moved by 100 batches. Brock et al. 2019,
    arXiv:1809.11096, appendix A.

    label_of: places int [B] -> labels. Raises BadInput where the generator has no statistics.
    """
    if set(variables) == {"params"}:
        raise BadInput("the generator has no norm statistics: leave --standing-stats away")

    @jax.jit
    def move(variables, batch, key):
        return {**variables, **gan.generate(variables, batch, key)[1]}

    for number in range(STANDING):
        index = np.arange(number * batch_size, (number + 1) * batch_size, dtype=np.int32)
        batch = {"index": index}
        if label_of is not None:
            batch["label"] = label_of(index)
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


def _shown(images):
    """Samples as a file would hold them; points as they are."""
    return to_uint8(images) if images.ndim == 4 and np.issubdtype(images.dtype, np.floating) else np.asarray(images)

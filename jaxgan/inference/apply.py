"""A trained G at work on pictures of any size: whole, or in tiles that leave no seam."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import runs
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.inference.load import Loaded, load
from jaxgan.modalities import image, resize
from jaxgan.names import tell

MOST = 512 * 512  # pixels of what G is given at once
_USUAL = 32  # pixels that sides are brought to a multiple of, where the Net does not say of which
_LEAST = 32  # pixels a side that pictures are brought to, where those of the training were no smaller
_PROBED = (128, 256, 512)  # sides of the pictures by which G's reach is looked for
_TAIL = 2.5e-4  # what lies out of reach: sum of |d out / d in|, which moves by 2 at most


def apply(
    run: runs.Run | Loaded | str | Path,
    images: Sequence[np.ndarray] | np.ndarray,
    *,
    seed: int = 0,
    reverse: bool = False,
    most: int = MOST,
    recipe: Any = None,
) -> list[np.ndarray]:
    """What a run's G makes of pictures: uint8 [H, W, C] each, of any sizes, of uint8 [h, w, c] each.

    run: a run, its folder, or what `load` gives. seed: of what G draws: every picture has the same draw, so that none depends on
    another. reverse: the other way, where the game has one. most: pixels that G is given at once: of larger pictures it is
    given tiles, or, where what it makes of a pixel depends on all of the picture, a smaller copy. recipe: the file of a recipe
    of one's own. Raises BadInput for runs whose G is given no pictures, and for what is none.
    """
    loaded = run if isinstance(run, Loaded) else load(run, recipe=recipe)
    translator = Translator(loaded, seed=seed, reverse=reverse, most=most)
    return [translator(np.asarray(one)[None])[0] for one in images]


class Translator:
    """Function (pictures uint8 [B, h, w, c] of one size) -> uint8 [B, H, W, C] of a run's G.

    `column`, `channels`: of what G is given, the last of which says what is known where it `fills` holes. `scale`: H / h.
    `kind`: the modality of what it makes, `clear` where that has transparency. Raises BadInput where G is given no pictures,
    and for a way that it has not learned.
    """

    def __init__(self, loaded: Loaded, *, seed: int = 0, reverse: bool = False, most: int = MOST) -> None:
        config, specs = loaded.config, loaded.data.specs
        for name, value, least in (("--seed", seed, 0), ("--most-pixels", most, 1)):
            if value < least:
                raise BadInput(f"{name} is {value}: give {least} or more")
        given = [name for name in config.given if name != LABEL]
        if len(given) != 1 or specs[given[0]].modality != "image":
            raise BadInput(
                f"the run of {loaded.data.name} makes samples of latents, not of pictures: take jaxgan sample"
            )
        one_way = BadInput("--reverse is of a run that has learned both ways, and this one goes one way: remove it")
        if reverse and given[0] not in config.unpaired:
            raise one_way
        self.column, other = (config.real, given[0]) if reverse else (given[0], config.real)
        shape, made = specs[self.column].shape, specs[other]
        self.kind, self.channels, self._most = made.kind, shape[2], most
        self.fills = "holes" in getattr(config, "degrade", ()) and self.channels == made.shape[2] + 1
        self.clear = made.modality == "image" and made.shape[2] == 4
        self._multiple = (loaded.generator.multiple if loaded.generator is not None else 0) or _USUAL
        self._trained = shape[:2]
        key = jax.random.key(seed)

        def draw(variables, x):
            batch = {self.column: x, "index": jnp.zeros(x.shape[0], jnp.int32)}  # one draw for all
            return loaded.gan.sample(variables, batch, key)

        self._draw, self._variables = jax.jit(draw), loaded.state.ema
        small = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
        try:
            self.scale = jax.eval_shape(draw, self._variables, small).shape[1] // shape[0]
        except BadInput as error:  # a game of one way does not sample from what it makes
            raise (one_way if reverse else error) from error

    def __call__(self, pictures: np.ndarray, say: Callable[[str], Any] = tell) -> np.ndarray:
        pictures = image.check("pictures", pictures)
        if self.fills and pictures.shape[3] != self.channels:  # nothing of it is unknown
            pictures = resize.as_channels(pictures, self.channels - 1)
            pictures = np.concatenate([pictures, np.full_like(pictures[..., :1], 255)], axis=-1)
        pictures = resize.as_channels(pictures, self.channels)
        pictures = holed(pictures) if self.fills else pictures
        height, width = pictures.shape[1:3]
        if height * width > self._most and self.reach is None:
            share = (self._most / (height * width)) ** 0.5
            size = [max(1, int(n * share)) for n in (height, width)]
            say(
                f"what this G makes of a pixel depends on all of the picture, which cannot be cut: {width}x{height} is made "
                f"{size[1]}x{size[0]}, --most-pixels allows more"
            )
            how = resize.Resize(size[0], "stretch", 0, size[1] / size[0])
            pictures = np.stack([resize.fit(one, how)[:, : size[1]] for one in pictures])
            height, width = pictures.shape[1:3]
        padded = _padded(pictures, self._multiple, self._trained)
        whole = padded.shape[1] * padded.shape[2] <= self._most or self.reach is None
        out = self._whole(padded) if whole else np.concatenate([self._tiled(one[None]) for one in padded])
        return out[:, : height * self.scale, : width * self.scale]

    @cached_property
    def reach(self) -> int | None:
        """Pixels from what G makes to the farthest that it is made of, to 1e-3 of its range; None where that is all of them.

        Read off the gradient of a pixel in the middle of noise.
        """
        for side in _PROBED:
            side = -(-side // self._multiple) * self._multiple
            x = np.random.default_rng(0).uniform(-1, 1, (1, side, side, self.channels)).astype(np.float32)
            if self.fills:  # of a pixel that is known G makes that pixel, and no more
                x[:, side // 2, side // 2, -1] = -1
            place = side // 2 * self.scale
            middle = lambda x, variables, at=place: self._draw(variables, x)[0, at, at]
            of = jax.jit(jax.jacrev(middle))
            each = np.abs(np.asarray(of(x, self._variables))).sum(axis=-1)
            slope = each.max(axis=0)[0]  # [side, side], of the channel that sees most
            far = np.abs(np.arange(side) - side // 2)
            ring = np.maximum(far[:, None], far[None])
            sums = np.bincount(ring.reshape(-1), slope.reshape(-1))
            beyond = np.cumsum(sums[::-1])[::-1]  # [r]: of all that lies r or more away
            within = np.flatnonzero(beyond[: side // 2 - 2] <= _TAIL)
            if len(within):
                return int(within[0])
        return None

    def _whole(self, padded):
        """What G makes of pictures: in parts of one size where all together have more pixels than it is given at once."""
        count = len(padded)
        most = max(1, self._most // (padded.shape[1] * padded.shape[2]))
        each = -(-count // -(-count // most))
        filled = np.concatenate([padded, np.repeat(padded[-1:], -count % each, axis=0)]) if count % each else padded
        parts = [self._draw(self._variables, filled[i : i + each]) for i in range(0, count, each)]
        return np.concatenate([self.kind.to_file(np.asarray(part)) for part in parts])[:count]

    def _tiled(self, padded):
        m = self._multiple
        overlap = -(-self.reach // m) * m
        side = max(int(self._most**0.5) // m * m, 2 * overlap + m)
        sizes = [min(side, n) for n in padded.shape[1:3]]
        cores = [size - 2 * overlap if size < n else n for size, n in zip(sizes, padded.shape[1:3], strict=True)]
        rows, columns = (range(0, n, core) for n, core in zip(padded.shape[1:3], cores, strict=True))
        out: Any = None
        s = self.scale
        for top in rows:
            for left in columns:
                at = [
                    int(np.clip(first - overlap, 0, n - size))
                    for first, n, size in zip((top, left), padded.shape[1:3], sizes, strict=True)
                ]
                tile = self._whole(padded[:, at[0] : at[0] + sizes[0], at[1] : at[1] + sizes[1]])
                if out is None:
                    out = np.zeros((1, padded.shape[1] * s, padded.shape[2] * s, *tile.shape[3:]), tile.dtype)
                ends = [
                    min(first + core, n) for first, core, n in zip((top, left), cores, padded.shape[1:3], strict=True)
                ]
                inner = tile[:, (top - at[0]) * s : (ends[0] - at[0]) * s, (left - at[1]) * s : (ends[1] - at[1]) * s]
                out[:, top * s : ends[0] * s, left * s : ends[1] * s] = inner
        return out


def holed(pictures: np.ndarray) -> np.ndarray:
    """uint8 [..., C + 1] with holes as `degrade.holes` makes them: all or nothing is known, and grey is what is not."""
    known = pictures[..., -1:] >= 128
    return np.concatenate([np.where(known, pictures[..., :-1], 128), known * 255], axis=-1).astype(np.uint8)


def _padded(pictures, multiple, trained):
    """Pictures mirrored at their lower and right edges up to multiples: no further, as networks see where a picture ends.

    Those of the size that G was trained on are what they are.
    """
    sizes = pictures.shape[1:3]
    if sizes == tuple(trained):
        return pictures
    wanted = [-(-max(n, min(own, _LEAST)) // multiple) * multiple for n, own in zip(sizes, trained, strict=True)]
    more = [n - was for n, was in zip(wanted, sizes, strict=True)]
    return np.pad(pictures, ((0, 0), (0, more[0]), (0, more[1]), (0, 0)), mode="symmetric")

"""What an edit begins with: latents that are drawn, read from a file, or found for pictures; and the G that they are of."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxgan import losses, runs
from jaxgan.errors import BadInput
from jaxgan.inference import directions as ways
from jaxgan.inference import edit_pictures, noise_images
from jaxgan.inference import latents as seam
from jaxgan.inference.invert import Inverted, invert
from jaxgan.inference.latents import Kept, Space
from jaxgan.inference.load import Loaded
from jaxgan.inference.tune import flat, tune, with_weights
from jaxgan.layers import with_noise
from jaxgan.metrics import features
from jaxgan.modalities import image

_PRIOR = 1e-4  # on latents in z, which nothing else keeps where G knows them


class Base(NamedTuple):
    """Latents [N, *shape] of a space, and the G that makes images of them."""

    loaded: Loaded  # with the tuned G, where it was tuned
    where: Space
    latents: np.ndarray
    label: np.ndarray | None
    names: tuple[str, ...]
    more: dict[str, np.ndarray] = {}
    weights: dict[str, np.ndarray] = {}  # of the tuned G
    noise: dict[str, np.ndarray] = {}  # that G adds to each, where it was found with them

    def draw(self, latents: np.ndarray) -> np.ndarray:
        """float32 [N, H, W, C] of latents that have the labels, and the noise, of the first N."""
        label = None if self.label is None or self.where.name != "z" else self.label[: len(latents)]
        noise = {name: each[: len(latents)] for name, each in self.noise.items()}
        return seam.images(self.where, self.loaded.state.ema, latents, label, noise)

    @property
    def kept(self) -> Kept:
        """For a file."""
        return Kept(self.where.name, self.latents, self.label, self.names, self.more, self.weights, self.noise)


def base(asked: Any, opened: runs.Run, loaded: Loaded, where: Space) -> tuple[Base, dict[str, Any], list[str]]:
    """(Base, {file: {title: images}} of an inversion, lines to say) of what is asked for. Raises BadInput as `edit` does."""
    if asked.invert:
        return _of_pictures(asked, opened, loaded, where)
    if asked.latents is not None or asked.mix:
        name = "w+" if asked.mix else asked.space
        file = asked.latents if asked.latents is not None else asked.mix[0]
        made = kept_in(loaded, file, name, None)
        if asked.truncate and made.where.name == "z":  # styles are truncated, which z are on the way to
            made = kept_in(loaded, file, where.name, None)
        return made, {}, []
    count = asked.num or (1 if asked.directions else 8)
    x, label = seam.drawn(loaded, where, count, seed=asked.seed, label=asked.label)
    return Base(loaded, where, x, label, tuple(f"{i:04}" for i in range(count))), {}, []


def inverted_files(
    asked: Any, opened: runs.Run, loaded: Loaded, where: Space, words: Any
) -> tuple[np.ndarray, tuple[str, ...], Inverted]:
    """(images in [-1, 1], their names, Inverted) of files and folders."""
    images, names = edit_pictures.given(words, opened.made, asked.num, asked.fit, asked.say)
    images = np.asarray(image.to_step(images), np.float32)
    options = {"steps": asked.steps, "starts": asked.starts, "seed": asked.seed, "say": asked.say}
    options |= {
        "noise_images": asked.noise_images,
        "perceptual": term(asked),
        "prior": _PRIOR if where.name == "z" else 0.0,
    }
    return images, names, invert(loaded, where, images, asked.label, **options)


def term(asked: Any) -> Any:
    """The perceptual loss that is asked for, None where no weights are named."""
    if not asked.perceptual_features or not asked.perceptual:
        return None
    return losses.perceptual(features.taps(asked.perceptual_features), asked.perceptual)


def kept_in(loaded: Loaded, path: str | Path, name: str, weights: dict[str, np.ndarray] | None) -> Base:
    """Base of a file of latents, in the space of this name, "" for its own.

    weights: those of the tuned G that the others are of, None where there are no others. Raises BadInput for a file of another G.
    """
    kept = seam.read(path, loaded)
    if weights is not None and kept.tuned and not _same(kept.tuned, weights):
        raise BadInput(f"{path} is of a G that was tuned to other pictures: mix latents of one G")
    noise_images.check(path, kept, loaded)
    if kept.tuned and weights is None:
        loaded = _with(loaded, with_weights(loaded.state.ema, kept.tuned))
    was = seam.space(loaded, kept.space)
    now = was if name in ("", kept.space) else seam.space(loaded, name)
    if was.name == "z" and now.name != "z":
        x = np.asarray(now.of_z(loaded.state.ema, kept.latents, kept.label))
    else:
        x = seam.wider(kept.latents, was, now)
    names = kept.names or tuple(f"{i:04}" for i in range(len(x)))
    return Base(loaded, now, x, kept.label, names, kept.more, kept.tuned if weights is None else weights, kept.noise)


def mixed(asked: Any, base: Base) -> np.ndarray:
    """Images [A + 1, B + 1, H, W, C]: rows of the one file, columns of the other, whose styles are those of `layers`.

    Karras et al. 2019, arXiv:1812.04948, section 3.1; with G's own noise, since two pictures meet. Raises BadInput
    for layers that are not there, and another G's latents.
    """
    other, base = kept_in(base.loaded, asked.mix[1], "w+", base.weights), base._replace(noise={})
    taken = ways.taken(base.where, asked.layers or (base.where.layers // 2 + 1, base.where.layers))
    both = np.where(taken[None, None, :, None], other.latents[None], base.latents[:, None])  # [A, B, L, W]
    across, down = base.draw(other.latents), base.draw(base.latents)
    corner = np.ones_like(across[:1])  # white
    rows = [np.concatenate([left[None], base.draw(row)]) for left, row in zip(down, both, strict=True)]
    return np.stack([np.concatenate([corner, across]), *rows])


def _of_pictures(asked, opened, loaded, where):
    images, names, found = inverted_files(asked, opened, loaded, where, asked.invert)
    shown, more = {"real": images, "made": found.images}, {"error": found.error, "psnr": found.psnr}
    made = Base(loaded, where, found.latents, found.label, names, more, noise=found.noise)
    lines = [f"{name}: PSNR {psnr:.1f} dB" for name, psnr in zip(names, found.psnr, strict=True)]
    if asked.tune:
        options = {"perceptual": term(asked), "seed": asked.seed, "say": asked.say}
        own = tune(loaded, where, made.latents, images, made.label, made.noise, **options)
        made = made._replace(loaded=_with(loaded, own), weights=flat(own))
        shown["tuned"] = made.draw(made.latents)
        after = found._replace(error=np.mean((shown["tuned"] - images) ** 2, axis=(1, 2, 3)))
        made = made._replace(more={**more, "error_tuned": after.error, "psnr_tuned": after.psnr})
        lines = [f"{line}, tuned {psnr:.1f} dB" for line, psnr in zip(lines, after.psnr, strict=True)]
    return made, {"inversion.png": shown}, lines


def of_first(base: Base) -> Loaded:
    """The run with a G that adds the noise of the first latents, where it was found with them."""
    noise = {name: image[:1] for name, image in base.noise.items()}
    return _with(base.loaded, with_noise(base.loaded.state.ema, noise))


def _with(loaded, variables):
    return loaded._replace(state=loaded.state._replace(ema=variables))


def _same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(x, other[name]) for name, x in one.items())

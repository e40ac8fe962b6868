"""Masks: class numbers uint8 [N, H, W] in files; in a step the same, or logits [N, H, W, K] where G makes them."""

import colorsys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities import image
from jaxgan.modalities import resize as resizing
from jaxgan.sharing import Array

ONE, SUFFIX, FEATURES, EACH, FORMS = "mask", ".png", "", None, ()
AXES = (2,)


def to_step(x: Array) -> Array:
    """As they are: class numbers are names."""
    return x


def to_file(x: Array) -> Array:
    """uint8 [..., H, W] of class numbers; of logits [..., H, W, K] the class of the largest."""
    if jnp.issubdtype(x.dtype, jnp.floating):
        x = (np if isinstance(x, np.ndarray) else jnp).argmax(x, axis=-1)
    return x.astype(jnp.uint8)


def check(name: str, samples: np.ndarray) -> np.ndarray:
    """uint8 [N, H, W] of class numbers 0 .. 255."""
    if samples.ndim == 4 and samples.shape[-1] == 1:
        samples = samples[..., 0]
    if samples.ndim != 3 or samples.size == 0 or samples.dtype.kind not in "iub":
        raise BadInput(f"{name} is {samples.dtype}{list(samples.shape)}, and masks are whole numbers [N, H, W], N > 0")
    low, high = int(samples.min()), int(samples.max())
    if low < 0 or high > 255:
        raise BadInput(f"{name} has class numbers {low} .. {high}: give 0 .. 255")
    return samples.astype(np.uint8)


def resize(samples: np.ndarray, how: resizing.Resize) -> np.ndarray:
    """Masks brought to a Resize as the images that they lie over, by the nearest pixel: no class comes in between."""
    if how.size is None or samples.shape[1:3] == how.size:
        return samples
    return np.stack([resizing.fit(one[..., None], how._replace(channels=0), nearest=True)[..., 0] for one in samples])


def mirror(x: Array) -> Array:
    """Left is right."""
    return x[..., ::-1]


def describe(shape: Sequence[int]) -> str:
    """32x32 of class numbers."""
    return f"{shape[0]}x{shape[1]} of class numbers"


def write(path: str | Path, sample: np.ndarray) -> None:
    """Writes one mask as a picture of class numbers with the palette that sample grids have."""
    from PIL import Image

    picture = Image.fromarray(sample)
    picture.putpalette(PALETTE.reshape(-1).tolist())
    picture.save(path)


def sample_grid(
    path: str | Path, samples: np.ndarray, columns: int, titles: Sequence[str] = (), real: np.ndarray | None = None
) -> None:
    """Writes a grid of masks in colours."""
    image.sample_grid(path, PALETTE[samples], columns, titles, real)


def draw(ax: Any, samples: np.ndarray, columns: int, real: np.ndarray | None = None) -> None:
    """The grid on axes."""
    image.draw(ax, PALETTE[samples], columns, real)


def blank(shape: Sequence[int]) -> np.ndarray:
    """What stands in a grid where there is no sample."""
    return np.zeros(shape, np.uint8)


def _palette():
    """uint8 [256, 3]: black, then hues that lie far apart (golden ratio), lighter and darker in turns."""
    hues = (np.arange(255) * 0.61803398875) % 1
    rows = [colorsys.hsv_to_rgb(hue, 0.75, (0.95, 0.65, 0.8)[i % 3]) for i, hue in enumerate(hues)]
    return np.rint(np.array([(0, 0, 0), *rows]) * 255).astype(np.uint8)


PALETTE = _palette()

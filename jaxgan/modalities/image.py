"""Images: uint8 [N, H, W, C] in files, float in [-1, 1] in a step; grey, colour, or colour and transparency."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities import resize as resizing
from jaxgan.sharing import Array, Batch

ONE, SUFFIX, FEATURES, EACH, FORMS = "image", ".png", "classifier", None, (4, 3)
CELL = 48  # smallest width of a picture in a grid, in pixels
_CHANNELS = (1, 3, 4)
_AS_THEY_ARE = ("mask", "label")  # columns of numbers that are names


def batch_to_step(batch: Batch) -> Batch:
    """The batch with its columns of uint8 in [-1, 1], but for "mask" and "label"."""
    scaled = {k: to_step(x) for k, x in batch.items() if k not in _AS_THEY_ARE and x.dtype == jnp.uint8}
    return {**batch, **scaled}


def to_step(x: Array) -> Array:
    """[-1, 1] of uint8; floats as they are."""
    return x / 127.5 - 1 if x.dtype == jnp.uint8 else x


def from_scale(x: jax.Array) -> jax.Array:
    """float32 in [-1, 1] of numbers in 0 .. 255, whole or not."""
    return x.astype(jnp.float32) / 127.5 - 1


def to_file(x: Array) -> Array:
    """uint8 of images in [-1, 1]; those of uint8 as they are."""
    return x if x.dtype == jnp.uint8 else np.rint(to_scale(np.asarray(x, np.float32))).astype(np.uint8)


def to_scale(x: Array) -> Array:
    """float32 in 0 .. 255 of images in [-1, 1], not rounded."""
    xp = np if isinstance(x, np.ndarray) else jnp
    return (xp.clip(x.astype(jnp.float32), -1, 1) + 1) * 127.5


def check(name: str, samples: np.ndarray) -> np.ndarray:
    """uint8 [N, H, W, C], or float32 in [-1, 1], of [N, H, W, C], [N, C, H, W] with C of 1, 3 or 4, or grey [N, H, W]."""
    if (
        samples.ndim == 4
        and samples.shape[1] in _CHANNELS
        and samples.shape[3] not in _CHANNELS
        and min(samples.shape[2:]) > 4
    ):
        samples = np.moveaxis(samples, 1, -1)
    if samples.ndim == 3 and samples.dtype == np.uint8 and samples.shape[2] in (3, 4) and min(samples.shape[:2]) > 4:
        raise BadInput(
            f"{name} is uint8{list(samples.shape)}, which looks like one picture: give [N, H, W, C], or array[None]"
        )
    if samples.ndim == 3 and (samples.dtype == np.uint8 or samples.shape[-1] > 2):
        samples = samples[..., None]  # grey
    if samples.ndim != 4 or samples.size == 0:
        raise BadInput(
            f"{name} is {samples.dtype}{list(samples.shape)}, and images are [N, H, W, C] or grey [N, H, W], N > 0: "
            "reshape them, or name the array after what it is"
        )
    if samples.dtype == np.uint8:
        return samples
    if not np.issubdtype(samples.dtype, np.floating):
        raise BadInput(f"{name} is {samples.dtype}: give uint8 in 0 .. 255 or floats in [-1, 1] (points: floats)")
    samples = samples.astype(np.float32)
    low, high = float(samples.min()), float(samples.max())
    if not np.isfinite([low, high]).all():
        raise BadInput(f"{name} has values that are not finite: remove those samples")
    if low < -1 or high > 1 or (low >= 0 and high > 0):
        raise BadInput(
            f"{name}: float images span {low:g} .. {high:g} and [-1, 1] is expected: rescale them, or give uint8 0 .. 255"
        )
    return samples


def resize(samples: np.ndarray, how: resizing.Resize) -> np.ndarray:
    """Images [N, H, W, C] brought to a Resize, with as many channels as it asks for."""
    samples = resizing.as_channels(resizing.half_of(samples, how.half), how.channels)
    how = how._replace(half="")
    if how.size is not None and samples.shape[1:3] != how.size:
        samples = np.stack([resizing.fit(one, how) for one in samples])
    return samples


def mirror(x: Array) -> Array:
    """Left is right."""
    return x[..., ::-1, :]


def describe(shape: Sequence[int]) -> str:
    """32x32, 3 channel(s)."""
    return f"{shape[0]}x{shape[1]}, {shape[2]} channel(s)"


def write(path: str | Path, sample: np.ndarray) -> None:
    """Writes one uint8 image [H, W, C] as it is."""
    _picture(sample).save(path)


def sample_grid(
    path: str | Path, samples: np.ndarray, columns: int, titles: Sequence[str] = (), real: np.ndarray | None = None
) -> None:
    """Writes a grid of uint8 images, row by row, with titles over the columns."""
    del real
    grid(samples, columns, titles).save(path)


def draw(ax: Any, samples: np.ndarray, columns: int, real: np.ndarray | None = None) -> None:
    """The grid on axes."""
    del real
    ax.imshow(np.asarray(grid(samples, columns)))
    ax.axis("off")


def blank(shape: Sequence[int]) -> np.ndarray:
    """What stands in a grid where there is no sample."""
    return np.full(shape, 255, np.uint8)


def grid(images: np.ndarray, columns: int, titles: Sequence[str] = ()) -> Any:
    """Pillow image of uint8 images [N, H, W, C], row by row, each at least CELL pixels wide, with titles over the columns."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = images.shape[1:3]
    scale = max(1, -(-CELL // width))
    gap = 2 if scale == 1 else 4
    font = ImageFont.load_default(16)
    top = 24 if titles else 0
    rows = -(-len(images) // columns)
    cell_h, cell_w = height * scale + gap, width * scale + gap
    whole = Image.new("RGB", (columns * cell_w + gap, rows * cell_h + gap + top), "white")
    for i, image in enumerate(images):
        picture = _picture(image).resize((width * scale, height * scale), Image.Resampling.BICUBIC)
        place = (gap + i % columns * cell_w, top + gap + i // columns * cell_h)
        whole.paste(picture, place, picture if picture.mode == "RGBA" else None)
    pen = ImageDraw.Draw(whole)
    for i, title in enumerate(titles[:columns]):
        while title and pen.textlength(title, font) > cell_w - gap:
            title = title[:-1]
        pen.text((gap + (i + 0.5) * cell_w - gap / 2, 4), title, "black", font, anchor="ma")
    return whole


def _picture(image):
    """Pillow image of uint8 [H, W, C]: grey, colour, or with transparency; of other channel counts the first is shown."""
    from PIL import Image

    return Image.fromarray(image if image.shape[-1] in (3, 4) else image[..., 0])

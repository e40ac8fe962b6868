"""How pictures of any size and kind become samples of one shape."""

from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from jaxgan.errors import BadInput

HOW = ("crop", "stretch", "pad")


class Resize(NamedTuple):
    """The shape that images are brought to.

    resolution: their height in pixels, None for images as they are. aspect: width / height. how: "crop" takes the largest
    centred part of that aspect, "stretch" all of the picture, "pad" all of it with black (or clear) bars. channels: 1 grey,
    3 colour, 4 with transparency, 0 as found: grey if all are grey, and transparency laid over white.
    """

    resolution: int | None = None
    how: str = "crop"
    channels: int = 0
    aspect: float = 1.0

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width), None for images as they are."""
        return None if self.resolution is None else (self.resolution, max(1, round(self.resolution * self.aspect)))


def read(file: str | Path | IO[bytes], channels: int = 0) -> np.ndarray:
    """uint8 [H, W, C] of an open image file: 1, 3 or 4 channels; with 0, 1 or 3 as found.

    16 bits become 8; without a fourth channel transparency is laid over white. Raises OSError and others where damaged.
    """
    from PIL import Image

    with Image.open(file) as opened:
        opened.load()
        picture: Image.Image = opened
        if picture.mode.startswith("I"):  # 16 bits
            image = (np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8)[..., None]
            return as_channels(image, channels)
        clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
        if channels == 4:
            return np.asarray(picture.convert("RGBA"))
        if clear:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        if channels == 1 or (channels == 0 and is_grey(picture)):
            return np.asarray(picture.convert("L"))[..., None]
        return np.asarray(picture.convert("RGB"))


def is_grey(picture: Any) -> bool:
    """Whether a Pillow image has a single channel of brightness, whatever its depth."""
    return picture.mode in ("1", "L") or picture.mode.startswith("I")


def as_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """image [H, W, C] or [N, H, W, C] with this many channels (0: as it is). Raises BadInput where it cannot be meant."""
    found = image.shape[-1]
    if channels in (0, found):
        return image
    if found == 1 and channels in (3, 4):
        image = np.broadcast_to(image, (*image.shape[:-1], 3))
        return image if channels == 3 else np.concatenate([image, np.full_like(image[..., :1], _white(image))], axis=-1)
    if found == 3 and channels == 1:  # ITU-R 601, as Pillow
        grey = image.astype(np.float32) @ np.array([[0.299], [0.587], [0.114]], np.float32)
        return np.rint(grey).astype(image.dtype) if image.dtype == np.uint8 else grey
    if found == 3 and channels == 4:
        return np.concatenate([image, np.full_like(image[..., :1], _white(image))], axis=-1)
    raise BadInput(f"images of {found} channels cannot become --channels {channels}: remove it")


def fit(image: np.ndarray, how: Resize, nearest: bool = False) -> np.ndarray:
    """One image [H, W, C] as `how`, a Resize, has it. uint8 stays uint8, floats stay in [-1, 1].

    By Lanczos' filter, or the nearest pixel.
    """
    image = as_channels(image, how.channels)
    if how.size is None or image.shape[:2] == how.size:
        return image
    height, width = how.size
    if how.how == "crop":
        image = _centre(image, width / height)
    if how.how != "pad":
        return _resample(image, height, width, nearest)
    scale = min(height / image.shape[0], width / image.shape[1])
    high, wide = (max(1, round(n * scale)) for n in image.shape[:2])
    inner = _resample(image, high, wide, nearest)
    out = np.full((height, width, image.shape[2]), 0 if image.dtype == np.uint8 else -1, image.dtype)
    top, left = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
    out[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return out


def _white(image):
    return 255 if image.dtype == np.uint8 else 1


def _centre(image, aspect):
    height, width = image.shape[:2]
    high, wide = min(height, round(width / aspect)), min(width, round(height * aspect))
    top, left = (height - high) // 2, (width - wide) // 2
    return image[top : top + high, left : left + wide]


def _resample(image, height, width, nearest):
    from PIL import Image

    def resized(picture):
        return np.asarray(
            picture.resize((width, height), Image.Resampling.NEAREST if nearest else Image.Resampling.LANCZOS)
        )

    if image.dtype == np.uint8 and image.shape[-1] in (
        1,
        3,
        4,
    ):  # of four Pillow weighs the colours by the transparency
        return resized(Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)).reshape(height, width, -1)
    channels = [resized(Image.fromarray(c.astype(np.float32))) for c in np.moveaxis(image, -1, 0)]
    low, high = (0, 255) if image.dtype == np.uint8 else (-1, 1)
    out = np.clip(np.stack(channels, -1), low, high)
    return np.rint(out).astype(np.uint8) if image.dtype == np.uint8 else out

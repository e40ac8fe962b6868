"""How pictures of any size and kind become samples of one shape."""

import contextlib
import logging
import struct
import threading
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities import depths
from jaxgan.modalities.depths import ALONE, Spreads

HOW = ("crop", "stretch", "pad")
# among Pillow's others is PostScript, which is a program
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "AVIF")
MOST_PIXELS = 2**28  # of one picture
_LARGE = 2**25  # pixels above which one picture is read at a time, for it takes gigabytes
# what Pillow's decoders raise over a damaged file, besides OSError and its kin
_ODD = (TypeError, KeyError, IndexError, AttributeError, ArithmeticError, EOFError, MemoryError, struct.error)
_one_large = threading.Lock()
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF's orientation -> Pillow's Transpose


class Resize(NamedTuple):
    """The shape that images are brought to.

    resolution: their height in pixels, None for images as they are. aspect: width / height. how: "crop" takes the largest
    centred part of that aspect, "stretch" all of the picture, "pad" all of it with black (or clear) bars. channels: 1 grey,
    3 colour, 4 with transparency, 0 as found: grey if all are grey, and transparency laid over white. half: "left" or "right"
    of what is found, "" for all of it. length and rate: of what has a time, how many of its smallest parts a sample has and how
    many of them are a second (values of a sound, frames of a film); 0 for those that are found. symbols: those that a text of
    words is to be in, () for its own. whole: all of a text, of which a part is left out otherwise. scale: of
    pictures of more than 8 bits, (kind, lowest, highest) of others that are to be of one scale with them.
    """

    resolution: int | None = None
    how: str = "crop"
    channels: int = 0
    aspect: float = 1.0
    half: str = ""
    length: int = 0
    rate: float = 0.0
    symbols: tuple[str, ...] = ()
    whole: bool = False
    scale: depths.Scale = ()

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width), None for images as they are."""
        return None if self.resolution is None else (self.resolution, max(1, round(self.resolution * self.aspect)))

    @property
    def said(self) -> str:
        """What it says, the same for the same pictures."""
        optional = ("half", "length", "rate", "symbols", "whole", "scale")
        fields = [f"{name}={value!r}" for name, value in self._asdict().items() if name not in optional or value]
        return f"Resize({', '.join(fields)})"


class Head(NamedTuple):
    """What the head of an image file says."""

    size: tuple[int, int]  # height, width
    grey: bool
    wide: bool  # whether its values are floats, or of more than 8 bits, which `spread` is of


def read(file: str | Path | IO[bytes], channels: int = 0, spreads: Spreads = ALONE) -> np.ndarray:
    """uint8 [H, W, C] of an open image file: 1, 3 or 4 channels; with 0, 1 or 3 as found.

    As a viewer shows it: turned as its EXIF says, the first of several frames, transparency laid over white without a fourth
    channel. 16 bits become 8; whole numbers of 0 .. 255, and floats of 0 .. 1 or -1 .. 1, in wider files are taken as such.
    spreads: (lowest, highest) of each kind that `spread` knows, of all pictures that are to be of one scale with this one.
    Raises BadInput for other wide values and for pictures above MOST_PIXELS, OSError and others where damaged.
    """
    from PIL import Image

    with opened(file) as found, _alone(found):
        turn, deep = orientation(found), depths.is_deep(found)
        if channels == 4 and any("RGBX" in str(tile[3]) for tile in found.tile):
            raise BadInput("its fourth band is no transparency, and is not read: give an .npz of all bands")
        with told():
            found.load()
        picture: Image.Image = found
        if turn in TURNS:
            picture = picture.transpose(Image.Transpose(TURNS[turn]))
        if deep:
            depths.check_deep(picture, spreads.get("colour", (0, 0)))
        return as_array(picture, channels, spreads)


def as_array(picture: Any, channels: int = 0, spreads: Spreads = ALONE) -> np.ndarray:
    """uint8 [H, W, C] of a Pillow image, or of a frame of one, as `read` gives it."""
    from PIL import Image

    if depths.is_wide(picture):
        values, gone = depths.values(picture), depths.clear(picture)
        grey = depths.narrowed(values, spreads.get(depths.kind(values)))[..., None]
        if gone is None:
            return as_channels(grey, channels)
        if channels == 4:
            return np.concatenate([as_channels(grey, 3), ~gone[..., None] * np.uint8(255)], axis=-1)
        return as_channels(np.where(gone[..., None], np.uint8(255), grey), channels)
    if picture.mode == "LAB":  # which becomes no other
        picture = picture.convert("RGB")
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if channels == 4:
        return np.asarray(picture.convert("RGBA"))
    if clear:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    if channels == 1 or (channels == 0 and is_grey(picture)):
        return np.asarray(picture.convert("L"))[..., None]
    return np.asarray(picture.convert("RGB"))


def head(file: str | Path | IO[bytes]) -> Head:
    """Head of an open image file, as `read` gives it and without reading its pixels."""
    with opened(file) as picture:
        width, height = picture.size
        size = (width, height) if orientation(picture) in (5, 6, 7, 8) else (height, width)
        wide = depths.is_wide(picture) or depths.is_deep(picture)
        return Head(size, is_grey(picture) and "transparency" not in picture.info, wide)


def spread(file: str | Path | IO[bytes], known: Spreads = ALONE) -> tuple[str, float, float] | None:
    """(kind, lowest, highest) of an open image file that is wide, the kind "whole", "float" or "colour"; None of others.

    known: those of others. Where some are of all 16 bits, no file of 16 is read: it says nothing new. Raises BadInput for values
    that nothing could be meant by, whatever others have, and others as `read` does.
    """
    with opened(file) as picture, _alone(picture):
        if depths.is_deep(picture) and known.get("colour", (0, 0))[1] <= depths.DEEPER >> 8:
            with told():
                picture.load()
            return "colour", 0.0, float(depths.brightest(picture))
        if not depths.is_wide(picture) or (
            picture.mode.startswith("I;16") and known.get("whole", (0, 0))[1] > depths.DEEPER
        ):
            return None
        with told():
            values = depths.values(picture)
        depths.narrowed(values)
        return depths.kind(values), float(values.min()), float(values.max())


def frames(file: str | Path | IO[bytes]) -> int:
    """Frames of an open image file."""
    with opened(file) as picture, told():
        return getattr(picture, "n_frames", 1)


def is_grey(picture: Any) -> bool:
    """Whether a Pillow image has a single channel of brightness, whatever its depth."""
    return picture.mode in ("1", "L") or depths.is_wide(picture)


def opened(file: str | Path | IO[bytes]) -> Any:
    """Pillow's image of a file of one of FORMATS, whatever it is called. Raises BadInput where it has too many pixels."""
    Image = _pillow()
    try:
        with told():
            return Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
    except Image.UnidentifiedImageError as error:  # whose words are of Python's object
        raise OSError("it is no whole picture of a format that is read") from error
    except Image.DecompressionBombError as error:
        raise BadInput(f"it says to have more than {MOST_PIXELS:,} pixels: make it smaller, or take it out") from error


def _alone(picture):
    """Context in which no other large picture is read, where this one is large."""
    return _one_large if picture.width * picture.height > _LARGE else contextlib.nullcontext()


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Context in which whatever Pillow raises over a damaged file is an OSError."""
    try:
        yield
    except _ODD as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


@cache
def _pillow():
    """Pillow's module of images, that refuses MOST_PIXELS and warns of nothing below."""
    from PIL import Image

    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # what is damaged is told once, with its name
    Image.init()
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # it refuses what has twice as many
    return Image


def orientation(picture: Any) -> int:
    """How a viewer turns a picture, by EXIF's numbers; 1 as it is. Pillow turns TIFF files itself."""
    if picture.format == "TIFF" or (picture.format == "PNG" and "exif" not in picture.info):
        return 1
    try:
        return picture.getexif().get(0x0112, 1)
    except (OSError, SyntaxError, ValueError, *_ODD):  # damaged, the picture may be whole
        return 1


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
    raise BadInput(f"images of {found} channels cannot become ones of {channels}: give such, or leave out --channels")


def half_of(image: np.ndarray, half: str) -> np.ndarray:
    """The half of image [..., H, W, C] that is "left" or "right", all of it for "". Raises BadInput for an odd width."""
    width = image.shape[-2]
    if half and width % 2:
        raise BadInput(f"it is {width} pixels wide, and two pictures side by side are as wide: take it out, or cut it")
    return {"": image, "left": image[..., : width // 2, :], "right": image[..., width // 2 :, :]}[half]


def fit(image: np.ndarray, how: Resize, nearest: bool = False) -> np.ndarray:
    """One image [H, W, C] as `how`, a Resize, has it. uint8 stays uint8, floats stay in [-1, 1].

    By Lanczos' filter, or the nearest pixel.
    """
    image = as_channels(half_of(image, how.half), how.channels)
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
    high, wide = min(height, max(1, round(width / aspect))), min(width, max(1, round(height * aspect)))
    top, left = (height - high) // 2, (width - wide) // 2
    return image[top : top + high, left : left + wide]


def _resample(image, height, width, nearest):
    from PIL import Image

    def resized(picture):
        return np.asarray(
            picture.resize((width, height), Image.Resampling.NEAREST if nearest else Image.Resampling.LANCZOS)
        )

    # of four Pillow weighs the colours by the transparency
    if image.dtype == np.uint8 and image.shape[-1] in (1, 3, 4):
        return resized(Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)).reshape(height, width, -1)
    channels = [resized(Image.fromarray(c.astype(np.float32))) for c in np.moveaxis(image, -1, 0)]
    low, high = (0, 255) if image.dtype == np.uint8 else (-1, 1)
    out = np.clip(np.stack(channels, -1), low, high)
    return np.rint(out).astype(np.uint8) if image.dtype == np.uint8 else out

"""Every crop of a few large pictures is a sample: textures from one photograph."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxgan.data.dataset import Dataset, labelled
from jaxgan.data.lazy import Resident
from jaxgan.data.sources.files import DAMAGED, SUFFIXES
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize, as_channels, half_of, read

NAMES = ("textures",)
WORDS = "textures, or one large picture: every crop of brick, grass and gravel photographs, or of yours"
MOST = 2**23  # crops: above, only every second (third, ...) place is used, so that an epoch's order stays small
DEFAULT = 64  # pixels a side
TEXTURES = ("brick", "grass", "gravel")


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return word in NAMES or (Path(word).is_file() and Path(word).suffix.lower() in SUFFIXES)


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of all crops of the textures, or of one picture. Raises BadInput where it is damaged or too small."""
    del memory
    if word in NAMES:
        return textures(how)
    try:
        with open(word, "rb") as file:
            picture = read(file, how.channels)
    except BadInput as error:
        raise BadInput(f"{word}: {error}") from error
    except DAMAGED as error:
        raise BadInput(f"{word} is damaged ({error}): copy it again") from error
    return crops(word, [picture], how)


class Crops(Resident):
    """The view [N, size, size, C] of all crops of pictures [H, W, C] of any sizes: row n is always the same crop."""

    def __init__(self, pictures: Sequence[np.ndarray], size: int) -> None:
        tall = np.array([picture.shape[0] for picture in pictures])
        wide = np.array([picture.shape[1] for picture in pictures])
        total = int(((tall - size + 1) * (wide - size + 1)).sum())
        self._every = max(1, int(np.ceil((total / MOST) ** 0.5)))
        across = (wide - size) // self._every + 1
        counts = (((tall - size) // self._every) + 1) * across
        start = np.concatenate([[0], np.cumsum(tall * wide)[:-1]])
        self._size = size
        self.ends = np.cumsum(counts).astype(np.int32)
        self.shape = (int(counts.sum()), size, size, pictures[0].shape[2])
        self.dtype = pictures[0].dtype
        self.arrays = {
            "pixels": np.concatenate([picture.reshape(-1, picture.shape[2]) for picture in pictures]),
            "ends": self.ends,  # rows up to and with each picture's last
            "start": start.astype(np.int32),  # of each picture, in pixels
            "wide": wide.astype(np.int32),
            "across": across.astype(np.int32),  # crops side by side
        }

    def gather(self, arrays: Mapping[str, Any], rows: Any) -> Any:
        """Crops [..., size, size, C] of rows of any shape."""
        xp = np if isinstance(rows, np.ndarray) else jnp
        picture = xp.searchsorted(arrays["ends"], rows, side="right")
        within = rows - xp.where(picture > 0, arrays["ends"][picture - 1], 0)
        across, wide = arrays["across"][picture], arrays["wide"][picture]
        top, left = (part * self._every for part in xp.divmod(within, across))
        corner = arrays["start"][picture] + top * wide + left
        inner, one = xp.arange(self._size, dtype=xp.int32), (1,) * rows.ndim
        down, right = inner.reshape(*one, -1, 1), inner.reshape(*one, 1, -1)
        return arrays["pixels"][corner[..., None, None] + down * wide[..., None, None] + right]

    def picture_of(self, rows: np.ndarray) -> np.ndarray:
        """Which picture each row is a crop of."""
        return np.searchsorted(self.ends, rows, side="right")


def crops(name: str, pictures: Sequence[np.ndarray], how: Resize, classes: Sequence[str] = ()) -> Dataset:
    """Dataset of all square crops of these pictures; the label is the picture's number where there are classes.

    The crop's side is how.resolution, by default 64. Raises BadInput where a picture is smaller.
    """
    size = how.resolution or DEFAULT
    if how.aspect != 1:
        raise BadInput(f"--aspect is {how.aspect}, and crops of {name} are square: remove it")
    pictures = [half_of(picture, how.half) for picture in pictures]
    for picture in pictures:
        if min(picture.shape[:2]) < size:
            raise BadInput(
                f"{name} has a picture of {picture.shape[0]}x{picture.shape[1]} and crops are {size}x{size}: "
                f"set --resolution {min(picture.shape[:2])} or less"
            )
    view = Crops([as_channels(picture, how.channels) for picture in pictures], size)
    if view.arrays["pixels"].shape[0] >= 2**31:
        raise BadInput(f"{name} has {view.arrays['pixels'].shape[0]} pixels: give fewer than 2^31, cut it into tiles")
    label = view.picture_of(np.arange(len(view))).astype(np.int32) if classes else None
    return labelled(name, view, label, tuple(classes))


def textures(how: Resize) -> Dataset:
    """Dataset of crops of scikit-image's brick, grass and gravel: grey, repeated to three channels unless how.channels is 1.

    Raises BadInput where the crops are larger than they are.
    """
    from skimage import data

    pictures = [as_channels(getattr(data, name)()[..., None], 3) for name in TEXTURES]
    return crops("textures", pictures, how, TEXTURES)

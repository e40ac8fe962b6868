"""Clips: uint8 [N, T, H, W, C] in files, float in [-1, 1] in a step; each frame is an image."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities import image
from jaxgan.modalities.font import font
from jaxgan.modalities.resize import Resize
from jaxgan.sharing import Array

ONE, SUFFIX, FEATURES, EACH, FORMS = "clip", ".webp", "classifier", None, (5,)
AXES = (4,)
TIMED = ("write", "sample_grid", "play")
PLAYED = ".webp"
IMAGES = True
ROWS = 2
FRAMES_A_SECOND = 10  # where nobody says how many
PLAYING = 16  # clips side by side in a file that is played beside a sheet
MOST_SHOWN = 16  # frames of a film strip
_FEW = 4  # frames of a clip among many
to_step, to_file, to_scale = image.to_step, image.to_file, image.to_scale  # a frame is an image


def check(name: str, samples: np.ndarray) -> np.ndarray:
    """uint8 [N, T, H, W, C], or float32 in [-1, 1], T of 2 or more."""
    if samples.ndim != 5 or samples.size == 0 or samples.shape[1] < 2:
        raise BadInput(
            f"{name} is {samples.dtype}{list(samples.shape)}, and clips are [N, T, H, W, C], T of 2 frames or more: reshape them"
        )
    return _frames(samples, lambda frames: image.check(name, frames))


def resize(samples: np.ndarray, how: Resize) -> np.ndarray:
    """Clips of the first frames, as many as a Resize asks for, each brought to it as images are.

    Raises BadInput where clips are shorter.
    """
    frames = how.length or samples.shape[1]
    if frames > samples.shape[1]:
        raise BadInput(f"clips have {samples.shape[1]} frames and --length is {frames}: set it to that or less")
    return _frames(samples[:, :frames], lambda images: image.resize(images, how))


def mirror(x: Array) -> Array:
    """Left is right."""
    return x[..., ::-1, :]


def describe(shape: Sequence[int]) -> str:
    """16 frames of 32x32, 3 channel(s)."""
    return f"{shape[0]} frames of {image.describe(shape[1:])}"


def _frames(samples, f):
    """f of all frames as images."""
    y = f(samples.reshape(-1, *samples.shape[2:]))
    return y.reshape(*samples.shape[:2], *y.shape[1:])


def write(path: str | Path, sample: np.ndarray, rate: float = 0) -> None:
    """Writes one uint8 clip [T, H, W, C] as an animation that loops, .webp without loss or .gif, with what it is in its
    metadata."""
    animation(path, [image.picture_of(frame) for frame in sample], rate)


def animation(path: str | Path, frames: Sequence[Any], rate: float = 0) -> None:
    """Writes Pillow images as an animation that loops."""
    each = round(1000 / (rate or FRAMES_A_SECOND))
    if Path(path).suffix.lower() == ".gif":
        how: dict[str, Any] = {"comment": image.GENERATED, "disposal": 2}
    else:
        how = {"lossless": True, "exif": generated()}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=each, loop=0, **how)


def generated() -> Any:
    """EXIF, for Pillow, of a film that is written."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E] = image.GENERATED  # its description
    return exif


def sample_grid(
    path: str | Path,
    samples: np.ndarray,
    columns: int,
    titles: Sequence[str] = (),
    real: np.ndarray | None = None,
    rate: float = 0,
) -> None:
    """Writes uint8 clips as film strips, a row each, with their titles before them."""
    del real, rate
    told = [titles[i % columns] for i in range(len(samples))] if titles else ()
    strips(samples, MOST_SHOWN, titles=told).save(path, pnginfo=image.generated())


def play(path: str | Path, samples: np.ndarray, rate: float = 0) -> None:
    """Writes the clips side by side as one animation."""
    columns = round(len(samples) ** 0.5)
    animation(path, [image.grid(samples[:, t], columns) for t in range(samples.shape[1])], rate)


def draw(ax: Any, samples: np.ndarray, columns: int, real: np.ndarray | None = None) -> None:
    """A grid on axes, a few frames of each clip."""
    del real
    ax.imshow(np.asarray(strips(samples, _FEW, columns)))
    ax.axis("off")


def strips(samples: np.ndarray, most: int, columns: int = 1, titles: Sequence[str] = ()) -> Any:
    """Pillow image of film strips of uint8 clips [N, T, H, W, C], so many side by side, of at most `most` frames each."""
    from PIL import Image, ImageDraw

    count = min(most, samples.shape[1])
    kept = samples[:, np.linspace(0, samples.shape[1] - 1, count).round().astype(int)]
    whole = image.grid(kept.reshape(-1, *kept.shape[2:]), columns * count)
    if not titles:
        return whole
    letters = font(image.TITLE, titles)
    left = 8 + max(round(letters.getlength(title)) for title in titles)
    told = Image.new("RGB", (whole.width + left, whole.height), "white")
    told.paste(whole, (left, 0))
    pen, each = ImageDraw.Draw(told), whole.height // len(titles)
    for i, title in enumerate(titles):
        pen.text((left - 4, i * each + each // 2), title, "black", letters, anchor="rm")
    return told


def blank(shape: Sequence[int]) -> np.ndarray:
    """What stands in a grid where there is no sample."""
    return image.blank(shape)

"""The samples through the training, as an animated picture."""

from pathlib import Path

from jaxgan.modalities.font import font
from jaxgan.reports import page

_STRIP, _LETTERS = 22, 14  # pixels below, for the step, and of its letters
_EACH_MS, _LAST_MS = 200, 2000


def animate(folder: Path) -> Path | None:
    """Path of RUN/training.webp, written anew: the pictures that the training drew, as large as the first of them.

    None where fewer than two can be read.
    """
    from PIL import Image, ImageDraw

    letters, size = font(_LETTERS), (0, 0)
    frames: list[Image.Image] = []
    for path, picture in page.pictures(folder):
        if not frames:
            picture.thumbnail((page.LARGEST - _STRIP, page.LARGEST - _STRIP))
            size = picture.size
        frame = Image.new("RGB", (size[0], size[1] + _STRIP), "white")
        frame.paste(picture if picture.size == size else picture.resize(size))
        draw = ImageDraw.Draw(frame)
        draw.text((frame.width / 2, frame.height - 3), f"step {int(path.stem)}", "black", letters, anchor="md")
        frames.append(frame)
    if len(frames) < 2:
        return None
    out, part = folder / "training.webp", folder / "training.webp.part"
    part.unlink(missing_ok=True)  # it might be a link
    durations = [_EACH_MS] * (len(frames) - 1) + [_LAST_MS]
    frames[0].save(
        part, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=85, method=4
    )
    part.replace(out)
    return out

"""The samples through the training, as an animated picture."""

from pathlib import Path

from jaxgan.reports import page

_STRIP = 22  # pixels below, for the step
_EACH_MS, _LAST_MS = 200, 2000


def animate(folder: Path) -> Path | None:
    """Path of RUN/training.webp, written anew: the pictures that the training drew; None where there are fewer than two."""
    from PIL import Image, ImageDraw, ImageFont

    paths = page.frames(folder)
    if len(paths) < 2:
        return None
    font, frames = ImageFont.load_default(15), []
    for path in paths:
        with Image.open(path) as picture:
            frame = Image.new("RGB", (picture.width, picture.height + _STRIP), "white")
            frame.paste(picture.convert("RGB"))
        draw = ImageDraw.Draw(frame)
        draw.text((frame.width / 2, frame.height - 3), f"step {int(path.stem)}", "black", font, anchor="md")
        frames.append(frame)
    out, part = folder / "training.webp", folder / "training.webp.part"
    durations = [_EACH_MS] * (len(frames) - 1) + [_LAST_MS]
    frames[0].save(
        part, "WEBP", save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=85, method=4
    )
    part.replace(out)
    return out

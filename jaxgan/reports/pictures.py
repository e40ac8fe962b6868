"""What people look at: grids of samples, scatter plots of points, curves."""

import json
from pathlib import Path

import numpy as np

CELL = 48  # smallest width of a picture in a grid, in pixels


def to_uint8(images):
    """uint8 of images in [-1, 1]; those of uint8 as they are."""
    if images.dtype == np.uint8:
        return images
    return np.rint((np.clip(np.asarray(images, np.float32), -1, 1) + 1) * 127.5).astype(np.uint8)


def save_samples(path, images, *, columns, heads=(), real=None):
    """Writes a grid of images [N, H, W, C], uint8 or in [-1, 1], or a scatter plot of points [N, D], over the real ones."""
    if np.ndim(images) == 2:
        _scatter(path, np.asarray(images), None if real is None else np.asarray(real))
    else:
        grid(to_uint8(images), columns, heads).save(path)


def grid(images, columns, heads=()):
    """Pillow image of uint8 images [N, H, W, C], row by row, each at least CELL pixels wide, with heads over the columns."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = images.shape[1:3]
    scale = max(1, -(-CELL // width))
    gap = 2 if scale == 1 else 4
    font = ImageFont.load_default(16)
    top = 24 if heads else 0
    rows = -(-len(images) // columns)
    cell_h, cell_w = height * scale + gap, width * scale + gap
    sheet = Image.new("RGB", (columns * cell_w + gap, rows * cell_h + gap + top), "white")
    for i, image in enumerate(images):
        picture = _picture(image).resize((width * scale, height * scale), Image.Resampling.BICUBIC)
        place = (gap + i % columns * cell_w, top + gap + i // columns * cell_h)
        sheet.paste(picture, place, picture if picture.mode == "RGBA" else None)
    draw = ImageDraw.Draw(sheet)
    for i, head in enumerate(heads[:columns]):
        while head and draw.textlength(head, font) > cell_w - gap:
            head = head[:-1]
        draw.text((gap + (i + 0.5) * cell_w - gap / 2, 4), head, "black", font, anchor="ma")
    return sheet


def save_picture(path, image):
    """Writes one uint8 image [H, W, C] as it is."""
    _picture(image).save(path)


def save_curves(path, metrics):
    """Draws the rows of a metrics.jsonl: losses, logits, speed, and what was evaluated."""
    rows = read_metrics(metrics)
    if not rows:
        return
    panels = {
        "loss": ("loss_g", "loss_d", "penalty_d"),
        "mean logit of D": ("real_d", "fake_d"),
        "images/s": ("images_per_s",),
        "Fréchet distance": ("fd",),
        "shares": ("precision", "recall", "coverage", "good", "accuracy", "memorised"),
        "modes": ("modes",),
    }
    told = {name for row in rows for name, value in row.items() if value is not None}
    panels = {title: [name for name in names if name in told] for title, names in panels.items()}
    panels = {title: names for title, names in panels.items() if names}
    figure, axes = canvas(1, len(panels), (5 * len(panels), 4))
    for ax, (title, names) in zip(axes.flat, panels.items(), strict=True):
        for name in names:
            points = [(row["step"], row[name]) for row in rows if row.get(name) is not None]
            ax.plot(*zip(*points, strict=True), label=name, linewidth=1, marker="." if len(points) < 20 else None)
        ax.set(title=title, xlabel="step")
        ax.grid(alpha=0.3)
        ax.legend()
    figure.savefig(path, dpi=90)


def read_metrics(path):
    """Rows of a metrics.jsonl; a last line that a kill cut short is left out."""
    rows = []
    for line in Path(path).read_text().splitlines() if Path(path).exists() else ():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def _picture(image):
    """Pillow image of uint8 [H, W, C]: grey, colour, or with transparency; of other channel counts the first is shown."""
    from PIL import Image

    return Image.fromarray(image if image.shape[-1] in (3, 4) else image[..., 0])


def _scatter(path, points, real):
    figure, axes = canvas(1, 1, (6, 6))
    ax = axes[0, 0]
    if real is not None:
        ax.scatter(*real[:, :2].T, s=3, c="0.7", label="real", linewidths=0)
    ax.scatter(*points[:, :2].T, s=3, c="tab:red", alpha=0.5, label="generated", linewidths=0)
    ax.set_aspect("equal")
    ax.legend(loc="upper right")
    figure.savefig(path, dpi=100)


def canvas(rows, columns, size):
    """(Matplotlib figure, axes [rows, columns]) of a size in inches."""
    from matplotlib.figure import Figure  # without pyplot there is no window, no state, no leak

    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)

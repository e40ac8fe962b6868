"""The rows of a metrics.jsonl as a picture."""

import math
from pathlib import Path
from typing import Any

from jaxgan import runs
from jaxgan.metrics.records import infos
from jaxgan.modalities.canvas import canvas

_LARGEST = 1e300
TRAINING = {
    "loss": ("loss_g", "loss_d", "penalty_d"),
    "mean logit of D": ("real_d", "fake_d"),
    "images/s": ("images_per_s",),
}


def panels_of_metrics() -> dict[str, list[str]]:
    """{title: names} of the scalars that share a panel: those of the training, then those of the metrics' records."""
    panels = {title: list(names) for title, names in TRAINING.items()}
    for name, info in infos().items():
        if info.panel:
            panels.setdefault(info.panel, []).append(name)
    return panels


def numbers(row: dict[str, Any]) -> dict[str, float]:
    """The entries of a row that are finite numbers: all that can be drawn, whoever wrote the row."""
    return {name: x for name, x in row.items() if type(x) in (int, float) and abs(x) < _LARGEST}


def save_curves(path: str | Path, metrics: str | Path) -> None:
    """Draws the rows of a metrics.jsonl: losses, logits, speed, and what was evaluated; nothing where there is none of them."""
    rows = [
        dict.fromkeys(row, math.nan) | numbers(row) for row in runs.read_metrics(metrics)
    ]  # NaN is a gap in a curve
    panels = panels_of_metrics()
    told = {name for row in rows for name, x in row.items() if math.isfinite(x)}
    panels = {title: [name for name in names if name in told] for title, names in panels.items()}
    panels = {title: names for title, names in panels.items() if names}
    if not panels:
        return
    figure, axes = canvas(1, len(panels), (5 * len(panels), 4))
    for ax, (title, names) in zip(axes.flat, panels.items(), strict=True):
        for name in names:
            points = [(row["step"], row[name]) for row in rows if name in row]
            marked = None if len(points) < 20 else _alone([y for _, y in points])
            ax.plot(*zip(*points, strict=True), label=name, linewidth=1, marker=".", markevery=marked)
        ax.set(title=title, xlabel="step")
        ax.grid(alpha=0.3)
        ax.legend()
    with runs.replaced(path) as part:
        figure.savefig(part, dpi=90)


def _alone(values):
    """Places of the numbers between two gaps, which no line goes to."""
    told = [False, *map(math.isfinite, values), False]
    return [i for i in range(len(values)) if told[i + 1] and not told[i] and not told[i + 2]]

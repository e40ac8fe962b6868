"""Points [N, D], floats of any range: the same in files and in a step."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from jaxgan.errors import BadInput
from jaxgan.modalities.canvas import canvas
from jaxgan.modalities.resize import Resize

Array = TypeVar("Array")  # of NumPy or of JAX

ONE, SUFFIX, FEATURES, EACH, FORMS = "point", "", "points", 2000, (2,)
AXES = (1,)


def to_step(x: Array) -> Array:
    """As they are."""
    return x


def to_file(x: Array) -> Array:
    """As they are."""
    return x


def to_scale(x: Array) -> Array:
    """As they are."""
    return x


def check(name: str, samples: np.ndarray) -> np.ndarray:
    """float32 [N, D] of floats."""
    if samples.ndim != 2 or samples.size == 0 or not np.issubdtype(samples.dtype, np.floating):
        raise BadInput(f"{name} is {samples.dtype}{list(samples.shape)}, and points are floats [N, D], N > 0")
    samples = samples.astype(np.float32)
    if not np.isfinite(samples).all():
        raise BadInput(f"{name} has values that are not finite: remove those samples")
    return samples


def resize(samples: np.ndarray, how: Resize) -> np.ndarray:
    """As they are. Raises BadInput where something else is asked for."""
    if how.size is None and not how.channels:
        return samples
    flag = "--channels" if how.size is None else "--resolution"
    raise BadInput(f"the data are points, not images: remove {flag}")


def describe(shape: Sequence[int]) -> str:
    """Points in 2 dimensions."""
    return f"points in {shape[0]} dimensions"


def sample_grid(
    path: str | Path, samples: np.ndarray, columns: int, titles: Sequence[str] = (), real: np.ndarray | None = None
) -> None:
    """Writes a scatter plot of the first two coordinates, over the real ones."""
    del titles
    figure, axes = canvas(1, 1, (6, 6))
    draw(axes[0, 0], samples, columns, real)
    axes[0, 0].legend(loc="upper right")
    figure.savefig(path, dpi=100)


def draw(ax: Any, samples: np.ndarray, columns: int, real: np.ndarray | None = None) -> None:
    """The scatter plot on axes."""
    del columns
    plane = lambda x: np.pad(np.asarray(x)[:, :2], [(0, 0), (0, max(0, 2 - x.shape[1]))]).T  # numbers lie on a line
    if real is not None:
        ax.scatter(*plane(real), s=3, c="0.7", label="real", linewidths=0)
    ax.scatter(*plane(samples), s=3, c="tab:red", alpha=0.5, label="generated", linewidths=0)
    ax.set_aspect("equal")

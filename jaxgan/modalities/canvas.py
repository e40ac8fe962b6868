"""The one place that makes figures of Matplotlib."""

from typing import Any


def canvas(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, Any]:
    """(Matplotlib figure, axes [rows, columns]) of a size in inches."""
    from matplotlib.figure import Figure  # without pyplot there is no window, no state, no leak

    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)

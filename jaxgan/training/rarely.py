"""What not every step has, kept for the rows between: the metrics of lazy penalties."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

from jaxgan.core import Pair


def as_number(value: Any) -> Any:
    """A value of a row: a number, or an array of one for each of several trainings side by side."""
    return float(value) if np.ndim(value) == 0 else np.asarray(value)


def columns(metrics: Pair) -> dict[str, Any]:
    """{column of a row: its value}."""
    sides = (("g", metrics.g), ("d", metrics.d))
    return {f"{name}_{side}": as_number(value) for side, found in sides for name, value in found.items()}


class Rarely:
    """The last values of what is due at steps 0, N, 2 N, ... alone, for each N of `every`.

    row: that of an earlier part of the training, which had them.
    """

    def __init__(self, every: Iterable[int] = (), row: Mapping[str, Any] | None = None) -> None:
        self._every = sorted({n for n in every if n > 1})
        self._last, self._seen = dict(row or {}), dict[int, tuple[int, Pair]]()

    def count(self, step: int, most: int) -> int:
        """How many steps a dispatch from `step` has, of at most so many: what is due in it, is in its last one, for `see`."""
        while ends := [end for end in self._ends(step + most) if step < end < step + most]:
            most = min(ends) - step
        return most

    def see(self, step: int, metrics: Pair) -> None:
        """Metrics, on the device, of the last of `step` steps."""
        self._seen |= {every: (step, metrics) for every in self._every if (step - 1) % every == 0}

    def filled(self, found: dict[str, Any]) -> dict[str, Any]:
        """Columns where what is not due is what it was the last time, but for a step that came to nothing."""
        if not self._every:
            return found
        in_order = dict(sorted(self._seen.values(), key=lambda seen: seen[0]))
        self._seen.clear()
        for seen in jax.device_get([*in_order.values()]):
            for name, value in columns(seen).items():
                self._last[name] = np.where(np.isnan(value), self._last.get(name, np.nan), value)
        good = np.isfinite(found["loss_g"] + found["loss_d"])
        absent = lambda name, value: good & np.isnan(value) & (name in self._last)
        whole = {name: np.where(absent(name, x), self._last.get(name, x), x) for name, x in found.items()}
        return {name: as_number(x) for name, x in whole.items()}

    def _ends(self, step):
        """Where the last step ends that is due before this one, of each."""
        return [(step - 1) // every * every + 1 for every in self._every]

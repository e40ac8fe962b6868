"""When a training ends before its last step: a threshold that was passed, or time that is up."""

import math
import time
from typing import Any


class EarlyStopping:
    """Called, whether it is over; `reason` says why, `how_to_resume` how to resume. `look(row)` takes each row of metrics.jsonl.

    limit: of time.monotonic(). Rows without the scalar, of a metric that is not computed each time, do not count.
    """

    def __init__(self, config: Any, limit: float) -> None:
        self._threshold, self._rows, self._limit = config.threshold, config.stop_rows, limit
        self.reason: str | None = None
        self._passed, self.how_to_resume = 0, ""

    def __call__(self) -> bool:
        if self.reason is None and time.monotonic() > self._limit:
            self.reason, self.how_to_resume = "--max-minutes are over", "the same command"
        return self.reason is not None

    def look(self, row: dict[str, Any]) -> None:
        """Counts the rows in a row that pass the threshold."""
        if not self._threshold:
            return
        name, side, value = self._threshold
        if row.get(name) is None or math.isnan(row[name]):
            return
        passed = row[name] < value if side == "<" else row[name] > value
        self._passed = self._passed + 1 if passed else 0
        if self._passed >= self._rows:
            self.how_to_resume = "another --stop-when, or ''"
            self.reason = f"{name} {side} {value:g} in {self._rows} rows, last {row[name]:.4g} at step {row['step']}"

"""What a process's time was for: how much of it was steps, and what the rest was."""

import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

WORDS = {
    "save": "checkpoints",
    "sample": "pictures",
    "cheap": "evaluations",
    "all_of": "evaluations",
    "draw": "pictures",
}


class Goodput:
    """Counts from the beginning of the process, or from the end of the training before this one."""

    _since: float | None = None  # time.monotonic()

    def __init__(self) -> None:
        self._since_now = Goodput._since if Goodput._since is not None else time.monotonic() - age()
        self._compiling = self._last = 0.0  # of all attempts, of the last one
        self._lost = 0.0  # of steps that came to nothing, of a training that went back
        self._spent: Counter[str] = Counter()  # seconds by word

    def compiled(self, advance: Callable[..., Any]) -> Callable[..., Any]:
        """The function of steps, whose first call compiles."""

        first = True

        def timed(*args):
            nonlocal first
            if not first:
                return advance(*args)
            first, began = False, time.perf_counter()
            try:
                return advance(*args)
            finally:
                self._last = time.perf_counter() - began
                self._compiling += self._last

        return timed

    def spent(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call of a hook of this name, which is no step."""

        def timed(*args):
            began = time.perf_counter()
            try:
                return call(*args)
            finally:
                self._spent[WORDS.get(name, "rows")] += time.perf_counter() - began

        return timed

    def begun(self) -> float:
        """A moment of steps alone, for `lost`."""
        return time.perf_counter() - self._compiling - sum(self._spent.values())

    def lost(self, begun: float) -> None:
        """Counts the steps since that moment as lost."""
        self._lost += self.begun() - begun

    def shares(self, trained: float) -> dict[str, float]:
        """{word: share of the time}, that of steps first; what is left is the start. trained: seconds of steps and compiling."""
        whole, own = time.monotonic() - self._since_now, self._last
        lost = {"lost": self._lost} if self._lost else {}
        parts = {
            "steps": max(trained - own, 0.0),
            **lost,
            "compiling": self._compiling,
            **dict(sorted(self._spent.items())),
        }
        return {word: part / whole for word, part in parts.items()}

    def end(self, trained: float) -> tuple[dict[str, float], str]:
        """(`shares`, a line that says them): what comes later counts from now."""
        shares, whole = self.shares(trained), time.monotonic() - self._since_now
        Goodput._since = time.monotonic()
        steps, *others = (f"{word} {share:.1%}" for word, share in shares.items())
        left = f"start and end {max(1 - sum(shares.values()), 0):.1%}"
        return shares, f"goodput: {steps} of {whole:.0f} s; {', '.join([*others, left])}"


def age() -> float:
    """Seconds since the process began, as Linux counts them; elsewhere the CPU time that it has had, which is less."""
    try:
        with open("/proc/self/stat", "rb") as stat, open("/proc/uptime", "rb") as uptime:
            began = int(stat.read().rpartition(b")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
            return float(uptime.read().split()[0]) - began
    except (OSError, ValueError, IndexError):
        return time.process_time()

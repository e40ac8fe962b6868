"""How far a training is: a bar in a terminal, plain lines elsewhere."""

import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TextIO

from jaxgan.names import shown, silence, tell

_BETWEEN_LINES_S = 5
_MARKS = 256  # rows that the time left is reckoned from, at most


def duration(seconds: float) -> str:
    """Seconds in words: 42 s, 3 min 20 s, 2 h 5 min."""
    seconds = int(seconds + 0.5)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Counting:
    """Context in which `one()` counts what is done, and says now and then how many of `total`, how fast, and the time left."""

    def __init__(self, total: int, what: str, say: Callable[[str], Any] = tell) -> None:
        self._total, self._what, self._say, self._done = total, what, say, 0
        self._began = self._last = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def one(self) -> None:
        """Counts one more."""
        self._done += 1
        now = time.perf_counter()
        if now - self._last > _BETWEEN_LINES_S and self._done < self._total:
            self._last = now
            speed = self._done / (now - self._began)
            left = duration((self._total - self._done) / speed)
            self._say(f"{self._done}/{self._total} {self._what}  {speed:.3g}/s  {left} left")


class Progress:
    """Context in which `begin(start)` and `show(row)` tell step, images/s, losses and the time left.

    until: the moment, of time.monotonic, at which --max-minutes end it. closed: whether nobody reads it any more, which ends no
    training by itself.
    """

    closed = False
    _bar: Any  # rich's, in a terminal
    _marks: list[tuple[int, float]]  # (step, seconds) of every so manieth row; the first one's time went into compiling

    def __init__(self, stop: int, out: TextIO | None = None, until: float = math.inf) -> None:
        self._stop, self._out, self._bar, self._marks, self._last = stop, out or sys.stdout, None, [], 0.0
        self._until = until
        self._rows, self._every = 0, 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            try:
                self._bar.stop()
            except (OSError, ValueError):
                self._close()

    def begin(self, start: int) -> None:
        """Shows the bar, or says what comes first; what is left is reckoned from the first row on."""
        if not self._out.isatty():
            from jaxgan.layers import onednn

            once = "once: what is compiled is kept for the next time"
            self.say(f"compiling the step, {'as at each start with --onednn' if onednn.is_used() else once}")
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("step {task.completed}/{task.total}"), BarColumn(), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=Console(file=self._out))
        self._bar.start()
        self._task = self._bar.add_task("compiling ...", total=self._stop, completed=start)

    def say(self, line: str) -> None:
        """Prints a line, `names.shown`, above the bar where there is one."""
        line = shown(line)
        try:
            if self._bar:
                self._bar.console.print(line, markup=False, highlight=False)
            else:
                print(line, file=self._out, flush=True)
        except (BrokenPipeError, ValueError):  # the reader has gone; closed by whoever called
            self._close()
        except OSError:  # a terminal that hung up, a log on a disk that is full: it is only words
            silence(self._out)

    def _close(self):
        self.closed, self._bar = True, None
        self._out = open(os.devnull, "w")  # noqa: SIM115

    def _pace(self, step, now):
        """Seconds a step in the later half of the rows: what happens once, such as compiling a sampler, counts no longer."""
        half = (self._marks[0][0] + step) / 2
        then, began = next((mark for mark in self._marks if mark[0] >= half), self._marks[-1])
        return (now - began) / (step - then)

    def show(self, row: Mapping[str, Any]) -> None:
        """Brings the display up to this row of metrics."""
        now = time.perf_counter()
        text = f"loss_g {row['loss_g']:.3f}  loss_d {row['loss_d']:.3f}"
        if self._marks:
            left = self._pace(row["step"], now) * (self._stop - row["step"])
            most = max(self._until - time.monotonic(), 0.0)
            words = f"{duration(most)} left of --max-minutes" if most < left else f"{duration(left)} left"
            text = f"{row['images_per_s']:.0f} images/s  {text}  {words}"
        if self._rows % self._every == 0:
            self._marks.append((row["step"], now))
        self._rows += 1
        if len(self._marks) >= _MARKS:  # as far apart early on as late
            self._marks, self._every = self._marks[::2], 2 * self._every
        if self._bar:
            try:
                self._bar.update(self._task, completed=row["step"], description=text)
            except (OSError, ValueError):
                self._close()
        elif now - self._last > _BETWEEN_LINES_S or row["step"] == self._stop:
            self._last = now
            self.say(f"step {row['step']}/{self._stop}  {text}")

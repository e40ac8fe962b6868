"""The one Python loop: dispatch, and hooks that look now and then."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan.data.loader import AHEAD

EARLY = (1, 2, 5, 10, 20, 50)  # a first minute without a word is a long one


class Hook(NamedTuple):
    """Something that looks at a training every so many steps, and at its last one.

    call: (step, state, row) -> scalars to add to the row, or None. The row has step, loss_g, loss_d, seconds, ... and
        what the hooks before reported.
    """

    every: int
    call: Callable
    first: bool = False  # after the first dispatch of a new training as well, and at EARLY steps where it is rare
    stopped: bool = False  # when the training is asked to stop as well

    @property
    def early(self) -> tuple[int, ...]:
        """Steps at which it looks besides."""
        return EARLY if self.first and self.every >= EARLY[-1] else ()


def _no():
    return False


def _number(value):
    return float(value) if np.ndim(value) == 0 else np.asarray(value)


class Diverged(Exception):
    """A loss is not finite any more."""


def run(
    advance: Callable[..., Any],
    state: Any,
    batch: Callable[..., Any],
    *,
    start: int,
    stop: int,
    chunk: int,
    images_per_step: int,
    hooks: Sequence[Hook],
    interrupted: Callable[[], bool] = _no,
    should_stop: Callable[[], bool] = _no,
    seconds: float = 0.0,
) -> tuple[Any, dict[str, Any]]:
    """(state, row of the last hooks): trains from step `start` to `stop`, at most `chunk` steps a dispatch.

    advance: (state, batch, count) -> (state, metrics), count steps. batch: (step, steps at which the next dispatches begin) ->
    batch of a whole dispatch from there on. A dispatch ends where a hook is due; only there the host waits for the device.
    interrupted: whether to break off, with the hooks that save; should_stop: whether this is the end, with all hooks.
    seconds: of training before this. Metrics may be arrays, one entry for each of several trainings side by side: so are then
    the values of the row. Raises Diverged, with the step, at the first row whose losses are not finite, none of them.
    """

    def count_from(step):
        soon = (early - step for hook in hooks for early in hook.early if early > step)
        return min(chunk, stop - step, *soon, *(hook.every - step % hook.every for hook in hooks))

    step, row, leave, over = start, {}, interrupted(), start >= stop or should_stop()
    seen, clock, trained = start, time.perf_counter(), seconds  # step and time of the last row, seconds of training
    warm = False  # the first row has the time of compiling in it, and no speed
    while not (leave or over):
        count, upcoming = count_from(step), [step]
        while len(upcoming) < AHEAD and (last := upcoming[-1]) < stop:
            upcoming.append(last + count_from(last))
        state, metrics = advance(state, batch(step, [n for n in upcoming[1:] if n < stop]), count)
        first, step = step == 0, step + count
        leave, over = interrupted(), step >= stop or should_stop()
        due = [
            hook
            for hook in hooks
            if over
            or step % hook.every == 0
            or (first and hook.first)
            or step in hook.early
            or (leave and hook.stopped)
        ]
        if due:
            metrics = jax.device_get(metrics)  # waits for the device
            lapse = time.perf_counter() - clock
            trained += lapse
            row = {
                "step": step,
                "images": step * images_per_step,
                "images_per_s": (step - seen) * images_per_step / lapse if warm else float("nan"),
                "seconds": trained,
                **{f"{name}_g": _number(value) for name, value in metrics.g.items()},
                **{f"{name}_d": _number(value) for name, value in metrics.d.items()},
            }
            if not np.isfinite(row["loss_g"] + row["loss_d"]).any():
                raise Diverged(f"loss_g is {row['loss_g']} and loss_d {row['loss_d']} at step {step}")
            for hook in due:
                row |= hook.call(step, state, row) or {}
            if not over and should_stop():  # by what a hook has seen
                over = True
                for hook in hooks:
                    if hook not in due:
                        row |= hook.call(step, state, row) or {}
            seen, clock, warm = step, time.perf_counter(), True  # what the hooks took is not training
    return state, row


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], int | None]]:
    """Yields a function that tells which signal asked to stop (None so far). The second Ctrl-C stops at once."""
    asked: list[int] = []

    def ask(number, frame):
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(number)

    try:
        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: nobody can interrupt it
        before = {}
    try:
        yield lambda: asked[0] if asked else None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

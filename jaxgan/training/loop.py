"""The one Python loop: dispatch, and hooks that look now and then."""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan.checkpoint import not_finite
from jaxgan.data.loader import AHEAD
from jaxgan.errors import Diverged
from jaxgan.processes import agree, interrupt
from jaxgan.training.rarely import Rarely, as_number, columns

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


def _alone(leave, over):
    return leave, over


_NONE = Rarely()


class _Asked(BaseException):
    """The training was asked to stop while somebody looked at it: nothing between may take it for a failure."""


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
    decide: Callable[[bool, bool], tuple[bool, bool]] = _alone,
    seconds: float = 0.0,
    skips: int = 0,
    rarely: Rarely = _NONE,
) -> tuple[Any, dict[str, Any]]:
    """(state, row of the last hooks): trains from step `start` to `stop`, at most `chunk` steps a dispatch.

    advance: (state, batch, count) -> (state, metrics), count steps. batch: (step, steps at which the next dispatches begin) ->
    batch of a whole dispatch from there on. A dispatch ends where a hook is due; only there the host waits for the device.
    interrupted: whether to break off, with the hooks that save; should_stop: whether this is the end, with all hooks. decide:
    what several processes make of both: asked where a hook is due alone, since only there all of them look.
    seconds: of training before this. rarely: what a row has of the metrics that its step has not. Metrics may be arrays, one
    entry for each of several trainings side by side: so are then the values of the row. Raises Diverged, with the step, at the
    first row whose losses are not finite, none of them.
    """

    def count_from(step):
        soon = (early - step for hook in hooks for early in hook.early if early > step)
        return rarely.count(step, min(chunk, stop - step, *soon, *(hook.every - step % hook.every for hook in hooks)))

    def asked():
        return decide(interrupted(), step >= stop or should_stop())

    row: dict[str, Any] = {}
    step, alone = start, agree.count() == 1
    leave, over = asked()
    seen, clock, trained = start, time.perf_counter(), seconds  # step and time of the last row, seconds of training
    warm = False  # the first row has the time of compiling in it, and no speed
    metrics = None

    def look(due):
        """The row of now, with what these hooks add."""
        nonlocal seen, clock, trained, warm, metrics
        if row.get("step") != step:
            metrics = jax.device_get(metrics)  # waits for the device
            lapse = time.perf_counter() - clock
            trained += lapse
            made = {
                "step": step,
                "images": step * images_per_step,
                "images_per_s": (step - seen) * images_per_step / lapse if warm else float("nan"),
                "seconds": trained,
                **rarely.filled(columns(metrics)),
            }
            row.clear()
            row.update(made)
            if skips:
                skipped = jax.device_get(state.skips)
                row["skipped"] = as_number(skipped["skipped"])
                if np.min(skipped["in_a_row"]) >= skips:
                    raise Diverged(f"{np.min(skipped['in_a_row'])} steps in a row came to nothing, by step {step}")
            elif not np.isfinite(row["loss_g"] + row["loss_d"]).any():
                bad = not_finite(agree.whole(state))
                learned = f", {bad} is not finite" if bad else ""
                raise Diverged(f"loss_g is {row['loss_g']} and loss_d {row['loss_d']} at step {step}{learned}")
        for hook in due:
            row.update(hook.call(step, state, row) or {})
        seen, clock, warm = step, time.perf_counter(), True  # what the hooks took is not training

    while not (leave or over):
        count, upcoming = count_from(step), [step]
        while len(upcoming) < AHEAD and (last := upcoming[-1]) < stop:
            upcoming.append(last + count_from(last))
        try:
            given = batch(step, [n for n in upcoming[1:] if n < stop])
        except Exception:
            if metrics is not None and alone:  # the state of this step is whole
                look([hook for hook in hooks if hook.stopped])
            raise
        state, metrics = advance(state, given, count)
        first, step = step == 0, step + count
        rarely.see(step, metrics)
        here = [hook for hook in hooks if step % hook.every == 0 or (first and hook.first) or step in hook.early]
        leave, over = asked() if here or alone or step >= stop else (False, False)
        due = [hook for hook in hooks if over or hook in here or (leave and hook.stopped)]
        if due:
            look(due)
            left, ended = (leave, over) if over else asked()
            if ended and not over:  # by what a hook has seen
                look([hook for hook in hooks if hook not in due])
            elif left and not leave:  # while a hook looked
                look([hook for hook in hooks if hook.stopped and hook not in due])
            leave, over = left, ended
    return state, row


class Signals:
    """Context in which a signal asks to stop, and does not end the process: `number` is the first that did, None so far.

    The second Ctrl-C stops at once. A call that is made by `looking` is broken off. It may be entered again: what was asked
    stays asked. grace: seconds after which the process is left, whatever it does, with the status that the signal has.
    """

    NUMBERS = [
        getattr(signal, name)
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
        if hasattr(signal, name)
    ]

    def __init__(self, grace: float | None = None) -> None:
        self.number: int | None = None
        self._grace, self._looking, self._again = grace, False, False
        self._timer: threading.Timer | None = None

    def __enter__(self) -> "Signals":
        if interrupt.asked():  # before, and what was raised got lost, as in an import
            raise KeyboardInterrupt
        try:
            self._before = {
                number: signal.signal(number, self._ask)
                for number in self.NUMBERS
                if signal.getsignal(number) != signal.SIG_IGN  # nohup: whoever called does not want it to end
            }
        except ValueError:  # not the main thread: nobody can interrupt it
            self._before = {}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def close(self) -> None:
        """Lets the process go on past the time that a signal has given it: what was trained has come to its end."""
        if self._timer is not None:
            self._timer.cancel()

    def ask(self, number: int) -> None:
        """Asks to stop, as this signal would."""
        if self.number is None:
            self.number = number

    def decide(self, leave: bool, over: bool) -> tuple[bool, bool]:
        """(leave, over) of all processes: a signal to one is one to all, and what is over the writer says."""
        if agree.count() == 1:
            return leave, over
        numbers, overs = agree.gathered(self.number or 0, over).T
        if numbers.max():
            self.ask(int(numbers.max()))
        return bool(numbers.max()), bool(overs[0])

    def looking(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, which saves nothing, and which a signal breaks off; it then gives None."""

        def looked(*args):
            if self.number is not None:
                return None
            self._looking = True
            try:
                return call(*args)
            except _Asked:
                return None
            finally:
                self._looking = False

        return looked

    def _ask(self, number, frame):
        again, self._again = self._again, False
        if self.number is not None and number == signal.SIGINT and not again:
            raise KeyboardInterrupt
        self.ask(number)
        if self._grace is not None and self._timer is None:
            self._timer = threading.Timer(self._grace, os._exit, (status(number),))
            self._timer.daemon = True
            self._timer.start()
        if self._looking and interrupt.swallows(frame):
            self._again = True
            interrupt.later(number)
        elif self._looking:
            self._looking = False
            raise _Asked


def status(number: int) -> int:
    """What a process ends with that a signal has asked to leave, and that has saved: 75, to be begun again, for a scheduler's.

    Those are SIGUSR1, SIGUSR2 and SIGXCPU.
    """
    schedulers = [getattr(signal, name, None) for name in ("SIGUSR1", "SIGUSR2", "SIGXCPU")]
    return 75 if number in schedulers else 128 + number

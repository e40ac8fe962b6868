"""One run among those that are trained side by side: what it writes, when it ends, whether it is still alive."""

import contextlib
import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jaxgan import evaluation, runs
from jaxgan.checkpoint import Checkpoints, printable, sha256
from jaxgan.data import Dataset
from jaxgan.errors import BadInput, Diverged
from jaxgan.layers import onednn
from jaxgan.metrics.records import infos
from jaxgan.names import tell
from jaxgan.processes import agree
from jaxgan.reports import curves, page
from jaxgan.training import hooks, loggers, loop, parts, stopping
from jaxgan.training.goodput import Goodput

LOOKS = ("cheap", "all_of", "sample", "log", "draw")
"""Hooks that only look: one that fails is told, and tried again where it is due next."""


class Member:
    """A run, the i-th in one program.

    diverged: the step at which its losses were not finite, or too many of its steps in a row came to nothing; None while it
    lives. left: called where it is left behind while others go on, None where it is alone.
    """

    def __init__(
        self,
        run: runs.Run,
        i: int,
        program: Any,
        limit: float,
        diverged: int | None = None,
        say: Callable[[str], Any] = tell,
        left: Callable[[], Any] | None = None,
    ) -> None:
        config = run.config
        self.run, self.diverged, self._left = run, diverged, left
        self.failed: Counter[str] = Counter()  # what only looks, and could not
        self.end = stopping.EarlyStopping(config, limit)
        least = 1 if left is None else 2  # of the step before, which all have while they save one after the other
        options = {
            "keep_latest": max(config.keep_latest, least),
            "keep_best": config.keep_best,
            "metric": config.best_metric,
            "every": 0 if config.on_nan == "stop" else config.save_every_steps,
        }
        self.store = Checkpoints(run.checkpoints, **options, say=say)
        self._i, self._program, self._say = i, program, say
        how = program.mode, program.devices, onednn.computed_in(program.dtype)
        self._how = dict(zip(parts.HOW, how, strict=True))
        self._parts: parts.Parts = ()
        self._rows = run.folder / "metrics.jsonl"
        self.last: dict[str, Any] = {} if diverged is None else self._newest(runs.read_metrics(self._rows))
        self._hooks: hooks.RunHooks | None = None

    def open(
        self,
        stack: contextlib.ExitStack,
        start: int,
        dataset: Dataset,
        others: Dataset | None,
        log_to: Sequence[str],
        devices: Sequence[Any],
        show: Callable[[dict[str, Any]], Any],
        rollbacks: int = 0,
        computed: Any = None,
    ) -> None:
        """Makes its hooks: pictures, rows, checkpoints, evaluations. stack: closes what it opens. show: (row) -> whatever.

        rollbacks: how often it has gone back to a checkpoint. computed: the parts that it was computed in up to `start`.
        """
        run, gan, config = self.run, self._program.experiment.gan, self.run.config
        before = _drop_rows_after(self._rows, start)
        self.last = self._newest(before)
        for row in before:
            self.end.look(row)

        def look(row):
            show(row)
            self.end.look(row)

        self._parts = parts.going_on(computed, start, **self._how)
        fields = dataclasses.asdict(config)
        log_to = log_to if agree.writer() else ()
        write = stack.enter_context(loggers.open_loggers(log_to, run.folder, run.name, fields, start))
        self._hooks = hooks.run_hooks(
            run,
            gan,
            self.store,
            dataset,
            held_out=others,
            look=look,
            write=write,
            rollbacks=rollbacks,
            computed=self._parts,
        )
        if agree.writer() and (config.evaluate_every_steps or config.evaluate_all_every_steps):
            devices = [device for device in devices if device.process_index == agree.index()]
            periodic = evaluation.PeriodicEvaluation(run, gan, dataset, devices, self._say, others)
            self._hooks = self._hooks._replace(cheap=periodic.cheap, all_of=periodic.all_of)

    def call(self, name: str, step: int, state: Any, row: dict[str, Any]) -> None:
        """Calls one of its hooks with its own row; what the hook gives is added to that. Does nothing once it has diverged.

        One that only looks may fail. Raises Diverged where a state that is not finite is to be saved, unless other members go on.
        """
        if self.diverged is not None:
            return
        if self.last.get("step") != step:
            self.last = self._own(row)
            if why := self._over(state):
                self._leave(step, why)
                return
        if name == "save" and (metric := self.run.config.best_metric.lstrip("+")) in infos():
            self.last.setdefault(metric, float("nan"))  # of an evaluation that was broken off, or failed
        own = state if name in ("log", "draw") else self._program.member(state, self._i)
        try:
            self.last |= getattr(self._hooks, name)(step, own, self.last) or {}
        except Diverged as error:
            if self._left is None:
                raise
            self._leave(step, str(error))
        except Exception as error:
            if name not in LOOKS:
                raise
            self._told(name, step, error)

    def _over(self, state):
        """Why it has diverged, "" where it has not; `state` is that of all."""
        config = self.run.config
        if not config.counts_skips:
            return "" if np.isfinite(self.last["loss_g"] + self.last["loss_d"]) else "its losses are not finite"
        in_a_row = np.ravel(state.skips["in_a_row"])[self._i]
        return f"{in_a_row} steps in a row came to nothing" if in_a_row >= config.skips else ""

    def _leave(self, step, why):
        self.diverged = step
        self._say(f"{self.run.folder.name} diverged at step {step} ({why}): it is left behind")
        if self._left is not None:
            self._left()

    @staticmethod
    def _newest(rows):
        return rows[-1] if rows else {}

    def _told(self, name, step, error):
        """Says what could not be looked at, the first times."""
        self.failed[name] += 1
        if self.failed[name] <= 3:
            words = "" if isinstance(error, BadInput) else f"{type(error).__name__}: "
            self._say(f"{name} at step {step} failed ({words}{printable(error)}): the training goes on")

    def _own(self, row):
        count = max((len(v) for v in row.values() if np.ndim(v)), default=1)
        own = {name: float(v[self._i]) if np.ndim(v) else v for name, v in row.items()}
        speed = {"images": row["step"] * self.run.config.batch_size, "images_per_s": row["images_per_s"] / count}
        return {**own, **speed}

    def close(self) -> None:
        """Closes its checkpoints, writes what rows are left, and draws its curves to the end."""
        try:
            self.store.close()
        finally:
            step = self.last.get("step", 0)
            if self._hooks is not None:
                self._looked("log", step, self._hooks.flush)
            if agree.writer():
                self._looked("draw", step, lambda: curves.save_curves(self.run.folder / "curves.png", self._rows))

    def _looked(self, name, step, call):
        try:
            call()
        except Exception as error:
            self._told(name, step, error)

    def result(self, step: int, seconds: float, state: Any, row: dict[str, Any], shares: dict[str, float]) -> None:
        """Writes result.json and the page, where it was trained or has none. shares: what its process's time was for."""
        if not agree.writer():
            return
        there = (self.run.folder / "result.json").exists()
        if not there or (row and self.diverged is None):
            ended = self.end.reason if self.diverged is None else f"diverged at step {self.diverged}"
            own = sha256(self._program.member(state, self._i))
            step = step if self.diverged is None else self.diverged
            hooks.result(self.run, step, seconds, own, self._how, ended, self.failed, shares, self._parts)
        self._looked("report", step, lambda: page.write(self.run))


def calls(config: Any, members: Sequence[Member], signals: loop.Signals, goodput: Goodput) -> tuple[loop.Hook, ...]:
    """Hooks of the loop: each calls that of every member. What draws and evaluates is broken off by a signal."""

    def every(name):
        def call(step, state, row):
            if name == "save":
                for member in members if len(members) > 1 else ():
                    member.store.wait()  # no member is two checkpoints ahead of another
            for member in members:
                member.call(name, step, state, row)

        call = goodput.spent(name, call)
        if name not in ("cheap", "all_of", "sample"):
            return call
        looked = signals.looking(call)
        return looked if agree.count() == 1 else lambda step, state, row: _by_one(looked, step, state, row)

    looks = ((config.evaluate_every_steps, "cheap"), (config.evaluate_all_every_steps, "all_of"))
    return (
        *(loop.Hook(every_steps, every(name)) for every_steps, name in looks if every_steps),
        loop.Hook(config.sample_every_steps, every("sample")),
        loop.Hook(config.log_every_steps, every("log"), first=True),
        loop.Hook(config.save_every_steps, every("save"), stopped=True),
        loop.Hook(config.save_every_steps, every("draw")),
    )


def _by_one(look, step, state, row):
    """Looks at a state that all processes put together, and one looks at: a signal breaks off what only it does."""
    own = agree.whole(state._replace(g=state.g._replace(opt=()), d=state.d._replace(opt=())))
    return look(step, own, row) if agree.writer() else None


def _drop_rows_after(path, step):
    """The whole rows up to `step`, alone left there: what a kill cut short or the checkpoint does not know comes again."""
    rows = [row for row in runs.read_metrics(path) if row["step"] <= step]
    if agree.writer():
        runs.write_text(path, "".join(json.dumps(row) + "\n" for row in rows))
    return rows

"""One run among those that are trained side by side: what it writes, when it ends, whether it is still alive."""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jaxgan import evaluation, runs
from jaxgan.checkpoint import Checkpoints, sha256
from jaxgan.data import Dataset
from jaxgan.reports import curves, page
from jaxgan.training import hooks, loggers, loop, stopping


class Member:
    """A run, the i-th in one program. `diverged`: the step at which its losses were not finite, None while it lives."""

    def __init__(
        self,
        run: runs.Run,
        i: int,
        program: Any,
        limit: float,
        diverged: int | None = None,
        say: Callable[[str], Any] = print,
    ) -> None:
        config = run.config
        self.run, self.diverged = run, diverged
        self.last: dict[str, Any] = {}  # its newest row
        self.end = stopping.EarlyStopping(config, limit)
        options = {"keep_latest": config.keep_latest, "keep_best": config.keep_best, "metric": config.best_metric}
        self.store = Checkpoints(run.checkpoints, **options, say=say)
        self._i, self._program, self._say = i, program, say

    def open(
        self,
        stack: contextlib.ExitStack,
        start: int,
        dataset: Dataset,
        others: Dataset | None,
        log_to: Sequence[str],
        devices: Sequence[Any],
        show: Callable[[dict[str, Any]], Any],
    ) -> None:
        """Makes its hooks: pictures, rows, checkpoints, evaluations. stack: closes what it opens. show: (row) -> whatever."""
        run, gan, config = self.run, self._program.experiment.gan, self.run.config
        for row in _drop_rows_after(run.folder / "metrics.jsonl", start):
            self.end.look(row)

        def look(row):
            show(row)
            self.end.look(row)

        fields = dataclasses.asdict(config)
        write = stack.enter_context(loggers.open_loggers(log_to, run.folder, run.name, fields, start))
        self._hooks = hooks.run_hooks(run, gan, self.store, dataset, held_out=others, look=look, write=write)
        if config.evaluate_every_steps or config.evaluate_all_every_steps:
            periodic = evaluation.PeriodicEvaluation(run, gan, dataset, devices, self._say, others)
            self._hooks = self._hooks._replace(cheap=periodic.cheap, all_of=periodic.all_of)

    def call(self, name: str, step: int, state: Any, row: dict[str, Any]) -> None:
        """Calls one of its hooks with its own row; what the hook gives is added to that. Does nothing once it has diverged."""
        if self.diverged is not None:
            return
        if self.last.get("step") != step:
            self.last = self._own(row)
            if not np.isfinite(self.last["loss_g"] + self.last["loss_d"]):
                self.diverged = step
                self._say(f"{self.run.folder.name} diverged at step {step}: it is left behind")
                return
        own = state if name == "log" else self._program.member(state, self._i)
        self.last |= getattr(self._hooks, name)(step, own, self.last) or {}

    def _own(self, row):
        count = max((len(v) for v in row.values() if np.ndim(v)), default=1)
        own = {name: float(v[self._i]) if np.ndim(v) else v for name, v in row.items()}
        speed = {"images": row["step"] * self.run.config.batch_size, "images_per_s": row["images_per_s"] / count}
        return {**own, **speed}

    def close(self) -> None:
        """Closes its checkpoints, and draws its curves to the end."""
        self.store.close()
        curves.save_curves(self.run.folder / "curves.png", self.run.folder / "metrics.jsonl")

    def result(self, step: int, seconds: float, state: Any, row: dict[str, Any]) -> None:
        """Writes result.json and the page, where it was trained or has none."""
        there = (self.run.folder / "result.json").exists()
        if not there or (row and self.diverged is None):
            ended = self.end.reason if self.diverged is None else f"diverged at step {self.diverged}"
            own = sha256(self._program.member(state, self._i))
            step = step if self.diverged is None else self.diverged
            hooks.result(self.run, step, seconds, own, self._program.mode, self._program.devices, ended)
        page.write(self.run)


def calls(config: Any, members: Sequence[Member]) -> tuple[loop.Hook, ...]:
    """Hooks of the loop: each calls that of every member."""

    def every(name):
        def call(step, state, row):
            for member in members:
                member.call(name, step, state, row)

        return call

    looks = ((config.evaluate_every_steps, "cheap"), (config.evaluate_all_every_steps, "all_of"))
    return (
        *(
            loop.Hook(every_steps, every(name), stopped=config.keep_best > 0)
            for every_steps, name in looks
            if every_steps
        ),
        loop.Hook(config.sample_every_steps, every("sample")),
        loop.Hook(config.log_every_steps, every("log"), first=True),
        loop.Hook(config.save_every_steps, every("save"), stopped=True),
    )


def _drop_rows_after(path, step):
    """The whole rows up to `step`, alone left there: what a kill cut short or the checkpoint does not know comes again."""
    rows = [row for row in runs.read_metrics(path) if row["step"] <= step]
    part = path.with_name(path.name + ".part")
    part.write_text("".join(json.dumps(row) + "\n" for row in rows))
    part.replace(path)
    return rows

"""From a recipe and its config to a run folder: data, setup, loop, hooks, result."""

import dataclasses
import json
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from jaxgan import build, data, evaluation, parallel, recipes, runs, steps
from jaxgan.checkpoint import Checkpoints, sha256
from jaxgan.config import check_inactive
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.progress import Progress, duration
from jaxgan.reports import animation, page
from jaxgan.training import hooks, loggers, loop, scalars, stopping

RESUME = ("never", "auto", "must")


class Stopped(Exception):
    """A signal ended the training; its state is saved. `signal` is the signal's number, `command` goes on with it."""

    def __init__(self, number, step, command):
        super().__init__(f"{signal.Signals(number).name}: saved step {step}. To go on: {command}")
        self.signal = number


class CompiledStep(NamedTuple):
    """A recipe's functions, its batches, and the wrapped step that takes them."""

    experiment: build.Experiment
    loader: data.Loader
    wrapped: Callable  # (state, batch, *counted(n), *shared) -> (state, metrics)
    mode: str
    chunk: int  # steps a dispatch, at most

    def counted(self, count):
        """What tells a program of several steps how many to play."""
        return (np.int32(count),) if self.chunk > 1 else ()

    def player(self):
        """(state, batch, count) -> (state, metrics), with what follows every batch on its devices."""
        shared = jax.device_put(self.loader.shared, self.wrapped.where)
        return lambda state, batch, count: self.wrapped(state, batch, *self.counted(count), *shared)

    def lower(self, state):
        """The program of a whole dispatch, lowered for these shapes of a state."""
        return self.wrapped.lower(state, self.loader.like(), *self.counted(self.chunk), *self.loader.shared)


def prepare(recipe, config):
    """Dataset that a recipe is to be trained on. Raises BadInput where there is none, and where a field has no effect."""
    recipe = recipes.get(recipe)
    check_inactive(config, recipe.TINY)
    if not config.data:
        raise BadInput(
            f"{recipes.name(recipe)} has no data set of its own: give --data, a folder of images or idx files, an .npz, or "
            "digits"
        )
    dataset = data.load(config.data, **config.fitting)
    batches.check(config, dataset)
    return dataset


def deadline(max_minutes):
    """The time.monotonic() of so many minutes from now, infinity for None. Raises BadInput for less than any."""
    if max_minutes is not None and max_minutes <= 0:
        raise BadInput(f"--max-minutes is {max_minutes}: give a number above 0")
    return time.monotonic() + 60 * (float("inf") if max_minutes is None else max_minutes)


def compose(recipe, config, dataset, mode, devices):
    """CompiledStep of a recipe on these devices. Raises BadInput where recipe and data do not fit."""
    recipe = recipes.get(recipe)
    experiment = build.experiment(recipe, config, dataset.specs, parallel.axis_name(mode))
    parallel.check_divisible(config.batch_size, len(devices), config.batch_parts)
    scalars.check(recipe, config, dataset.specs)
    fed = loader(dataset, config)
    step = dispatch(experiment.step, fed, config)
    wrapped = parallel.wrap(mode, step, devices, fed.batch_axis)
    return CompiledStep(experiment, fed, wrapped, mode, config.steps_per_dispatch)


def loader(dataset, config):
    """data.Loader of the batches that a config asks for."""
    return data.Loader(
        dataset,
        config.batch_size,
        seed=config.seed,
        columns=batches.columns(config),
        unpaired=config.unpaired,
        flip=config.flip,
        turns=config.d_steps,
        chunk=config.steps_per_dispatch,
    )


def dispatch(step, loader, config):
    """The step that takes a Loader's batches and what they share; with several a dispatch also how many, see `steps.up_to`."""
    step = loader.gathering(step)
    return steps.up_to(step) if config.steps_per_dispatch > 1 else step


def train(recipe, config, *, out=None, mode="single", devices=None, resume="never", max_minutes=None, log_to=()):
    """Run: trains a recipe into a run folder, and says on the way how it goes.

    recipe: its name, the path of its file, or its module. mode: one of parallel.MODES, on the first `devices` devices.
    resume: "never" refuses an existing run, "auto" goes on with it or begins, "must" goes on or refuses. max_minutes: ends the
    training, saved, so long after this call. log_to: names of loggers.NAMES. Raises BadInput before anything is written where
    the input cannot be used, Stopped after Ctrl-C or SIGTERM.
    """
    limit = deadline(max_minutes)
    loggers.check(log_to)
    chosen = parallel.choose(mode, devices)
    if resume == "must" and out is None:
        raise BadInput("--resume must needs --out RUN, the run to go on with")
    recipe = recipes.get(recipe)
    dataset = prepare(recipe, config)
    program = compose(recipe, config, dataset, mode, chosen)
    begin = lambda: build.fresh_state(program.experiment, config, dataset.specs)
    shapes = jax.eval_shape(begin)  # networks that do not fit the data fail here

    going_on = resume != "never" and out is not None and runs.exists(out)
    if resume == "must" and not going_on:
        raise BadInput(f"--resume must, but there is no run in {out}: --resume auto begins one")
    run = (runs.resume if going_on else runs.create)(out, recipe, config, dataset.info)
    try:
        return _train(run, program, dataset, begin, shapes, chosen, limit, resume, going_on, log_to)
    except BadInput:
        if not going_on:
            runs.remove_unused(run)
        raise


def _train(run, program, dataset, begin, shapes, chosen, limit, resume, going_on, log_to):
    """The Run, trained to its end."""
    config, out = run.config, run.folder
    with Progress(config.steps) as progress:
        shape = "x".join(map(str, run.made.shape))
        progress.say(f"{run.name} on {dataset.name} ({dataset.size} samples of {shape}) into {run.folder}")
        if dataset.classes and LABEL not in batches.columns(config):
            progress.say(f"{dataset.name} has {len(dataset.classes)} classes: their labels are not used")
        store = Checkpoints(
            run.checkpoints,
            keep_latest=config.keep_latest,
            keep_best=config.keep_best,
            metric=config.best_metric,
            say=progress.say,
        )
        host = jax.local_devices(backend="cpu")[0] if program.mode == "fsdp" else None
        found = store.restore(shapes, device=host) if going_on else None
        if resume == "must" and found is None:
            raise BadInput(f"--resume must, but {out} has no checkpoint to go on from: --resume auto begins it again")
        # made where it belongs: one device may not hold it whole
        state, metadata = found or (
            jax.jit(begin, out_shardings=program.wrapped.where_state(shapes))(),
            {"seconds": 0.0},
        )
        start = int(state.step)
        if going_on:
            progress.say(f"resumed from step {start}")
        progress.begin(start)
        end = stopping.EarlyStopping(config, limit)
        watch, others = None, held_out(config)
        if config.evaluate_every_steps or config.evaluate_all_every_steps:
            gan = program.experiment.gan
            watch = evaluation.PeriodicEvaluation(run, gan, dataset, chosen, progress.say, others)
        with loggers.open_loggers(log_to, run.folder, run.name, dataclasses.asdict(config), start) as write:
            step, seconds = _play(
                run,
                program,
                state,
                store,
                metadata["seconds"],
                progress,
                dataset,
                others,
                len(chosen),
                end,
                write,
                watch,
            )
        animation.animate(run.folder)
        page.write(run)
        if step < config.steps:
            progress.say(f"{end.reason}: to go on, {end.how_to_resume} with --out {run.folder} --resume auto")
        progress.say(f"{step} steps in {duration(seconds)} of training")
    return run


def held_out(config):
    """Dataset that inputs of G are taken from where people look: what the source holds out; None where no game needs it."""
    if set(config.given) <= {LABEL}:
        return None
    return data.held_out(config.data, **config.fitting)


def _play(run, program, state, store, seconds_before, progress, dataset, others, devices, end, write, watch):
    """(last step, seconds of training in all): the loop from `state` to its end, with its hooks, and result.json."""
    config, folder, start = run.config, run.folder, int(state.step)
    metrics = folder / "metrics.jsonl"
    for row in _drop_rows_after(metrics, start):
        end.look(row)

    def look(row):
        progress.show(row)
        end.look(row)

    gan = program.experiment.gan
    own = hooks.run_hooks(run, gan, store, dataset, held_out=others, look=look, write=write)
    looks = ((config.evaluate_every_steps, "cheap"), (config.evaluate_all_every_steps, "all_of"))
    calls = (
        *(loop.Hook(every, getattr(watch, name), stopped=config.keep_best > 0) for every, name in looks if every),
        loop.Hook(config.sample_every_steps, own.sample),
        loop.Hook(config.log_every_steps, own.log, first=True),
        loop.Hook(config.save_every_steps, own.save, stopped=True),
    )
    with loop.interruptible() as asked:
        try:
            state, row = loop.run(
                program.player(),
                state,
                program.loader.batch,
                start=start,
                stop=config.steps,
                chunk=config.steps_per_dispatch,
                images_per_step=config.batch_size,
                hooks=calls,
                interrupted=lambda: asked() is not None,
                should_stop=end,
                seconds=seconds_before,
            )
        except loop.Diverged as error:
            store.close()
            whole = store.steps()
            raise BadInput(
                f"the training diverged: {error}; "
                + (
                    f"step {whole[-1]} in {folder} is the last state that was saved; "
                    if whole
                    else "nothing was saved yet; "
                )
                + "try lower --lr-g and --lr-d, or a --penalty"
            ) from error
        store.close()
        step = int(state.step)
        if step < config.steps and asked() is not None:
            raise Stopped(asked(), step, f"the same command with --out {folder} --resume auto")
    seconds = row.get("seconds", seconds_before)
    if row or not (folder / "result.json").exists():
        hooks.result(run, step, seconds, sha256(state), program.mode, devices, end.reason)
    return step, seconds


def _drop_rows_after(path, step):
    """The whole rows up to `step`, alone left there: what a kill cut short or the checkpoint does not know comes again."""
    rows = [row for row in runs.read_metrics(path) if row["step"] <= step]
    part = path.with_name(path.name + ".part")
    part.write_text("".join(json.dumps(row) + "\n" for row in rows))
    part.replace(path)
    return rows

"""From a recipe and its config to a run folder, or from several configs to several: one loop, a run is a population of one."""

import contextlib
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import jax

from jaxgan import inference, parallel, recipes, runs, runtime
from jaxgan.checkpoint import Checkpoints, keeping, printable
from jaxgan.config import check_inactive
from jaxgan.data import batch as batches
from jaxgan.errors import BadInput, Diverged, positive
from jaxgan.names import tell
from jaxgan.processes import agree
from jaxgan.progress import Progress, duration
from jaxgan.reports import animation, samples
from jaxgan.training import lock, loggers, loop, rollback, table, transfer, words
from jaxgan.training.compiled import Config, Recipe, compose, deadline, held_out, prepare
from jaxgan.training.folder import has_members, opened, opened_home, unused_removed
from jaxgan.training.goodput import Goodput
from jaxgan.training.member import Member, calls
from jaxgan.training.population import Population
from jaxgan.training.rarely import Rarely
from jaxgan.training.restore import restored

RESUME = ("never", "auto", "must")


class Stopped(Exception):
    """A signal ended the training; its state is saved. `signal` is the signal's number, `status` what a command ends with."""

    def __init__(self, number, step, command):
        super().__init__(f"{signal.Signals(number).name}: saved step {step}. To go on: {command}")
        self.signal, self.status = number, loop.status(number)


def train(
    recipe: Recipe,
    config: Config,
    *,
    out: str | Path | None = None,
    mode: str = "single",
    devices: int | None = None,
    resume: str = "never",
    max_minutes: float | None = None,
    log_to: Sequence[str] = (),
    init_from: str | Path | runs.Run | None = None,
    init_partial: bool = False,
    grace_seconds: float | None = None,
    command: Sequence[str] = (),
    again: runs.Run | None = None,
) -> runs.Run:
    """Run: trains a recipe into a run folder, and says on the way how it goes.

    recipe: its name, the path of its file, or its module. mode: one of parallel.MODES, on the first `devices` devices.
    resume: "never" refuses an existing run, "auto" goes on with it or begins, "must" goes on or refuses. max_minutes: ends the
    training, saved, so long after this call. log_to: names of loggers.NAMES. init_from: a run whose networks a new one begins
    with (`transfer.take`; init_partial: with those parts that fit); a run that goes on needs it no more. grace_seconds: after a
    signal the process ends within that time, saved or not. command: the words that asked for it, which a new run keeps. again: a
    run that this is to be once more, whose data and beginning it has to have. Raises BadInput before anything is written where
    the input cannot be used, TryAgain where another process trains there or the disk refuses, Diverged where --on-nan does not
    help, and Stopped after a signal.
    """
    limit, module = _checked(recipe, out, resume, max_minutes, log_to, grace_seconds)
    going_on, source = _goes_on(resume, out, out), runs.folder_of(init_from)
    if not going_on:
        transfer.check(config, source, init_partial)
    chosen = parallel.choose(mode, devices)
    dataset = prepare(module, config)
    if again is not None:
        inference.check_data(again, dataset)
    program = compose(module, config, dataset, mode, chosen)
    shapes = jax.eval_shape(program.begin)  # networks that do not fit the data fail here
    taken = transfer.taken(source, shapes, init_partial, module, out if going_on else None)
    if again is not None and taken is not None:
        transfer.check_source(again, taken)
    begun_from = taken and taken.source
    if going_on and out is not None:
        begun_from = transfer.same(runs.resume(out, module, config, dataset.info, write=False), taken)
    elif again is not None and begun_from is not None:  # what it was before, and not what the record would be now
        begun_from = {**begun_from, "images": transfer.images(again.begun_from)}
    if seen := transfer.images(begun_from):
        program = compose(module, config, dataset, mode, chosen, seen)
    with contextlib.ExitStack() as stack:
        run = opened(stack, out, module, config, dataset.info, going_on, begun_from, command)
        goodput = Goodput()
        signals = stack.enter_context(contextlib.closing(loop.Signals(grace_seconds)))
        while True:
            try:
                how = (limit, resume, going_on, log_to, signals, goodput)
                _train([run], program, dataset, chosen, how, run.folder, taken)
                break
            except Diverged as error:
                if config.on_nan == "stop":
                    raise
                _back(run, error)
                resume, going_on = "auto", True
        if agree.writer():
            _drawn(run.folder)
    return run


def train_population(
    recipe: Recipe,
    configs: Sequence[Config],
    *,
    out: str | Path | None = None,
    resume: str = "never",
    max_minutes: float | None = None,
    log_to: Sequence[str] = (),
    grace_seconds: float | None = None,
    command: Sequence[str] = (),
) -> Path:
    """Folder with a run 00, 01, ... for each of the configs, trained side by side on one device.

    Each is the run that it would be alone, up to rounding, and can be sampled, evaluated and gone on with by itself. One that
    diverges is left behind, and marked in OUT/population.json. A resume goes on from the newest step that all living ones
    have. Ends early when every living one has passed its --stop-when. Raises as `train` does.
    """
    limit, module = _checked(recipe, out, resume, max_minutes, log_to, grace_seconds)
    if configs[0].on_nan == "rollback":
        raise BadInput("--on-nan rollback does not go with --population and --sweep: take stop or skip")
    if agree.count() > 1:
        raise BadInput(f"--population and --sweep train in one process, and there are {agree.count()}: begin one")
    first, name = configs[0], recipes.name(module)
    for config in configs[1:]:
        check_inactive(config, module.TINY)
    going_on = _goes_on(resume, out, None if out is None else Path(out) / f"{len(configs) - 1:02}")
    going_on = has_members(out, resume, len(configs)) and going_on
    if not going_on:
        transfer.check(first, None)
    dataset = prepare(module, first)
    program = Population(module, configs, dataset)
    for i, config in enumerate(configs) if going_on else ():
        runs.resume(Path(out or "") / f"{i:02}", module, config, dataset.info, write=False)
    with contextlib.ExitStack() as stack:
        home = opened_home(stack, out, f"{name}-population", going_on, resume, len(configs))
        folders = [home / f"{i:02}" for i in range(len(configs))]
        for folder in folders if going_on else ():
            stack.enter_context(lock.held(folder))
        open_run = runs.resume if going_on else partial(runs.create, command=command, beside=len(configs))
        made = [open_run(folder, module, config, dataset.info) for folder, config in zip(folders, configs, strict=True)]
        if not going_on:
            stack.enter_context(unused_removed(made, home))
            for folder in folders:
                stack.enter_context(lock.held(folder))
        signals = stack.enter_context(contextlib.closing(loop.Signals(grace_seconds)))
        how = (limit, resume, going_on, log_to, signals, Goodput())
        _train(made, program, dataset, jax.devices()[:1], how, home)
    return home


def _checked(recipe, out, resume, max_minutes, log_to, grace_seconds):
    """(time of the end, module of the recipe)."""
    runtime.check_float32()
    positive("--grace-seconds", grace_seconds)
    limit = deadline(max_minutes)
    loggers.check(log_to)
    if resume != "never" and out is None:
        raise BadInput(f"--resume {resume} needs --out RUN, the run to go on with")
    return limit, recipes.get(recipe)


def _goes_on(resume, out, run):
    going_on = agree.shared(resume != "never" and run is not None and runs.exists(run))
    if resume == "must" and not going_on:
        raise BadInput(f"--resume must, but there is no run in {out}: --resume auto begins one")
    return going_on


def _positive(x):
    return float(x) if type(x) in (int, float) and 0 < x < float("inf") else 0.0


def _back(run, error):
    """Takes the run back to its last checkpoint, to go on with other draws. Raises Diverged where that has not helped."""
    reason = error.__cause__ if isinstance(error.__cause__, Diverged) else error  # without what else could be tried
    with contextlib.closing(Checkpoints(run.checkpoints)) as store:
        to = keeping.back_to(store.steps(), run.config.save_every_steps)
        rollback.check(run.folder, to, reason)  # before anything is taken away
        store.drop_after(to)
    number = rollback.back(run.folder, to, reason)
    tell(f"{reason}: back to step {to}, with other draws (rollback {number})")


def _drawn(folder):
    """The animation, which may fail without a training failing."""
    try:
        animation.animate(folder)
    except Exception as error:
        tell(f"the animation failed ({type(error).__name__}: {printable(error)})", file=sys.stderr)


def _train(made, program, dataset, devices, how, home, taken=None):
    """Trains the runs in `made`, one or several side by side, to their end."""
    limit, resume, going_on, log_to, signals, goodput = how
    config, several = made[0].config, len(made) > 1
    with Progress(config.steps, until=limit) as progress, contextlib.ExitStack() as stack:
        shape = "x".join(map(str, made[0].made.shape))
        many = f"{len(made)} times " if several else ""
        progress.say(f"{many}{made[0].name} on {dataset.name} ({dataset.size} samples of {shape}) into {home}")
        for note in dataset.notes:
            progress.say(note)
        if unused := batches.unused_labels(config, dataset):
            progress.say(f"{dataset.name} has {unused}: they are not used")
        marked = table.marked(home) if several and going_on else {}
        tabled = lambda: table.write(home, members, program)
        members: list[Member] = [
            Member(run, i, program, limit, marked.get(run.folder.name), progress.say, tabled if several else None)
            for i, run in enumerate(made)
        ]
        state, note = restored(members, program, home, resume) if going_on else (None, {})
        if state is None:
            state = transfer.first(made[0], program.initial(), program.experiment.opt, taken, progress.say)
        seconds_before = _positive(note.get("seconds"))
        rollbacks = 0
        if not several:
            state, rollbacks = rollback.moved(state, made[0].folder, int(_positive(note.get("rollbacks"))))
        start, others = int(state.step), held_out(config, dataset)
        if going_on:
            progress.say(f"resumed from step {start}")
        for line in words.computing(config.dtype, program.dtype, note.get("computed_in"), start):
            progress.say(line)
        show = progress.show if not several else lambda row: None
        for member in members:
            if member.diverged is None:
                member.open(stack, start, dataset, others, log_to, devices, show, rollbacks, note.get("parts"))
        living = lambda: [member for member in members if member.diverged is None]

        def over():
            if not (ended := [member.end() for member in living()]):  # each is asked, so that each has its reason
                raise Diverged(f"the last one at step {max(member.diverged or 0 for member in members)}")
            return all(ended)

        hooks = calls(config, members, signals, goodput)
        if several:
            tabled()
            hooks += (loop.Hook(config.log_every_steps, table.overview(progress), first=True),)
        progress.begin(start)

        def interrupted():
            if progress.closed:
                signals.ask(signal.SIGPIPE)
            return signals.number is not None

        begun = goodput.begun()
        with signals:
            try:
                state, row = loop.run(
                    goodput.compiled(program.stepper()),
                    state,
                    program.batch,
                    start=start,
                    stop=config.steps,
                    chunk=config.steps_per_dispatch,
                    images_per_step=config.batch_size * len(made),
                    hooks=hooks,
                    interrupted=interrupted,
                    should_stop=over,
                    decide=signals.decide,
                    seconds=seconds_before,
                    skips=config.skips if config.counts_skips else 0,
                    rarely=Rarely(program.experiment.rare_every, note.get("metrics")),
                )
                over()  # the last look may have left the last one behind
            except Diverged as error:
                goodput.lost(begun)
                raise Diverged(words.diverged(error, members, home)) from error
            finally:
                for member in members:
                    member.close()
        state = agree.whole(state)
        step, seconds = int(state.step), row.get("seconds", seconds_before)
        shares, line = goodput.end(seconds - seconds_before)
        if step < config.steps and interrupted():
            if several:
                tabled()
            raise Stopped(signals.number, step, words.command(made[0].recipe, members, home))
        for member in members:
            member.result(step, seconds, state, row, shares)
        if several:
            tabled()
            samples.overview(home / "samples.png", made[0], program.experiment.gan, state, others or dataset)
            for own in table.lines(members, program):
                columns = [k for k in ("seed", *sorted(program.values), "loss_g", "loss_d") if own.get(k) is not None]
                marks = [f"diverged at step {own['diverged']}"] if "diverged" in own else []
                progress.say("  ".join([own["run"], *(f"{k} {own[k]:g}" for k in columns), *marks]))
        if step < config.steps:
            end = (living() or members)[0].end
            how = f"{end.how_to_resume} with --out {home} --resume auto"
            progress.say(f"{end.reason}: to go on, {how}")
        of = f"{step} steps of {len(made)} GANs" if several else f"{step} steps"
        progress.say(f"{of} in {duration(seconds)} of training")
        if step > start:
            progress.say(line)

"""From a recipe and its config to a run folder, or from several configs to several: one loop, a run is a population of one."""

import contextlib
import json
import signal
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from jaxgan import parallel, recipes, runs
from jaxgan.config import check_inactive
from jaxgan.data import batch as batches
from jaxgan.data.dataset import LABEL
from jaxgan.errors import BadInput
from jaxgan.progress import Progress, duration
from jaxgan.reports import animation, samples
from jaxgan.training import lock, loggers, loop, transfer
from jaxgan.training.compiled import Config, Recipe, compose, deadline, held_out, prepare
from jaxgan.training.member import Member, calls
from jaxgan.training.population import Population

RESUME = ("never", "auto", "must")
_TABLE = "population.json"


class Stopped(Exception):
    """A signal ended the training; its state is saved. `signal` is the signal's number, `command` goes on with it."""

    def __init__(self, number, step, command):
        super().__init__(f"{signal.Signals(number).name}: saved step {step}. To go on: {command}")
        self.signal = number


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
    init_from: str | Path | None = None,
    init_partial: bool = False,
) -> runs.Run:
    """Run: trains a recipe into a run folder, and says on the way how it goes.

    recipe: its name, the path of its file, or its module. mode: one of parallel.MODES, on the first `devices` devices.
    resume: "never" refuses an existing run, "auto" goes on with it or begins, "must" goes on or refuses. max_minutes: ends the
    training, saved, so long after this call. log_to: names of loggers.NAMES. init_from: a run whose networks a new one begins
    with (`transfer.take`; init_partial: with those parts that fit); a run that goes on needs it no more. Raises BadInput before
    anything is written where the input cannot be used, Stopped after Ctrl-C or SIGTERM.
    """
    limit, module = _checked(recipe, out, resume, max_minutes, log_to)
    going_on = _goes_on(resume, out, out)
    if not going_on:
        transfer.check(config, init_from, init_partial)
    chosen = parallel.choose(mode, devices)
    dataset = prepare(module, config)
    program = compose(module, config, dataset, mode, chosen)
    shapes = jax.eval_shape(program.begin)  # networks that do not fit the data fail here
    taken = None if init_from is None else transfer.take(init_from, shapes, init_partial, module)
    if going_on and out is not None:
        run = runs.resume(out, module, config, dataset.info)
    else:
        run = runs.create(out, module, config, dataset.info, taken and taken.source)
    with _unused_removed([] if going_on else [run]):
        _train([run], program, dataset, chosen, limit, resume, going_on, log_to, run.folder, taken)
    animation.animate(run.folder)
    return run


def train_population(
    recipe: Recipe,
    configs: Sequence[Config],
    *,
    out: str | Path | None = None,
    resume: str = "never",
    max_minutes: float | None = None,
    log_to: Sequence[str] = (),
) -> Path:
    """Folder with a run 00, 01, ... for each of the configs, trained side by side on one device.

    Each is the run that it would be alone, up to rounding, and can be sampled, evaluated and gone on with by itself. One that
    diverges is left behind, and marked in OUT/population.json. A resume goes on from the newest step that all living ones
    have. Ends early when every living one has passed its --stop-when. Raises as `train` does.
    """
    limit, module = _checked(recipe, out, resume, max_minutes, log_to)
    first, name = configs[0], recipes.name(module)
    for config in configs[1:]:
        check_inactive(config, module.TINY)
    going_on = _goes_on(resume, out, None if out is None else Path(out) / "00")
    if not going_on:
        transfer.check(first, None)
    dataset = prepare(module, first)
    program = Population(module, configs, dataset)
    home = Path(out) if going_on and out is not None else runs.new_folder(out, f"{name}-population")
    open_run = runs.resume if going_on else runs.create
    made = [open_run(home / f"{i:02}", module, config, dataset.info) for i, config in enumerate(configs)]
    with _unused_removed([] if going_on else made):
        _train(made, program, dataset, jax.devices()[:1], limit, resume, going_on, log_to, home)
    return home


def _checked(recipe, out, resume, max_minutes, log_to):
    """(time of the end, module of the recipe)."""
    limit = deadline(max_minutes)
    loggers.check(log_to)
    if resume == "must" and out is None:
        raise BadInput("--resume must needs --out RUN, the run to go on with")
    return limit, recipes.get(recipe)


def _goes_on(resume, out, run):
    going_on = resume != "never" and run is not None and runs.exists(run)
    if resume == "must" and not going_on:
        raise BadInput(f"--resume must, but there is no run in {out}: --resume auto begins one")
    return going_on


@contextlib.contextmanager
def _unused_removed(made):
    try:
        yield
    except BadInput:
        for run in made:
            runs.remove_unused(run)
        raise


def _train(made, program, dataset, devices, limit, resume, going_on, log_to, home, taken=None):
    """Trains the runs in `made`, one or several side by side, to their end."""
    config, several = made[0].config, len(made) > 1
    with Progress(config.steps) as progress, contextlib.ExitStack() as stack:
        for folder in dict.fromkeys((Path(home), *(run.folder for run in made))):
            stack.enter_context(lock.held(folder))
        shape = "x".join(map(str, made[0].made.shape))
        many = f"{len(made)} times " if several else ""
        progress.say(f"{many}{made[0].name} on {dataset.name} ({dataset.size} samples of {shape}) into {home}")
        for note in dataset.notes:
            progress.say(note)
        if dataset.classes and LABEL not in batches.columns(config):
            progress.say(f"{dataset.name} has {len(dataset.classes)} classes: their labels are not used")
        marked = _marked(home) if several and going_on else {}
        members = [
            Member(run, i, program, limit, marked.get(run.folder.name), progress.say) for i, run in enumerate(made)
        ]
        state, seconds_before = _restored(members, program, home, resume) if going_on else (None, 0.0)
        if state is None:
            state = transfer.first(made[0], program.initial(), program.experiment.opt, taken, progress.say)
        start, others = int(state.step), held_out(config)
        if going_on:
            progress.say(f"resumed from step {start}")
        show = progress.show if not several else lambda row: None
        for member in members:
            if member.diverged is None:
                member.open(stack, start, dataset, others, log_to, devices, show)
        living = lambda: [member for member in members if member.diverged is None]

        def over():
            ended = [member.end() for member in living()]  # each is asked, so that each has its reason
            return all(ended)

        hooks = calls(config, members)
        if several:
            _write_table(home, members, program)
            hooks += (loop.Hook(config.log_every_steps, _overview_row(progress, home, members, program), first=True),)
        progress.begin(start)
        with loop.interruptible() as asked:
            try:
                state, row = loop.run(
                    program.stepper(),
                    state,
                    program.batch,
                    start=start,
                    stop=config.steps,
                    chunk=config.steps_per_dispatch,
                    images_per_step=config.batch_size * len(made),
                    hooks=hooks,
                    interrupted=lambda: asked() is not None,
                    should_stop=over,
                    seconds=seconds_before,
                )
            except loop.Diverged as error:
                raise BadInput(_diverged(error, members, home)) from error
            finally:
                for member in members:
                    member.close()
        step, seconds = int(state.step), row.get("seconds", seconds_before)
        word = _command(made[0].recipe, members, home)
        if step < config.steps and asked() is not None:
            if several:
                _write_table(home, members, program)
            raise Stopped(asked(), step, word)
        for member in members:
            member.result(step, seconds, state, row)
        if several:
            _write_table(home, members, program)
            samples.overview(home / "samples.png", made[0], program.experiment.gan, state, others or dataset)
            for line in _table(members, program):
                columns = [k for k in ("seed", *sorted(program.values), "loss_g", "loss_d") if line.get(k) is not None]
                marks = [f"diverged at step {line['diverged']}"] if "diverged" in line else []
                progress.say("  ".join([line["run"], *(f"{k} {line[k]:g}" for k in columns), *marks]))
        if step < config.steps:
            end = (living() or members)[0].end
            how = f"{end.how_to_resume} with --out {home} --resume auto"
            progress.say(f"{end.reason}: to go on, {how}")
        of = f"{step} steps of {len(made)} GANs" if several else f"{step} steps"
        progress.say(f"{of} in {duration(seconds)} of training")


def _restored(members, program, home, resume):
    """(state, seconds before) of the newest step that all living members have whole; (None, 0.0) where there is none."""
    living = [member for member in members if member.diverged is None]
    if not living:
        raise BadInput(f"all {len(members)} runs in {home} have diverged: begin anew, with another --out")
    host = jax.local_devices(backend="cpu")[0] if program.mode == "fsdp" else None
    shapes, damaged = jax.eval_shape(program.begin), []
    steps = lambda: set.intersection(*(set(member.store.steps()) for member in living))
    while common := steps():
        newest = max(common)
        try:
            found = [member.store.restore(shapes, only=newest, device=host) for member in living]
        except BadInput:
            if newest in steps():  # what is damaged was set aside: this one is of another architecture
                raise
            damaged.append(newest)
            continue
        states = iter(found)
        whole = [next(states)[0] if member.diverged is None else found[0][0] for member in members]
        return program.restored(whole), found[0][1]["seconds"]
    if damaged:
        raise BadInput(
            f"none of the checkpoints {damaged[::-1]} in {home} can be read: train again, with another --out"
        )
    if resume == "must":
        raise BadInput(f"--resume must, but {home} has no checkpoint to go on from: --resume auto begins it again")
    return None, 0.0


def _diverged(error, members, home):
    advice = "try lower --lr-g and --lr-d, or a --penalty"
    if len(members) > 1:
        return f"all {len(members)} trainings in {home} diverged: {error}; {advice}"
    whole = members[0].store.steps()
    saved = f"step {whole[-1]} in {home} is the last state that was saved" if whole else "nothing was saved yet"
    return f"the training diverged: {error}; {saved}; {advice}"


def _command(recipe, members, home):
    if len(members) == 1:
        return f"the same command with --out {home} --resume auto"
    return (
        f"the same command with --out {home} --resume auto, or one of them, jaxgan train {recipes.word(recipe)} --config "
        + (f"{home / '00'}/config.json --out {home / '00'} --resume auto")
    )


def _table(members, program):
    for member in members:
        config = member.run.config
        differ = {name: getattr(config, name) for name in ("seed", *sorted(program.values))}
        mark = {} if member.diverged is None else {"diverged": member.diverged}
        finite = {k: v if not isinstance(v, float) or np.isfinite(v) else None for k, v in member.last.items()}
        yield {"run": member.run.folder.name, **differ, **finite, **mark}


def _write_table(home, members, program):
    runs.write_json(home / _TABLE, list(_table(members, program)))


def _marked(home):
    """{run: step at which it diverged} of a population that goes on."""
    try:
        return {row["run"]: row["diverged"] for row in json.loads((home / _TABLE).read_text()) if "diverged" in row}
    except (OSError, ValueError, TypeError, KeyError):  # killed before its first row
        return {}


def _overview_row(progress, home, members, program):
    """The hook that shows the mean losses of all, and marks who has diverged."""
    marked = {member.run.folder.name for member in members if member.diverged is not None}

    def show(step, state, row):
        mean = lambda v: float(np.mean(v, where=np.isfinite(v)))
        progress.show({k: mean(v) if k.startswith("loss") else v for k, v in row.items()})
        now = {member.run.folder.name for member in members if member.diverged is not None}
        if now - marked:
            marked.update(now)
            _write_table(home, members, program)

    return show

"""Several GANs of one recipe in one program: seeds, rates and other numbers side by side.

Their weights become one array with a leading axis. It pays where a GAN alone does not fill the device;
benchmarks/README.md says where.
"""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import build, recipes, runs, training
from jaxgan.checkpoint import Checkpoints, sha256
from jaxgan.config import check_inactive
from jaxgan.core import State
from jaxgan.data.batch import conditions, indexed
from jaxgan.errors import BadInput, unknown
from jaxgan.options import marks
from jaxgan.options.burn_in import movable
from jaxgan.progress import Progress, duration
from jaxgan.reports import page
from jaxgan.training import hooks, loop, stopping

_COLUMNS = 12  # samples of each member in the overview
_AXES = State(step=None, key=0, g=0, d=0, ema=0)  # all are at the same step, so that lazy penalties stay lazy


def members(config, count=1, sweep=()):
    """Configs: every combination of the values in `sweep`, NAME=VALUE,VALUE,... each, with `count` seeds from --seed on."""
    axes = []
    for words in sweep:
        name, _, values = words.partition("=")
        name = name.strip("-").replace("-", "_")
        if name not in movable(type(config)):
            raise unknown("--sweep", name, movable(type(config)))
        try:
            axes.append([{name: float(value)} for value in values.split(",")])
        except ValueError:
            raise BadInput(f"--sweep is {words!r}: give {name}=NUMBER,NUMBER,...") from None
    axes.append([{"seed": config.seed + i} for i in range(count)])
    merged = [{k: v for part in parts for k, v in part.items()} for parts in itertools.product(*axes)]
    return [dataclasses.replace(config, **values) for values in merged]


class Population:
    """The program of several members on one device: `state`, `batch(step)`, and `play(state, batch, count)`.

    values: name -> [members], what they differ in besides the seed.
    """

    def __init__(self, recipe, configs, dataset, device=None):
        first = configs[0]
        differ = {f.name for f in dataclasses.fields(first) if len({getattr(c, f.name) for c in configs}) > 1}
        may = ("seed", *movable(type(first)))
        if differ - {*may}:
            raise BadInput(f"members differ in {', '.join(sorted(differ))}: a population may in {', '.join(may)}")
        device = device or jax.devices()[0]
        recipe, names, specs = recipes.get(recipe), sorted(differ - {"seed"}), dataset.specs
        self.experiment = build.experiment(recipe, first, specs)
        self.values = {name: jnp.float32([getattr(config, name) for config in configs]) for name in names}
        self._loaders = [training.loader(dataset, config) for config in configs]

        def member(state, batch, values, *shared):
            one = build.experiment(recipe, first, specs, values=values).step
            return training.dispatch(one, self._loaders[0], first)(state, batch, *shared)

        fresh = jax.jit(lambda key: build.fresh_state(self.experiment, first, specs, key))
        states = [fresh(jax.random.key(config.seed)) for config in configs]
        self.state = jax.device_put(
            jax.tree.map(lambda *x: jnp.stack(x), *states)._replace(step=states[0].step), device
        )
        values, *shared = jax.device_put((self.values, *self._loaders[0].shared), device)
        counted = (lambda n: (np.int32(n),)) if first.steps_per_dispatch > 1 else (lambda n: ())
        axes = (_AXES, 0, 0, *(None for _ in (*counted(1), *shared)))
        self.compiled = jax.jit(jax.vmap(member, in_axes=axes, out_axes=(_AXES, 0)), donate_argnums=0)
        self.arguments = lambda count: (values, *counted(count), *shared)  # behind state and batch

    def play(self, state, batch, count):
        """(state, metrics) after `count` steps."""
        return self.compiled(state, batch, *self.arguments(count))

    def batch(self, step, upcoming=None):
        """What the program for the steps from `step` on is given."""
        return jax.tree.map(lambda *x: np.stack(x), *(loader.batch(step, upcoming) for loader in self._loaders))


def member_of(state, i):
    """State of one member."""
    rest = jax.tree.map(lambda x: x[i], state._replace(step=None))
    return rest._replace(step=jnp.array(state.step))


def train(recipe, configs, *, out=None, max_minutes=None):
    """Folder with a run 00, 01, ... for each of the configs, trained side by side on one device.

    Each is the run that it would be alone, up to rounding, and can be sampled, evaluated and gone on with by itself.
    A member that diverges is left behind. Raises BadInput as `training.train` does.
    """
    if len(configs) < 2:
        raise BadInput("a population of one: give --population N, or --sweep with several values")
    first = configs[0]
    for name in ("stop_when", "evaluate_every_steps", "evaluate_all_every_steps", "keep_best"):
        if getattr(first, name):
            none = type(getattr(first, name))()
            raise BadInput(
                f"{marks.flag(name)} {getattr(first, name)} looks at one GAN alone: give {marks.flag(name)} {none!r}, or "
                "train one by one"
            )
    limit, recipe = training.deadline(max_minutes), recipes.get(recipe)
    for config in configs[1:]:
        check_inactive(config, recipe.TINY)
    dataset = training.prepare(recipe, first)
    program = Population(recipe, configs, dataset)
    name = recipes.name(recipe)
    home = runs.new_folder(out, f"{name}-population")
    all_runs = [runs.create(home / f"{i:02}", recipe, config, dataset.info) for i, config in enumerate(configs)]
    varied = [{name: getattr(c, name) for name in ("seed", *sorted(program.values))} for c in configs]
    with Progress(first.steps) as progress:
        progress.say(f"{len(configs)} times {name} on {dataset.name} into {home}")
        stores = [Checkpoints(run.checkpoints, keep_latest=first.keep_latest, say=progress.say) for run in all_runs]
        gan, held_out = program.experiment.gan, training.held_out(first)
        each = [
            hooks.run_hooks(run, gan, store, dataset, held_out=held_out)
            for run, store in zip(all_runs, stores, strict=True)
        ]
        progress.begin(0)
        last = {}

        def every(name):
            def call(step, state, row):
                for i, own_hooks in enumerate(each):
                    own = {k: float(v[i]) if np.ndim(v) else v for k, v in row.items()}
                    own |= {"images": step * first.batch_size, "images_per_s": row["images_per_s"] / len(configs)}
                    last[i] = own
                    getattr(own_hooks, name)(step, member_of(state, i) if name != "log" else None, own)

            return call

        def show(step, state, row):
            progress.show({k: float(np.nanmean(v)) if k.startswith("loss") else v for k, v in row.items()})

        calls = (
            loop.Hook(first.sample_every_steps, every("sample")),
            loop.Hook(first.log_every_steps, every("log"), first=True),
            loop.Hook(first.log_every_steps, show, first=True),
            loop.Hook(first.save_every_steps, every("save"), stopped=True),
        )
        end = stopping.EarlyStopping(first, limit)
        with loop.interruptible() as asked:
            try:
                state, row = loop.run(
                    program.play,
                    program.state,
                    program.batch,
                    start=0,
                    stop=first.steps,
                    chunk=first.steps_per_dispatch,
                    images_per_step=first.batch_size * len(configs),
                    hooks=calls,
                    interrupted=lambda: asked() is not None,
                    should_stop=end,
                )
            except loop.Diverged as error:
                raise BadInput(
                    f"all {len(configs)} trainings in {home} diverged: {error}; try lower --lr-g and --lr-d, or a --penalty"
                ) from error
            finally:
                for store in stores:
                    store.close()
        step, seconds = int(state.step), row.get("seconds", 0.0)
        for i, run in enumerate(all_runs):
            hooks.result(run, step, seconds, sha256(member_of(state, i)), ended=end.reason)
            page.write(run)
        told = zip(all_runs, varied, strict=True)
        table = [{"run": run.folder.name, **v, **last.get(i, {})} for i, (run, v) in enumerate(told)]
        runs.write_json(home / "population.json", table)
        _overview(home / "samples.png", all_runs[0], gan, state, held_out or dataset)
        for line in table:
            columns = [k for k in (*varied[0], "loss_g", "loss_d") if k in line]
            progress.say("  ".join([line["run"], *(f"{k} {line[k]:g}" for k in columns)]))
        progress.say(f"{step} steps of {len(configs)} GANs in {duration(seconds)} of training")
        if step < first.steps:
            one = home / "00"
            command = (
                f"one by one, jaxgan train {recipes.word(recipe)} --config {one}/config.json --out {one} --resume auto"
            )
            if asked() is not None:
                raise training.Stopped(asked(), step, command)
            progress.say(f"{end.reason}: to go on, {command}")
    return home


def _overview(path, run, gan, state, dataset):
    """Writes a row of samples of each member, always of the same latents, labels and inputs."""
    kind = run.made.kind
    if kind.EACH:
        return
    given = conditions(run.config, run.data.specs, _COLUMNS, dataset=dataset)
    batch = {**indexed(0, _COLUMNS), **given}
    draw = jax.jit(jax.vmap(gan.sample, (0, None, None)))
    samples = kind.to_file(np.asarray(draw(state.ema, batch, jax.random.key(run.config.seed))))
    kind.sheet(path, samples.reshape(-1, *samples.shape[2:]), _COLUMNS)

"""The command `jaxgan`: arguments -> recipe -> loop."""

import os
import sys
from pathlib import Path

from jaxgan import runtime
from jaxgan.errors import BadInput, unknown

_OVERVIEW = """usage: jaxgan COMMAND ... [--debug]

commands:
  recipes                       what can be trained, a line each
  train RECIPE [flags]          train a recipe into a run folder (jaxgan train RECIPE --help: all flags)
  sample RUN [flags]            draw samples of a run: a sheet, an .npz, a folder
  evaluate RUN [flags]          every metric that applies, a diagnosis in words, a picture
  report RUN                    a run's own page: samples, curves, config in one file, written anew
  data check SOURCE [flags]     report on a data set before training on it
  data write SOURCE --name NAME write it as a set of tensorflow-datasets, to train on as tfds:NAME
  bench RECIPE [flags]          images/s and step time of a recipe on this machine

A RECIPE is one of those that `jaxgan recipes` lists, or path/to/my_recipe.py. A SOURCE is
  {sources}
Begin with `jaxgan train digits`. Bad input ends with status 2 and one line; --debug shows where it was found.
"""


def _overview():
    words = runtime.constants(Path(__file__).parents[1] / "data" / "sources", "WORDS")
    return _OVERVIEW.replace("{sources}", "\n  ".join(words))


def main(argv=None):
    """Exit status of the command line `argv`."""
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv
    argv = [word for word in argv if word != "--debug"]
    try:
        if not argv or argv[0] in ("-h", "--help"):
            print(_overview())
            return 0
        if argv[0] == "--version":
            from jaxgan import __version__

            print(f"jaxgan {__version__}")
            return 0
        if argv[0] not in _COMMANDS:
            raise unknown("command", argv[0], _COMMANDS)
        return _COMMANDS[argv[0]](argv[1:]) or 0
    except BadInput as error:
        if debug:
            raise
        print(f"jaxgan: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough: jaxgan ... | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # a full disk, a folder that was taken away
        if debug:
            raise
        print(f"jaxgan: {error}: make room or take another place, then go on with --resume auto", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _recipes(argv):
    from jaxgan import recipes

    if argv and argv[0] not in ("-h", "--help"):
        raise BadInput(
            f"jaxgan recipes takes no arguments, not {argv[0]!r}: jaxgan train {argv[0]} --help tells of one"
        )
    for name in recipes.names():
        print(f"{name:16}{recipes.describe(name)}")


def _train(argv):
    name, argv = _first(argv, "train", "RECIPE")
    runtime.keep_memory()
    from jaxgan import recipes
    from jaxgan.cli import arguments

    recipe = recipes.get(name)
    args = arguments.parse(arguments.Train, recipe, argv, f"jaxgan train {name}")
    where = {"mode": args.parallel, "devices": args.devices or None}
    if args.dry_run:
        from jaxgan.cost import estimate

        print(estimate.describe(recipe, args.recipe, memory=args.memory_gib * 2**30, **where))
        return 0
    from jaxgan import training

    runtime.keep_programs()
    if args.population != 1 or args.sweep:
        return _population(recipe, args)
    try:
        options = {
            "out": args.out or None,
            "resume": args.resume,
            "max_minutes": args.max_minutes or None,
            "log_to": args.log_to,
        }
        run = training.train(recipe, args.recipe, **options, **where)
    except training.Stopped as stop:
        print(stop)
        return 128 + stop.signal
    samples = sorted((run.folder / "samples").glob("[0-9]*.png"))
    print(f"samples    {samples[-1]}\ncurves     {run.folder / 'curves.png'}\nreport     {run.folder / 'report.html'}")
    print(f"more       jaxgan sample {run.folder} --num 100")
    return 0


def _population(recipe, args):
    from jaxgan import training
    from jaxgan.training import population

    if args.population < 1:
        raise BadInput(f"--population is {args.population}: give 1 or more")
    for flag, value, only in (
        ("parallel", args.parallel, "single"),
        ("resume", args.resume, "never"),
        ("log-to", args.log_to, ()),
    ):
        if value != only:
            raise BadInput(f"--{flag} {value} does not go with --population and --sweep: leave it away")
    try:
        configs = population.members(args.recipe, args.population, args.sweep)
        home = population.train(recipe, configs, out=args.out or None, max_minutes=args.max_minutes or None)
    except training.Stopped as stop:
        print(stop)
        return 128 + stop.signal
    print(f"members    {home / 'population.json'}\nmore       jaxgan sample {home / '00'} --num 100")
    return 0


def _sample(argv):
    run, argv = _first(argv, "sample", "RUN")
    import tyro

    from jaxgan.cli import arguments

    args = tyro.cli(arguments.Sample, args=argv, prog=f"jaxgan sample {run}")
    from jaxgan import inference

    runtime.keep_programs()
    out = inference.sample(
        run,
        num=args.num,
        seed=args.seed,
        out=args.out or None,
        raw=args.raw,
        interpolate=args.interpolate,
        label=args.label or None,
        step=args.checkpoint,
        truncation=args.truncation,
        ema_sigma=args.ema_sigma,
        recipe=args.recipe or None,
    )
    print(out)


def _evaluate(argv):
    run, argv = _first(argv, "evaluate", "RUN")
    import tyro

    from jaxgan.cli import arguments

    args = tyro.cli(arguments.Evaluate, args=argv, prog=f"jaxgan evaluate {run}")
    if args.json and Path(args.json).exists():
        raise BadInput(f"{args.json} is already there: give another --json")
    from jaxgan import evaluation, parallel, runs

    runtime.keep_programs()
    found = evaluation.evaluate(
        run,
        checkpoint=args.checkpoint,
        num=args.num,
        seed=args.seed,
        features=args.features,
        split=args.split,
        held_out=args.held_out or None,
        source=args.data or None,
        raw=args.raw,
        ema_sigma=args.ema_sigma,
        standing=args.standing_stats,
        path_length=args.path_length,
        devices=parallel.choose("mesh", args.devices or None) if args.devices != 1 else None,
        recipe=args.recipe or None,
        say=lambda line: print(line, file=sys.stderr),
    )
    print(found.table())
    print(f"\npicture    {found.picture or 'none'}\njson       {found.json}")
    if args.json:
        runs.write_json(Path(args.json), found.as_json())


def _report(argv):
    run, argv = _first(argv, "report", "RUN")
    import tyro

    from jaxgan.cli import arguments

    args = tyro.cli(arguments.Report, args=argv, prog=f"jaxgan report {run}")
    from jaxgan.reports import page

    print(page.write(run, args.recipe or None))


def _data(argv):
    what, argv = _first(argv, "data", "check SOURCE")
    if what not in ("check", "write"):
        raise unknown("command", f"data {what}", ["data check", "data write"])
    source, argv = _first(argv, f"data {what}", "SOURCE")
    import tyro

    from jaxgan.cli import arguments

    options = {"check": arguments.Check, "write": arguments.Write}[what]
    args = tyro.cli(options, args=argv, prog=f"jaxgan data {what} {source}")
    from jaxgan import data

    if what == "write":
        dataset = data.load(source, args.resolution, fit=args.fit)
        folder = data.tfds.write(dataset, args.name, args.folder or None)
        print(f"{dataset.size} samples in {folder}: train on them with --data tfds:{args.name}")
        return
    lines, problems = data.check(source)
    print("\n".join(lines))
    for problem in problems:
        print(f"to mend     {problem}")
    if args.recipe:
        from jaxgan.cost import estimate

        print(f"recipe      {estimate.fits(args.recipe, source, args.resolution)}")


def _bench(argv):
    name, argv = _first(argv, "bench", "RECIPE")
    runtime.keep_memory()
    from jaxgan import recipes
    from jaxgan.cli import arguments

    recipe = recipes.get(name)
    args = arguments.parse(arguments.Bench, recipe, argv, f"jaxgan bench {name}")
    from jaxgan import runs
    from jaxgan.cost import bench

    result = bench.measure(recipe, args.recipe, mode=args.parallel, devices=args.devices or None, seconds=args.seconds)
    print(bench.table(result))
    if args.json:
        runs.write_json(Path(args.json), result)


def _first(argv, command, word):
    """(first word, the others). Raises BadInput where it is missing; `--help` in its place shows the overview."""
    if argv and argv[0] in ("-h", "--help"):
        print(_overview())
        raise SystemExit(0)
    if not argv or argv[0].startswith("-"):
        raise BadInput(f"jaxgan {command} needs {word}: jaxgan --help shows how")
    return argv[0], argv[1:]


_COMMANDS = {
    "recipes": _recipes,
    "train": _train,
    "sample": _sample,
    "evaluate": _evaluate,
    "report": _report,
    "data": _data,
    "bench": _bench,
}

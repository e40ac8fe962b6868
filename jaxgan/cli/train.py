"""`jaxgan train`."""

import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jaxgan import config, recipes, runtime
from jaxgan.cli import flags
from jaxgan.errors import BadInput, positive
from jaxgan.names import tell

USAGE, DOES, PLACE, NEEDS = "train RECIPE [flags]", "train a recipe into a run folder", 1, "RECIPE"


@dataclass(frozen=True)
class Flags(flags.Bits, flags.Where, flags.Together):
    """Flags of `jaxgan train`, beside those of the recipe."""

    out: str | None = None
    """Folder of the run. Without it a new one: runs/RECIPE-001 and so on."""
    resume: Literal["never", "auto", "must"] = "never"
    """What to do with an existing run: refuse, go on with it or begin, go on or refuse."""
    max_minutes: float | None = None
    """End the training, saved, so many minutes after its start. By default there is no limit."""
    grace_seconds: float | None = None
    """After a signal that asks to stop, end the process within so many seconds, whatever it does. By default it saves first."""
    log_to: tuple[Literal["tensorboard", "wandb"], ...] = ()
    """Also write scalars and pictures for TensorBoard (into RUN/tensorboard) or Weights & Biases."""
    init_from: str | None = None
    """Begin with the networks of this run, on other data or with other rates: G, D, the average, what they remember."""
    init_partial: bool = False
    """With those parts of --init-from that fit, and say what does not."""
    population: int = 1
    """Train so many GANs side by side in one program, with seeds from --seed on: runs 00, 01, ... in one folder."""
    sweep: tuple[str, ...] = ()
    """And with every combination of such numbers: lr_g=1e-3,1e-4 penalty_weight=0.1,1."""
    dry_run: bool = False
    """Print the resolved config, parameters, FLOPs and bytes, and exit."""
    largest: bool = False
    """Let --dry-run look for the largest batch that fits, too: some more programs are compiled."""
    memory_gib: float = 0.0
    """What a device has, for --largest, which this asks for. 0: as much as the device says that it has."""


# what training.train does not take
_NOT_TRAIN = ("tiny", "config", "population", "sweep", "deterministic", "onednn", "dry_run", "largest", "memory_gib")


def run(subject: str | None, argv: Sequence[str]) -> int:
    """Trains, or says what it would cost."""
    runtime.keep_memory()
    recipe = recipes.get("digits") if subject is None else recipes.get(subject)
    if subject is None:  # what every recipe takes
        flags.parse_with_config(Flags, _Common, argv, "jaxgan train RECIPE")
    args, fields = flags.parse_with_config(Flags, recipe, argv, f"jaxgan train {subject}")
    if args.deterministic:
        runtime.deterministic()
    flags.join(args)
    flags.choose_library(args)
    if args.dry_run and (args.population != 1 or args.sweep):
        raise BadInput("--dry-run is of one training: remove --population and --sweep")
    positive("--memory-gib", args.memory_gib or None)
    if not args.dry_run and (args.largest or args.memory_gib):
        raise BadInput(f"{'--largest' if args.largest else '--memory-gib'} is of what --dry-run says: add it")
    if args.dry_run:
        from jaxgan.cost import estimate

        where = {"mode": args.mode, "devices": args.devices}
        for line in estimate.describe(
            recipe,
            fields,
            memory=args.memory_gib * 2**30,
            largest=args.largest or args.memory_gib > 0,
            say=_tell,
            **where,
        ):
            tell(line)
        return 0
    from jaxgan import training

    runtime.keep_programs()
    command = ("jaxgan", "train", str(subject), *argv)
    try:
        if args.population != 1 or args.sweep:
            return _population(recipe, fields, args, command)
        return _shown(training.train(recipe, fields, **flags.of(args, *_NOT_TRAIN), command=command))
    except training.Stopped as stop:
        if stop.signal != signal.SIGPIPE:  # where nobody listens
            tell(stop)
        return stop.status


def _tell(line):
    tell(line, file=sys.stderr)


class _Common:
    """What is shown where no recipe is named.

    Flags that every recipe has; `jaxgan train RECIPE --help` shows its own values, and those that it has besides.
    """

    Config, TINY = config.Config, {}


def _population(recipe, fields, args, command):
    from jaxgan import training

    if args.population < 1:
        raise BadInput(f"--population is {args.population}: give 1 or more")
    for flag, given in (
        ("--init-from", args.init_from),
        ("--init-partial", args.init_partial),
        ("--devices", args.devices),
    ):
        if given:
            shown = "" if given is True else f" {given}"
            raise BadInput(f"{flag}{shown} does not go with --population and --sweep: remove one of them")
    if args.mode != "single":
        raise BadInput(f"--parallel {args.mode} does not go with --population and --sweep: remove it")
    configs = training.members(fields, args.population, args.sweep)
    if len(configs) == 1:
        return _shown(training.train(recipe, configs[0], **flags.of(args, *_NOT_TRAIN), command=command))
    options = {name: getattr(args, name) for name in ("out", "resume", "max_minutes", "log_to", "grace_seconds")}
    home = training.train_population(recipe, configs, **options, command=command)
    tell(f"members    {home / 'population.json'}\nmore       {_more(home / '00', recipe, configs[0])}")
    return 0


def _shown(made):
    from jaxgan.reports import samples

    newest = (samples.drawn(made.folder) or ["none could be drawn"])[-1]
    curves = made.folder / "curves.png"
    tell(f"samples    {newest}\ncurves     {curves if curves.exists() else 'none could be drawn'}")
    tell(f"report     {made.folder / 'report.html'}")
    if any(path.name.isdecimal() for path in made.checkpoints.iterdir()):  # none where it ended before its first step
        tell(f"more       {_more(made.folder, made.recipe, made.config)}")
    return 0


def _more(folder, recipe, config):
    """The command that makes more with a run: of pictures, where it is given some."""
    run, own = shlex.quote(str(folder)), recipes.origin(recipe)
    line = f"apply {run} PICTURES --out FOLDER" if {*config.given} - {"label"} else f"sample {run} --num 100"
    return f"jaxgan {line}" + ("" if own is None else f" --recipe {shlex.quote(own['path'])}")

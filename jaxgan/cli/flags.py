"""What several commands take: flags are fields of frozen dataclasses, each written once; tyro makes a command line of them."""

import contextlib
import dataclasses
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_origin

import tyro

from jaxgan import config, reading
from jaxgan.errors import BadInput
from jaxgan.names import tell
from jaxgan.options import marks
from jaxgan.processes import together

Flags = TypeVar("Flags")  # a frozen dataclass


@dataclass(frozen=True)
class Where:
    """On which devices, and from where on the config comes."""

    mode: Annotated[Literal["single", "pmap", "mesh", "fsdp"], tyro.conf.arg(name="parallel")] = "single"
    """One device, or data parallel over several: under pmap, on a mesh, or with the state cut into a share for each (fsdp).
    The numbers are the same."""
    devices: int | None = None
    """How many: the first so many that JAX sees. By default one for single, all for the others."""
    tiny: bool = False
    """The recipe at its smallest sizes on embedded data: a smoke test of a few seconds. Flags given beside it win."""
    config: str | None = None
    """A JSON file with fields of the recipe's Config, such as a run's own config.json. Flags given beside it win."""


@dataclass(frozen=True)
class Compiled:
    """By which library convolutions are computed."""

    onednn: bool = False
    """On a CPU, with jax 0.12 or newer: take oneDNN's convolutions, with which a step is up to 1.4 times as fast. It is compiled
    anew at each start, which takes seconds to a minute."""


@dataclass(frozen=True)
class Bits(Compiled):
    """Whether a training can be made again."""

    deterministic: bool = False
    """On a GPU: take only programs that give the same bits each time, which are slower. CPUs and TPUs do so anyway."""


@dataclass(frozen=True)
class Together:
    """With which other processes."""

    distributed: Literal["no", "auto"] = "no"
    """auto: one of the processes that Slurm (srun), Open MPI (mpirun) or a TPU pod has started."""
    coordinator: str | None = None
    """HOST:PORT of process 0, the same for all: one of several processes, however they are started."""
    process: int | None = None
    """Which of them this is, 0 .. N - 1."""
    processes: int | None = None
    """How many there are."""


@dataclass(frozen=True)
class Own:
    """Whose recipe."""

    recipe: str | None = None
    """File of the recipe, for a run of one of your own: a run's folder alone never runs code."""


@dataclass(frozen=True)
class Weights(Own):
    """Which of a run's weights."""

    checkpoint: str = "latest"
    """Step of the checkpoint, latest, or best (by the run's --best-metric)."""
    raw: bool = False
    """Take G's own weights instead of their moving average."""
    ema_sigma: float | None = None
    """Take an average of G's weights of this width, a share of the training such as 0.1, in place of the one that was kept:
    put together from the checkpoints of a run that was trained with --posthoc-ema."""


@dataclass(frozen=True)
class Sources:
    """Where a run's data are now, if not where they were."""

    data: str | None = None
    """Where the data are now that the run was trained on, if not where they were."""
    input: str | None = None
    """Where its --input is now, if not where it was."""
    masks: str | None = None
    """Where its --masks are now, if not where they were."""


def parse(kind: type[Flags], argv: Sequence[str], prog: str, about: str) -> Flags:
    """The flags of a command line. `--help` prints them, and exits.

    Raises BadInput for a seed that is none, and for flags that were typed and have no effect.
    """
    found = _parsed(kind, args=_together(argv, marks.fields(kind)), prog=prog, description=about)
    config.check_typed(found, marks.inactive(found), _typed(argv))
    if not 0 <= (seed := getattr(found, "seed", 0)) <= marks.LARGEST:
        raise BadInput(f"--seed is {seed}: give 0 to {marks.LARGEST}")
    return found


def _parsed(kind, **how):
    """What tyro makes of it; what it says to a terminal is `shown`."""
    words = io.StringIO()
    try:
        with contextlib.redirect_stderr(words):
            return tyro.cli(kind, **how)
    finally:
        if words.getvalue():
            tell(words.getvalue().rstrip("\n"), file=sys.stderr)


def parse_with_config(kind: type[Flags], recipe: Any, argv: Sequence[str], prog: str) -> tuple[Flags, Any]:
    """(flags, Config of the recipe), from a command line where both have flags.

    Raises BadInput for flags of options that the recipe has not, and for those that were typed and have no effect.
    """
    typed = _typed(argv)
    for name, reason in getattr(recipe.Config, "dropped", {}).items():
        if name in typed:
            raise BadInput(f"{marks.flag(name)} is no option of this recipe, {reason}: remove it")
    both = dataclasses.make_dataclass(
        kind.__name__,
        [("fields", tyro.conf.OmitArgPrefixes[recipe.Config])],
        bases=(kind,),
        frozen=True,
        kw_only=True,
    )
    argv = _together(argv, {**marks.fields(kind), **marks.fields(recipe.Config)})
    defaults = both(fields=_defaults(recipe, argv))
    found = _parsed(both, args=argv, prog=prog, description=recipe.__doc__, default=defaults)
    config.check_typed(found.fields, found.fields.inactive, typed)
    flags = {f.name: getattr(found, f.name) for f in dataclasses.fields(kind)}
    return kind(**flags), found.fields


def choose_library(flags: Any) -> None:
    """Asks for the library that flags of `Compiled` name. Raises BadInput where JAX has it not."""
    if flags.onednn:
        from jaxgan.layers import onednn

        onednn.use()


def check_json(path: str | None) -> None:
    """Raises BadInput where a file for the result cannot be written there, or is there already."""
    if not path:
        return
    if path == "-":
        raise BadInput("--json - is no file, and the words go to stdout: give the name of one")
    if not Path(path).parent.is_dir():
        raise BadInput(f"--json {path} is in no folder that is there: make {Path(path).parent}, or give another --json")
    from jaxgan import runs

    runs.check_new(path, "give another --json")


def join(flags: Any) -> None:
    """Joins the other processes, where flags of `Together` say so: before JAX is asked for a device."""
    together.start(*(getattr(flags, field.name) for field in dataclasses.fields(Together)))


def of(flags: Any, *without: str) -> dict[str, Any]:
    """{name: value} of all flags but these: what the function behind a command is called with."""
    left_out = {*without, *(field.name for field in dataclasses.fields(Together))}
    return {name: value for name, value in vars(flags).items() if name not in left_out}


def _typed(argv):
    """Names of the fields whose flags are there."""
    return {word[2:].partition("=")[0].replace("-", "_") for word in argv if word.startswith("--")}


def _together(argv, fields):
    """The words with those of a flag of several values in one place: it may be given several times, in order."""
    several: dict[str, list[str]] = {
        marks.flag(name): [] for name, field in fields.items() if get_origin(field.kind) is tuple
    }
    rest, at, known = [], [], None
    for word in argv:
        flag, _, value = word.partition("=")
        flag = flag.replace("_", "-")
        if word.startswith("--"):
            known = several.get(flag)
            at += [flag] if known is not None and flag not in at else []
            if known is None:
                rest.append(word)
            elif value:
                known.append(value)
        else:
            (rest if known is None else known).append(word)
    return [*rest, *(word for flag in at for word in (flag, *several[flag]))]


def _defaults(recipe, argv):
    """Config that the flags change: the recipe's own, its tiny one, or that of the file behind --config."""
    defaults = {"data": recipe.Config().data or "digits", **recipe.TINY} if "--tiny" in argv else {}
    if any(word.partition("=")[0] in ("--data", "--side-by-side") for word in argv):
        defaults.pop("input", None)  # which belongs to the embedded data
    path = None
    for word, following in pairwise([*argv, ""]):  # as with other flags the last one counts
        flag, given, value = word.partition("=")
        path = (value if given else following) if flag == "--config" else path
    if path is not None:
        try:
            fields = reading.json_of(path)
        except (OSError, ValueError) as error:
            raise BadInput(f"--config {path} cannot be read ({error}): give a JSON file") from error
        if not isinstance(fields, dict):
            raise BadInput(f"--config {path} holds a {type(fields).__name__}: give an object with fields of the Config")
        fields = fields["config"] if "recipe" in fields and "config" in fields else fields
        if not isinstance(fields, dict):
            raise BadInput(f"--config {path} has {fields!r} as its config: give an object with fields of the Config")
        defaults |= fields
    return config.from_json(recipe.Config, defaults, path or "--tiny")

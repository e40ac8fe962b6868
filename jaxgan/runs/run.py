"""A run's folder: what was asked for, what came out, and how to open it again."""

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from jaxgan import reading, recipes
from jaxgan.checkpoint.damage import of_the_machine
from jaxgan.config import from_json
from jaxgan.data import DatasetInfo, Spec
from jaxgan.data.batch import fed
from jaxgan.data.dataset import info_from_json
from jaxgan.errors import BadInput, TryAgain
from jaxgan.names import shown
from jaxgan.options import Config
from jaxgan.runs.files import git_sha, versions, write_json
from jaxgan.runs.folder import new_folder

FORMAT = 2  # of config.json and of checkpoints: changes where an earlier one could not be read
MUTABLE = ("steps", "data", "input", "masks", "stop_when", "stop_rows", "sample_every_steps")
"""What may differ at a resume: how long, where the data are, how often it draws."""


class Run(NamedTuple):
    """Where a run's files are, and what it is a run of."""

    folder: Path
    recipe: Any  # the module
    config: Any
    data: DatasetInfo
    revision: str  # of the recipe, when the run was begun
    begun_from: dict[str, Any] | None = None  # run, step and state_sha256 of the run whose networks it began with
    command: tuple[str, ...] = ()  # the words that asked for it, () where it was a function's call
    beside: int = 1  # how many were begun in one program, this one among them
    stretched: bool = False  # whether its rates have left the curve that they began on

    @property
    def name(self) -> str:
        """The recipe's name."""
        return recipes.name(self.recipe)

    @property
    def made(self) -> Spec:
        """Spec of what G makes."""
        return self.data.specs[self.config.real]

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.folder / "checkpoints"


def is_own(folder: str | Path) -> bool:
    """Whether the folder holds a run of a recipe that is none of the package."""
    try:
        return bool(reading.json_of(Path(folder) / "config.json").get("origin"))
    except (OSError, ValueError, AttributeError):  # `open_run` says what is wrong
        return False


def open_run(run: str | Path | Run, recipe: str | Path | ModuleType | None = None) -> Run:
    """Run of an existing folder, of one that is open, or of what has it as its `run`. Raises BadInput where it is none.

    recipe: the file, or the module, of a recipe that is none of the package: a run's folder alone never runs code. Warns where
    the recipe's networks and losses have been revised since.
    """
    run = getattr(run, "run", run)
    if isinstance(run, Run):
        if recipe is not None:
            raise BadInput(f"the Run of {run.folder} has its recipe, {run.name}: leave recipe out, or give the folder")
        return run
    if not isinstance(run, str | Path):
        raise BadInput(
            f"run is of {type(run).__name__}: give the folder of a run, or what jaxgan.training.train returns"
        )
    found = _open(run, recipe)
    if revised := _revised(found):
        warnings.warn(f"{revised}: what it draws, and its numbers, may not be what they were", stacklevel=2)
    return found


def folder_of(run: Any) -> Any:
    """The folder of a run that is open, or of what has it as its `run`; anything else as it is."""
    run = getattr(run, "run", run)
    return run.folder if isinstance(run, Run) else run


def _revised(run):
    """What has been revised since the run was begun, in words; empty where nothing has."""
    now = recipes.revision(run.recipe)
    if run.revision == now:
        return ""
    return f"{run.folder} was begun with revision {run.revision} of {run.name}'s networks and losses, this is {now}"


def _open(folder, recipe):
    folder = Path(folder)
    path = folder / "config.json"
    if not path.is_file():
        within, near = (sorted(str(p.parent) for p in place.glob("*/config.json")) for place in (folder, folder.parent))
        there = f": it holds {_some(within)}" if within else f": there are {_some(near)}" if near else ""
        raise BadInput(f"{folder} is no run (it has no config.json){there}")
    try:
        saved = reading.json_of(path)
        if {"recipe", "config", "data"} <= saved.keys() and saved.get("format") != FORMAT:
            raise BadInput(
                f"{folder} was made by another version of jaxgan (format {saved.get('format', 1)}, this one has {FORMAT}): "
                "open it with that one, or train again"
            )
        module = _recipe_of(folder, saved, recipe)
        config = from_json(module.Config, saved["config"], path)
        info = info_from_json(saved["data"])
        if missing := set(fed(config)) - info.specs.keys():
            raise KeyError(f"its data have no {min(missing)}")
        begun_from = saved.get("begun_from")
        if not isinstance(begun_from, dict | None) or (begun_from and not isinstance(begun_from.get("run"), str)):
            raise TypeError(f"begun_from is {begun_from!r}")
        command = saved.get("command", [])
        if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
            raise TypeError(f"command is {command!r}")
        beside, stretched = saved.get("beside", 1), saved.get("stretched", False)
        if type(beside) is not int or type(stretched) is not bool:
            raise TypeError(f"beside is {beside!r}, stretched {stretched!r}")
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        if of_the_machine(error):
            raise TryAgain(f"{path} cannot be read now ({error}): nothing was changed, try the same again") from error
        raise BadInput(
            f"{path} cannot be read ({type(error).__name__}: {error}): the run's config is damaged"
        ) from error
    return Run(
        folder, module, config, info, shown(saved.get("revision", "1.1")), begun_from, tuple(command), beside, stretched
    )


def _some(folders):
    return ", ".join(folders[:8]) + (f" and {len(folders) - 8} more" if len(folders) > 8 else "")


def _recipe_of(folder, saved, recipe):
    """The module that a run was trained by: of the package by its name, any other only where it is given, and unchanged."""
    own = saved["origin"]
    if recipe is None:
        if own is None:
            return recipes.of_package(saved["recipe"])
        path = own["path"]
        raise BadInput(f"{folder} is a run of a recipe of your own, {saved['recipe']}: add --recipe {path}")
    module = recipes.get(recipe)
    now, was = recipes.origin(module), own["path"] if own else f"the recipe {saved['recipe']}"
    if (own is None) != (now is None) or (own is None and recipes.name(module) != saved["recipe"]):
        raise BadInput(f"{folder} is a run of {was}, not of {recipes.word(module)}: give that, or another --out")
    if own is not None and now["sha256"] != own["sha256"]:
        raise BadInput(
            f"{folder} was trained by {was} with sha256 {own['sha256'][:12]}, and {now['path']} has {now['sha256'][:12]}: give "
            "the file as it was, with those that it imports from its folder, or another --out"
        )
    return module


def create(
    folder: str | Path | None,
    recipe: ModuleType,
    config: Config,
    info: DatasetInfo,
    begun_from: dict[str, Any] | None = None,
    command: Sequence[str] = (),
    beside: int = 1,
) -> Run:
    """Run in a new folder: the given one, which must not hold anything, or the next free runs/RECIPE-NNN."""
    folder, revision = new_folder(folder, recipes.name(recipe)), recipes.revision(recipe)
    run = Run(folder, recipe, config, info, revision, begun_from, tuple(command), beside)
    try:
        _write_config(run)
    except OSError as error:
        raise BadInput(f"cannot write to {run.folder} ({error.strerror}): give another --out") from error
    return run


def resume(
    folder: str | Path,
    recipe: str | Path | ModuleType | None,
    config: Config,
    info: DatasetInfo,
    *,
    write: bool = True,
) -> Run:
    """Run of an existing folder, with as many steps as `config` asks for; not write: without a change of its files.

    Raises BadInput, with both values, where anything else differs: recipe, config, data. What has no effect may: it changes
    nothing.
    """
    run = _open(folder, recipe)
    if revised := _revised(run):
        raise BadInput(f"{revised}: go on with the jaxgan that began it, or give another --out")
    may = {*MUTABLE, *(config.inactive.keys() & run.config.inactive.keys())}
    if grown := _schedule_grown(config, run):
        raise BadInput(f"{folder}: {grown}")
    may |= {"keep_latest"} if config.keep_latest > run.config.keep_latest else set()  # nothing that was kept is lost
    may |= {"decay_steps"} if config.steps > run.config.steps or _decay(config) == _decay(run.config) else set()
    differ = [
        f"--{f.name.replace('_', '-')} is {getattr(config, f.name)!r} and was {getattr(run.config, f.name)!r}"
        for f in dataclasses.fields(config)
        if f.name not in may and getattr(config, f.name) != getattr(run.config, f.name)
    ]
    if info.sha256 != run.data.sha256:
        differ.append(
            f"--data {info.name} has sha256 {info.sha256[:12]} and {info.size} samples, "
            f"it was {run.data.name} with {run.data.sha256[:12]} and {run.data.size}"
        )
    if differ:
        raise BadInput(
            f"{folder} was begun with another config: {'; '.join(differ)}. Go on as it was, or give another --out"
        )
    if config.steps < run.config.steps:
        raise BadInput(f"--steps {config.steps}, but {folder} was begun with {run.config.steps}: they may only grow")
    if config != run.config:
        left = run.stretched or _decay(config) != _decay(run.config)
        run = run._replace(config=config, stretched=left)
        if write:
            _write_config(run)
    return run


def _decay(config):
    """Step at which the rates have come down to 0, None where they do not."""
    return None if config.schedule == "constant" else config.decay_steps or config.steps


def _schedule_grown(config, run):
    """What is wrong with a schedule that would silently become another one, in words; "" where nothing is."""
    before, after = _decay(run.config), _decay(config)
    stretched = config.decay_steps and config.steps > run.config.steps  # and said so
    if None in (before, after) or after == before or stretched:
        return ""
    return (
        f"--schedule {config.schedule} ended at step {before}, and would be another curve with --steps {config.steps}: "
        f"--decay-steps {before} keeps it as it was, --decay-steps {config.steps} stretches it"
    )


def _write_config(run):
    write_json(
        run.folder / "config.json",
        {
            "format": FORMAT,
            "recipe": run.name,
            "revision": run.revision,
            "command": list(run.command),
            "beside": run.beside,
            "stretched": run.stretched,
            "begun_from": run.begun_from,
            "origin": recipes.origin(run.recipe),
            "config": dataclasses.asdict(run.config),
            "data": {**run.data._asdict(), "specs": {name: spec._asdict() for name, spec in run.data.specs.items()}},
            "versions": versions(),
            "git": git_sha(),
        },
    )

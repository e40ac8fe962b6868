"""A run trained once more by what its folder says, to see whether it comes to the same state."""

import dataclasses
import json
from pathlib import Path
from typing import Any, NamedTuple

from jaxgan import reading, runs
from jaxgan.checkpoint.damage import of_the_machine
from jaxgan.errors import BadInput, TryAgain
from jaxgan.layers import onednn
from jaxgan.names import shown
from jaxgan.runs import Run
from jaxgan.training import parts
from jaxgan.training.train import train

_FACTS = ("git", "device", "deterministic", "computed_in")  # what explains another state


class Rerun(NamedTuple):
    """What came of it."""

    run: Run  # the new one
    was: str  # sha256 of the state
    now: str
    differ: tuple[str, ...]  # what else is not as it was, in words

    @property
    def same(self) -> bool:
        """Whether both came to the same state, bit for bit."""
        return self.was == self.now


def rerun(
    folder: str | Path | runs.Run,
    *,
    out: str | Path | None = None,
    data: str | None = None,
    input: str | None = None,
    masks: str | None = None,
    init_from: str | Path | runs.Run | None = None,
    recipe: str | Path | None = None,
    resume: str = "never",
) -> Rerun:
    """Rerun of a run that has ended: the same config on as many devices in the same mode, as many steps, into a new folder.

    data, input, masks, init_from: where the data and the run that it began with are now, if not where they were; their hashes
    have to be those of then. recipe: the file of one of one's own. Raises BadInput, naming what is missing, where they are not
    there.
    """
    run = runs.open_run(folder, recipe)
    folder = run.folder
    was = _result(run)
    if run.beside > 1 or (Path(folder).resolve().parent / "population.json").is_file():
        raise BadInput(
            f"{folder} was trained beside others, and is what it would be alone up to rounding: no state to compare"
        )
    if run.stretched:
        raise BadInput(
            f"{folder} left the curve of its rates on the way (--decay-steps): no training from its beginning comes to its state"
        )
    if len(computed := parts.until(was.get("parts"), was["step"])) > 1:
        raise BadInput(
            f"{folder} was computed in {len(computed)} ways, {shown(parts.told(computed))}: no training in one of them comes to "
            "its state"
        )
    command = ("jaxgan", "rerun", str(Path(folder).absolute()))
    if out is not None and runs.exists(out) and runs.open_run(out, recipe).command != command:
        raise BadInput(f"{out} is no rerun of {folder}: give another --out")
    if (with_it := onednn.NAME in str(was.get("computed_in"))) != onednn.is_used():
        raise BadInput(
            f"{folder} was computed in {shown(str(was.get('computed_in')))}: {'add' if with_it else 'remove'} --onednn"
        )
    moved = {name: word for name, word in {"data": data, "input": input, "masks": masks}.items() if word is not None}
    for name, word in moved.items():
        if not getattr(run.config, name, ""):
            raise BadInput(f"{folder} was trained without --{name}: remove --{name} {word}")
    if was["step"] < 1:
        raise BadInput(f"{folder} ended before its first step: go on with it, --resume auto")
    config = dataclasses.replace(_until(run.config, was["step"]), stop_when="", **moved)  # it ends where that one did
    begun_from = _source(run, runs.folder_of(init_from))
    made = train(
        run.recipe if recipe is None else recipe,
        config,
        out=out,
        mode=was["parallel"],
        devices=was["devices"],
        resume=resume,
        init_from=begun_from,
        init_partial=begun_from is not None,
        command=command,
        again=run,
    )
    now = _result(made)
    return Rerun(made, was["state_sha256"], now["state_sha256"], tuple(_differences(_facts(run), _facts(made))))


def _result(run):
    """The object of a run's result.json."""
    path = run.folder / "result.json"
    try:
        found = reading.json_of(path)
        fits = {"step": int, "devices": int, "parallel": str, "state_sha256": str}
        if not all(type(found[name]) is kind for name, kind in fits.items()):
            raise TypeError("it is no result of a training")
    except FileNotFoundError as error:
        raise BadInput(f"{run.folder} has no result.json: go on with it until its end, --resume auto") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        if of_the_machine(error):
            raise TryAgain(f"{path} cannot be read now ({error}): try the same again") from error
        raise BadInput(f"{path} cannot be read ({error}): train it to its end once more, --resume auto") from error
    return found


def _until(config, step):
    """The config of a training that ends there, on the same curve of its rates."""
    if step == config.steps:
        return config
    decay = {} if config.schedule == "constant" else {"decay_steps": config.decay_steps or config.steps}
    return dataclasses.replace(config, steps=step, **decay)


def _source(run, init_from):
    """Folder of the run that it began with, None where it began anew."""
    if not run.begun_from:
        if init_from:
            raise BadInput(f"{run.folder} began with no other run: remove --init-from {init_from}")
        return None
    path = init_from or run.begun_from.get("run")
    if not runs.exists(path):
        raise BadInput(f"{run.folder} began with {shown(path)}, which is no run any more: say where it is, --init-from")
    return path


def _facts(run):
    found: dict[str, Any] = {}
    for name in ("config.json", "result.json"):
        found |= reading.json_of(run.folder / name)
    versions = found.get("versions")
    named = {f"version of {name}": x for name, x in versions.items()} if isinstance(versions, dict) else {}
    return named | {name: found.get(name) for name in _FACTS}


def _differences(was, now):
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield f"{shown(name)} was {shown(json.dumps(was.get(name)))} and is {json.dumps(now.get(name))}"

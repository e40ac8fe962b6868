"""A run's folder: what was asked for, what came out, and how to open it again."""

import dataclasses
import json
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxgan import recipes
from jaxgan._version import __version__
from jaxgan.config import from_json
from jaxgan.core import init_state
from jaxgan.data import Facts
from jaxgan.errors import BadInput

MAY_CHANGE = (
    "steps",
    "data",
    "stop_when",
    "stop_rows",
)  # at a resume: they do not change what is trained, only how long


class Run(NamedTuple):
    """Where a run's files are, and what it is a run of."""

    folder: Path
    recipe: str
    config: Any
    facts: Facts

    @property
    def checkpoints(self):
        """Folder of the checkpoints."""
        return self.folder / "checkpoints"


def fresh_state(setup, config, facts, key=None):
    """State at step 0 of a setup, of the key or of the config's seed."""
    batch = {"image": jnp.zeros((config.batch_size, *facts.shape), jnp.float32)}
    if config.conditional:
        batch["label"] = jnp.zeros(*label_like(facts, config.batch_size))
    return init_state(setup.gan, setup.opt, jax.random.key(config.seed) if key is None else key, batch)


def batch_like(config, facts):
    """Shapes of the batch that a config's step is given: of all turns of D."""
    lead = (config.d_turns,) if config.d_turns > 1 else ()
    batch = {"image": jax.ShapeDtypeStruct((*lead, config.batch_size, *facts.shape), jnp.float32)}
    if config.conditional:
        shape, dtype = label_like(facts, config.batch_size)
        batch["label"] = jax.ShapeDtypeStruct((*lead, *shape), dtype)
    return batch


def label_like(facts, count):
    """(shape, dtype) of `count` labels of data with these facts."""
    return ((count, len(facts.classes)), jnp.float32) if facts.vectors else ((count,), jnp.int32)


def exists(folder):
    """Whether the folder holds a run."""
    return (Path(folder) / "config.json").is_file()


def open_run(folder):
    """Run of an existing folder. Raises BadInput where it is none."""
    folder = Path(folder)
    path = folder / "config.json"
    if not path.is_file():
        near = sorted(p.parent.name for p in folder.parent.glob("*/config.json")) if folder.parent.is_dir() else []
        raise BadInput(
            f"{folder} is no run (it has no config.json)" + (f": there are {', '.join(near[:8])}" if near else "")
        )
    try:
        saved = json.loads(path.read_text())
        facts = saved["data"]
        recipe = recipes.get(saved["recipe"])
        config = from_json(recipe.Config, saved["config"], path)
        facts = Facts(**{name: _tuples(value) for name, value in facts.items()})
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} cannot be read ({type(error).__name__}: {error}): the run's config is damaged"
        ) from error
    return Run(folder, saved["recipe"], config, facts)


def create(folder, recipe, config, facts):
    """Run in a new folder: the given one, which must not hold anything, or the next free runs/RECIPE-NNN."""
    run = Run(new_folder(folder, recipe), recipe, config, facts)
    try:
        _write_config(run)
    except OSError as error:
        raise BadInput(f"cannot write to {run.folder} ({error.strerror}): give another --out") from error
    return run


def new_folder(folder, name):
    """The folder, made, which must not hold anything; without one the next free runs/NAME-NNN."""
    try:
        if folder is None:
            return _next_free(name)
        folder = Path(folder)
        if folder.is_dir() and any(folder.iterdir()):
            raise BadInput(
                f"{folder} is already there: --resume auto goes on with it, another --out (or none) begins a new run"
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write to {folder or 'runs'} ({error.strerror}): give another --out") from error
    return folder


def go_on(folder, recipe, config, facts):
    """Run of an existing folder, with as many steps as `config` asks for.

    Raises BadInput, with both values, where anything else differs: recipe, config, data. What has no effect may: it changes
    nothing.
    """
    run = open_run(folder)
    if run.recipe != recipe:
        raise BadInput(f"{folder} is a run of {run.recipe}, not of {recipe}: give another --out")
    may = {*MAY_CHANGE, *(config.idle.keys() & run.config.idle.keys())}
    differ = [
        f"--{f.name.replace('_', '-')} is {getattr(config, f.name)!r} and was {getattr(run.config, f.name)!r}"
        for f in dataclasses.fields(config)
        if f.name not in may and getattr(config, f.name) != getattr(run.config, f.name)
    ]
    if facts.sha256 != run.facts.sha256:
        differ.append(
            f"--data {facts.name} has sha256 {facts.sha256[:12]} and {facts.size} samples, "
            f"it was {run.facts.name} with {run.facts.sha256[:12]} and {run.facts.size}"
        )
    if differ:
        raise BadInput(
            f"{folder} was begun with another config: {'; '.join(differ)}. Go on as it was, or give another --out"
        )
    if config.steps < run.config.steps:
        raise BadInput(f"--steps {config.steps}, but {folder} was begun with {run.config.steps}: they may only grow")
    if config != run.config:
        run = run._replace(config=config)
        _write_config(run)
    return run


def write_json(path, content):
    """Writes a JSON file whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(part, path)


def versions():
    """Versions of all that a result depends on."""
    names = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")
    return {
        "jaxgan": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
    }


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _write_config(run):
    write_json(
        run.folder / "config.json",
        {
            "recipe": run.recipe,
            "config": dataclasses.asdict(run.config),
            "data": run.facts._asdict(),
            "versions": versions(),
            "git": _git_sha(),
        },
    )


def _git_sha():
    """Commit of the checkout that the package lies in, None elsewhere."""
    home = Path(__file__).parent.parent
    if not (home / ".git").exists():
        return None
    found = subprocess.run(["git", "-C", str(home), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def _next_free(name):
    number = 1
    while True:
        folder = Path("runs") / f"{name}-{number:03}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not folder.parent.is_dir():
                raise
            number += 1
        else:
            return folder

"""Files of a run: written whole or not at all, read as far as they can be."""

import contextlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from jaxgan import __version__, reading
from jaxgan.checkpoint.damage import of_the_machine
from jaxgan.errors import BadInput, TryAgain

_LONGEST = 2**20  # bytes of a row


def write_json(path: Path, content: Any) -> None:
    """Writes a JSON file whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def write_text(path: Path, content: str) -> None:
    """Writes a file whole or not at all, to where it is said to be: no link that lies in a run's folder is followed."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with part.open("x", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # or a power cut leaves a file of no bytes under the new name
    part.replace(path)


@contextlib.contextmanager
def replaced(path: str | Path) -> Iterator[Path]:
    """Context with the place to write a file to that is then `path`, whole or not at all; no link there is followed."""
    path = Path(path)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    part.unlink(missing_ok=True)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def check_new(path: str | Path, otherwise: str = "give another --out") -> None:
    """Raises BadInput where something is at `path`, or nothing can be written there: before the work, which would be lost."""
    path = Path(path)
    if os.path.lexists(path):
        raise BadInput(f"{path} is already there: {otherwise}")
    there = next(place for place in (path, *path.parents) if os.path.lexists(place))
    if not there.is_dir():
        raise BadInput(f"{there} is already there, and no folder: {otherwise}")
    if not os.access(there, os.W_OK | os.X_OK):
        raise BadInput(f"nothing can be written into {there}, a read-only folder: {otherwise}")


@contextlib.contextmanager
def created(path: str | Path) -> Iterator[Path]:
    """Context with the place to write a file or a folder to that is then `path`, whole or not at all.

    Raises BadInput where something has come there meanwhile.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part{os.getpid()}{path.suffix}")
    try:
        yield part
        if os.path.lexists(path):
            raise BadInput(f"{path} is there by now, of another command: give another --out")
        part.rename(path)
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        part.unlink(missing_ok=True)


def versions() -> dict[str, str]:
    """Versions of all that a result depends on."""
    names = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")
    return {
        "jaxgan": __version__,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
    }


def read_metrics(path: str | Path) -> list[dict[str, Any]]:
    """Rows of a metrics.jsonl: their step, and what else are numbers. Lines that are none are left out: a kill leaves such.

    Raises BadInput where the file cannot be read at all, TryAgain where a disk does not answer.
    """
    rows: list[dict[str, Any]] = []
    try:
        with reading.regular(path) as file:
            while line := file.readline(_LONGEST):
                with contextlib.suppress(ValueError):
                    row = reading.json_from(line.decode())
                    if isinstance(row, dict) and _fits(row.get("step")) and row["step"] >= 0:
                        rows.append({name: x for name, x in row.items() if x is None or type(x) is float or _fits(x)})
    except FileNotFoundError:
        return []
    except OSError as error:
        if of_the_machine(error):
            raise TryAgain(f"{path} cannot be read now ({error}): nothing was changed, try the same again") from error
        raise BadInput(f"{path} cannot be read ({error}): mend it, or take it away") from error
    return rows


def _fits(x):
    return type(x) is int and abs(x) < 2**63


def git_sha() -> str | None:
    """Commit of the checkout that the package lies in, None elsewhere."""
    home = Path(__file__).parents[2]
    if not (home / ".git").exists():
        return None
    found = subprocess.run(["git", "-C", str(home), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None

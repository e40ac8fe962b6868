"""The folder that a run is to have: made, found empty, taken away again."""

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from jaxgan import reading
from jaxgan.errors import BadInput

_BESIDE = ("lock",)  # what may lie in the folder of a run that has not begun; and *.part
_OWN = (  # what a training writes; the last one makes it a run
    *("checkpoints", "ahead", "samples", "evaluation", "tensorboard", "wandb", "wandb-id", "lock"),
    *("metrics.jsonl", "curves.png", "report.html", "rollbacks.json", "config.json"),
)


def unbegun(folder: str | Path) -> bool:
    """Whether the folder holds nothing but what a training writes before its first row and its first checkpoint."""
    folder = Path(folder)
    names = {path.name for path in folder.iterdir() if not path.name.endswith(".part")}
    return not _used(folder) and names <= set(_OWN)


def unbegun_beside(folder: str | Path) -> bool:
    """Whether the folder is that of a run beside others, which was made and has not begun; or was being made."""
    folder = Path(folder)
    if folder.is_symlink() or not folder.is_dir() or not unbegun(folder) or (folder / "report.html").exists():
        return False
    if any((folder / name).is_dir() and any((folder / name).iterdir()) for name in ("samples", "evaluation")):
        return False
    if not exists(folder):
        return {path.name for path in folder.iterdir()} <= {*_BESIDE, "config.json.part"}
    try:
        beside = reading.json_of(folder / "config.json")["beside"]
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return type(beside) is int and beside > 1


def _used(folder):
    """Whether a training has come to a row or a checkpoint there."""
    rows, checkpoints = folder / "metrics.jsonl", folder / "checkpoints"
    written = rows.exists() and rows.stat().st_size > 0
    return written or (folder / "committed").exists() or (checkpoints.is_dir() and any(checkpoints.iterdir()))


def exists(folder: str | Path) -> bool:
    """Whether the folder holds a run."""
    return (Path(folder) / "config.json").is_file()


def new_folder(folder: str | Path | None, name: str, besides: Sequence[Path] = ()) -> Path:
    """The folder, made, which must not hold anything but `besides`; without one the next free runs/NAME-NNN."""
    try:
        if folder is None:
            return _next_free(name)
        folder = Path(folder)
        if exists(folder):
            raise BadInput(
                f"{folder} is already there: --resume auto goes on with it, another --out (or none) begins a new run"
            )
        there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        known = {*_BESIDE, *(path.name for path in besides)}
        others = [name for name in there if name not in known and not name.endswith(".part")]
        if others:
            raise BadInput(
                f"{folder} holds {', '.join(others[:3])}{', ...' if len(others) > 3 else ''} and no config.json: it is no run "
                "that could be gone on with, give another --out, or empty it"
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write to {folder or 'runs'} ({error.strerror}): give another --out") from error
    return folder


def remove_unused(*folders: str | Path) -> None:
    """Removes what runs have written that ended before their first row and their first checkpoint: the next try can have it.

    Runs of one program are all taken away, or all stay. What lay there before stays, and then its folder too.
    """
    if any(_used(Path(folder)) for folder in folders):
        return
    for folder in map(Path, folders):
        for path in (folder / name for name in _OWN):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty
            folder.rmdir()


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

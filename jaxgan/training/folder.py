"""The folder of a training, opened: made or gone on with, locked, and taken away again where nothing came of it."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from jaxgan import recipes, runs
from jaxgan.data import DatasetInfo
from jaxgan.errors import BadInput, TryAgain
from jaxgan.processes import agree
from jaxgan.training import lock, table

_SEEN_S = 30  # seconds until a file that one process has made is seen by all: a network's file system takes its time


def opened(
    stack: contextlib.ExitStack,
    out: str | Path | None,
    module: ModuleType,
    config: Any,
    info: DatasetInfo,
    going_on: bool,
    begun_from: dict[str, Any] | None,
    command: Sequence[str] = (),
) -> runs.Run:
    """Run in the folder `out`, gone on with or new, locked until the stack closes. Of several processes one writes there.

    Raises as `runs.create`, `runs.resume` and `lock.held` do, and BadInput where a process does not see the folder.
    """
    if going_on and out is not None:
        runs.resume(out, module, config, info, write=False)  # what is refused changes nothing, the lock neither
        agree.gathered(0)  # all have read it before it is written
        if agree.writer():
            stack.enter_context(lock.held(out))
        return runs.resume(out, module, config, info, write=agree.writer())
    made = runs.new_folder(out, recipes.name(module)) if agree.writer() else None
    folder = Path(agree.shared(None if made is None else str(made)))
    if made is not None:
        stack.enter_context(lock.held(folder))  # before anything is written: two may begin at once
        run = runs.create(folder, module, config, info, begun_from, command)
    agree.gathered(0)
    if made is None:
        _see(folder)
        return runs.Run(folder, module, config, info, recipes.revision(module), begun_from, tuple(command))
    stack.enter_context(unused_removed([run]))
    return run


def opened_home(
    stack: contextlib.ExitStack, out: str | Path | None, name: str, going_on: bool, resume: str, count: int
) -> Path:
    """Folder of a population of `count`, gone on with or new, locked until the stack closes.

    Members of one that was ended before all of them were made are taken away, where nothing else is there: what it had not
    begun begins again. Raises as `runs.new_folder` and `lock.held` do.
    """
    left = _members(out) if not going_on and resume != "never" else []
    home = Path(out) if out is not None and (going_on or left) else runs.new_folder(out, name)
    stack.enter_context(lock.held(home))
    if left:
        known = {f"{i:02}" for i in range(max(count, len(left)))}
        # asked now that nobody else is at work
        if all(member.name in known and runs.unbegun_beside(member) for member in left):
            of_all = home / table.FILE
            runs.new_folder(home, name, [*left, of_all])  # what else is there is refused
            of_all.unlink(missing_ok=True)
            for member in left:
                shutil.rmtree(member)
        runs.new_folder(home, name)
    return home


def has_members(out: str | Path | None, resume: str, count: int) -> bool:
    """Whether there are `count` members that go on. Raises BadInput where others have begun."""
    found = [member for member in _members(out) if runs.exists(member)] if resume != "never" else []
    if len(found) not in (0, count) and not all(map(runs.unbegun, found)):
        raise BadInput(
            f"{out} has {len(found)} runs side by side, and --population and --sweep make {count}: give what it had"
        )
    return len(found) == count


def _members(out):
    """Folders that are named as members of a population are."""
    return sorted(path for path in Path(out).glob("[0-9][0-9]*") if path.name.isdecimal()) if out is not None else []


@contextlib.contextmanager
def unused_removed(made: Sequence[runs.Run], home: Path | None = None) -> Iterator[None]:
    """Context whose BadInput takes away what runs have written that came to nothing, and `home` around them; not so TryAgain."""
    try:
        yield
    except TryAgain:  # another process may be at work there
        raise
    except BadInput:
        runs.remove_unused(*(run.folder for run in made))
        if home is not None and not any(run.folder.exists() for run in made):
            for name in (table.FILE, "lock"):
                (home / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not empty
                home.rmdir()
        raise


def _see(folder):
    end = time.monotonic() + _SEEN_S
    while not runs.exists(folder):
        if time.monotonic() > end:
            raise BadInput(
                f"process {agree.index()} does not see {folder}, which process 0 has made: --out has to lie on a file system "
                "that all processes share"
            )
        time.sleep(0.2)

"""What an error of a restore proves: that something is damaged, or only that a machine did not answer."""

import errno
import logging
import re
import sys
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jaxgan.names import shown

GONE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
"""Numbers of errors that a damaged folder gives; all others are the machine's."""
_CLOSED = "Event loop is closed"  # what tasks say of which nobody waits for any more
_NUMBER = re.compile(r"OS error (\d+)|os_error_code='(\d+)'")  # TensorStore's, of before and of now
_MACHINE = re.compile(
    "RESOURCE_EXHAUSTED|UNAVAILABLE|DEADLINE_EXCEEDED|PERMISSION_DENIED|Out of memory|can't start new thread"
)


class Wrong(Exception):
    """What is in a checkpoint is not what was saved."""


def printable(error: BaseException) -> str:
    """What an error says, in one line that a terminal can show."""
    said = re.split(r"\s*See full \w+ details", (str(error).splitlines() or [""])[0])[0]  # of TensorStore, an address
    return shown(said[:200].strip() or type(error).__name__)


def chain(error: BaseException) -> list[BaseException]:
    """An error, and those that it came of."""
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in seen:
            seen.append(one)
            todo += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return seen


def unsaved(what: str, folder: Path, whole: Sequence[int], error: BaseException) -> str:
    """What is told where `what` could not be saved to a folder of checkpoints. whole: the steps that are there."""
    told = f"could not save {what} to {folder} ({printable(error)})"
    if not folder.is_dir():
        return f"{told}: the folder was moved or taken away, put it back, then --resume auto goes on"
    last = f"step {whole[-1]} is whole, --resume auto goes on from it" if whole else "nothing was saved before"
    return f"{told}: make room there or take another --out; {last}"


def of_the_machine(error: BaseException) -> bool:
    """Whether an error tells of a machine that did not answer, and not of what is written there."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno not in GONE
    told = [int(old or new) for old, new in _NUMBER.findall(str(error))]
    return isinstance(error, MemoryError) or bool(_MACHINE.search(str(error))) or any(n not in GONE for n in told)


def proved(error: BaseException, folder: Path) -> bool:
    """Whether an error of reading what is in a folder proves that it is damaged: each file is asked for once more."""
    if isinstance(error, Wrong):
        return True
    if any(of_the_machine(each) for each in chain(error)):
        return False
    try:
        for path in folder.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    while file.read(2**24):
                        pass
    except (OSError, MemoryError) as other:
        return not of_the_machine(other)
    return True


@cache
def hush() -> None:
    """After a save or a reading that failed: what its other tasks still print, at any later moment, is no news."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # "exception was never retrieved", when they are collected
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    before, unraisable = sys.excepthook, sys.unraisablehook

    def hook(kind, error, trace):  # TensorStore's threads, which look for the loop that waited for them
        if str(error) != _CLOSED:
            before(kind, error, trace)

    def unraised(told):  # and tasks of that loop, when they are collected
        if str(told.exc_value) != _CLOSED:
            unraisable(told)

    sys.excepthook, sys.unraisablehook = hook, unraised

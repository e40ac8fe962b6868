"""One process trains into a folder at a time."""

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from jaxgan.errors import BadInput

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def held(folder: str | Path) -> Iterator[None]:
    """Context in which no other process trains into the folder. Raises BadInput where one does, with its host and number.

    By a lock on FOLDER/lock, which the system gives back however the process ends; where there are no such locks, nothing.
    """
    path = Path(folder) / "lock"
    with path.open("a+") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise BadInput(
                    f"{folder} is being trained by another process ({file.read().strip()}): wait for it, or give another --out"
                ) from error
            except OSError:  # a file system without locks
                pass
        file.truncate(0)
        file.write(f"{platform.node()}, process {os.getpid()}\n")
        file.flush()
        yield

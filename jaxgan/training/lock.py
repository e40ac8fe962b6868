"""One process trains into a folder at a time."""

import contextlib
import os
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jaxgan import reading
from jaxgan.errors import TryAgain
from jaxgan.names import tell

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def held(folder: str | Path, say: Callable[[str], Any] = tell) -> Iterator[None]:
    """Context in which no other process trains into the folder. Raises TryAgain where one does, with its host, number and time.

    By a lock on FOLDER/lock, which the system gives back however the process ends; what is written there is for people to
    read. Where the file system has no locks that is said, and nothing is kept away.
    """
    path = Path(folder) / "lock"
    with reading.own(path) as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise TryAgain(
                    f"{folder} is being trained by another process ({file.read().strip()}): wait for it, or give another --out"
                ) from error
            except OSError as error:
                say(
                    f"{folder} lies where files cannot be locked ({error.strerror}): let no other process train into it"
                )
        with contextlib.suppress(OSError):  # a full disk: the words are missing, the lock is held
            file.truncate(0)
            file.write(f"{platform.node()}, process {os.getpid()}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n")
            file.flush()
        yield

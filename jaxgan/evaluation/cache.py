"""What is computed once of a data set: classifiers and features of the real samples, on disk."""

import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxgan.data.content import cache_folder


def arrays(name: str, make: Callable[[], Mapping[str, Any]], say: Callable[[str], Any] = print) -> Mapping[str, Any]:
    """Dict of arrays: from the cache's NAME.npz, or else of make(), which is then kept there."""
    path = cache_folder() / f"{name}.npz"
    try:
        with path.open("rb") as file, np.load(file) as archive:
            return dict(archive)
    except FileNotFoundError:
        pass
    except Exception as error:  # whatever a damaged file makes NumPy raise
        say(f"{path} is damaged ({type(error).__name__}): making it again")
    made = make()
    part = path.with_name(f"{path.stem}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as out:
            np.savez(out, **made)
        part.replace(path)  # two processes may make the same one
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        say(f"cannot keep {path} ({error.strerror or error}): it will be made again next time")
    return made

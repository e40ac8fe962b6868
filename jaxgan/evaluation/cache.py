"""What is computed once of a data set: classifiers and features of the real samples, on disk."""

import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxgan import reading
from jaxgan.data import caches
from jaxgan.names import tell


def arrays(
    name: str,
    make: Callable[[], Mapping[str, Any]],
    say: Callable[[str], Any] = tell,
    fits: Callable[[Mapping[str, Any]], bool] = lambda kept: True,
) -> Mapping[str, Any]:
    """Dict of arrays: from the cache's NAME.npz, or else of make(), which is then kept there.

    fits: whether what was kept can be used; what is damaged, or does not, is made again.
    """
    home = caches.own()
    if home is None:
        return make()
    path = home / f"{name}.npz"
    try:
        kept = reading.arrays(path)
        if not fits(kept):
            raise ValueError("other arrays than are wanted")
        return kept
    except FileNotFoundError:
        pass
    except reading.DAMAGED as error:
        say(f"{path} is damaged ({type(error).__name__}): making it again")
    made = make()
    part = path.with_name(f"{path.stem}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            np.savez(out, **made)
        part.replace(path)  # two processes may make the same one
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        say(f"cannot keep {path} ({error.strerror or error}): it will be made again next time")
    return made


def alike(kept: Mapping[str, Any], like: Mapping[str, Any]) -> bool:
    """Whether arrays are of the names, shapes and types of others, or of their shapes, and finite."""
    return kept.keys() == like.keys() and all(
        kept[name].shape == x.shape and kept[name].dtype == x.dtype and bool(np.isfinite(kept[name]).all())
        for name, x in like.items()
    )


def scalars(kept: Mapping[str, Any]) -> bool:
    """Whether all of some arrays are single numbers."""
    return bool(kept) and all(x.shape == () and x.dtype.kind in "fiu" for x in kept.values())

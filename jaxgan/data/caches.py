"""The folder of what is computed once: hashes, features, compiled programs. Programs are code, so it has to be the user's own."""

import contextlib
import functools
import os
import stat
import sys
from pathlib import Path

from jaxgan.names import shown, tell


def folder() -> Path:
    """JAXGAN_CACHE, or ~/.cache/jaxgan."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("JAXGAN_CACHE") or home / "jaxgan")


def own(part: str = "") -> Path | None:
    """The folder, or a part of it, made where it is not there; None, and said once, where it may not be used.

    That is where it, or one of its files, belongs to another user, or where others can write to it.
    """
    whole = folder()
    return _own(whole / part if part else whole, whole)


def keep_newest(folder: Path, size: int) -> None:
    """Removes files of a folder, those that were written longest ago first, until the others have `size` bytes together."""
    files = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # another process may remove it too
            found = path.lstat()
            files.append((found.st_mtime, found.st_size, path))
    total = 0
    for _, length, path in sorted(files, reverse=True):
        total += length
        if total > size:
            with contextlib.suppress(OSError):
                path.unlink()


@functools.cache
def _own(path, whole):
    try:
        whole.parent.mkdir(parents=True, exist_ok=True)
        for place in dict.fromkeys((whole, path)):
            place.mkdir(mode=0o700, exist_ok=True)
        reason = _not_ours(whole) or _not_ours(path)
    except (OSError, ValueError) as error:
        reason = f"{getattr(error, 'strerror', None) or error}"
    if not reason:
        return path
    tell(
        f"jaxgan: nothing is kept in {shown(path)} nor taken from there, {shown(reason)}: mend that, or set JAXGAN_CACHE to a "
        "folder of your own",
        file=sys.stderr,
    )
    return None


def _not_ours(path):
    """Why a folder, with what lies in it, is not to be relied on; "" where it is, and where there are no users, as on Windows."""
    if not hasattr(os, "geteuid"):
        return ""
    path, user = path.resolve(), os.geteuid()
    for above in path.parents:
        mode = above.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"everybody can write to {above}"
    found = path.stat()
    if found.st_uid != user:
        return f"it belongs to user {found.st_uid}, and this is {user}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "others can write to it (chmod go-w)"
    with os.scandir(path) as entries:
        other = next((e.name for e in entries if e.stat(follow_symlinks=False).st_uid != user), None)
    return "" if other is None else f"{other} in it belongs to another user"

"""What files hold, as a hash: of their bytes alone, so that a copied folder keeps it."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jaxgan import reading
from jaxgan.data import caches
from jaxgan.names import shown, tell

_PIECE, _MOST = 2**20, 2**31  # bytes
_QUIET_S = 5


def digest(folder: str | Path, names: Sequence[str]) -> bytes:
    """sha256 (bytes) over names and bytes of the files of a folder, in this order.

    A file's hash is kept in JAXGAN_CACHE, and taken from there only where its size, mtime, ctime and inode are unchanged.
    Says how far it is where that takes more than 5 seconds. Raises OSError where a file cannot be read.
    """
    folder = Path(folder).resolve()
    home = caches.own("content")
    kept_in = home and home / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]}.json"
    kept = _read(kept_in)

    def one(name):
        stat = (folder / name).stat()
        facts = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
        before = kept.get(name)
        if isinstance(before, list) and before[:-1] == facts and re.fullmatch("[0-9a-f]{64}", str(before[-1])):
            return before
        return [*facts, _sha256(folder / name)]

    told = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = {}
        for name, facts in zip(names, pool.map(one, names), strict=True):
            found[name] = facts
            if time.monotonic() - told > _QUIET_S:
                told = time.monotonic()
                far = f"{len(found)} of {len(names)} files"
                tell(f"looking at what {shown(folder)} holds: {far}", file=sys.stderr)
    if any(kept.get(name) != facts for name, facts in found.items()):
        others = {name: facts for name, facts in _read(kept_in).items() if os.path.lexists(folder / name)}
        _write(kept_in, others | found)  # of the folder's other parts, and what another process kept meanwhile
    whole = hashlib.sha256()
    for name in names:
        whole.update(f"{name}\0{found[name][-1]}\n".encode(errors="surrogateescape"))
    return whole.digest()


def _sha256(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _read(path):
    try:
        found = {} if path is None else reading.json_of(path, _MOST)
    except (OSError, ValueError):  # none, or damaged: made again
        return {}
    return found if isinstance(found, dict) else {}


def _write(path, content):
    if path is None:
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")  # of this call alone
    with contextlib.suppress(OSError):  # a full disk: hashed again next time
        part.write_text(json.dumps(content))
        part.replace(path)

"""Files that may come from anywhere: read only where they are regular files, as much as they may hold, and never unpickled."""

import errno
import json
import lzma
import math
import os
import stat
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

MOST_JSON = 2**26  # bytes
MOST_PACKED = 2**28  # bytes that may come of however few
MOST_RATIO = 250  # how many times more a packed file may become above that: pictures and samples become far less
MOST_HEADER = 10_000  # bytes that describe an array
DAMAGED = (
    *(OSError, ValueError, EOFError, TypeError, LookupError, AttributeError, MemoryError, OverflowError, RuntimeError),
    *(SyntaxError, tokenize.TokenError, struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What `arrays` raises over a file that is none, or damaged."""
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def regular(path: str | Path) -> IO[bytes]:
    """The file, opened. Raises OSError where it is none: a pipe would wait for ever, a device would never end."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError("it is no regular file")
    return open(number, "rb")


def own(path: str | Path) -> IO[str]:
    """A file of a run's folder, opened to be read and added to, made where there is none.

    Raises OSError where a link, a pipe or a folder is in its place: what a folder holds leads nowhere else.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    number = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.ENXIO, "it is no regular file", str(path))
    return open(number, "a+", encoding="utf-8")


def text(path: str | Path, most: int = MOST_JSON) -> str:
    """Text of a file. Raises OSError where it is none or has more bytes, ValueError where it is not UTF-8."""
    with regular(path) as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise OSError(f"it has more than {most:,} bytes")
    return raw.decode("utf-8-sig")


def json_of(path: str | Path, most: int = MOST_JSON) -> Any:
    """What a JSON file says. Raises OSError and ValueError as `text` does, and where it says nothing that can be read."""
    return json_from(text(path, most))


def json_from(content: str, **how: Any) -> Any:
    """What a text of JSON says, by json.loads. Raises ValueError where that cannot be read, however deep it goes."""
    try:
        return json.loads(content, **how)
    except RecursionError as error:
        raise ValueError("it has brackets within brackets, too deep to be meant") from error


def packed(name: str, held: int, whole: int) -> None:
    """Raises ValueError where so many bytes, `held`, say to be `whole` bytes when they are unpacked, and cannot be meant to."""
    if whole > MOST_PACKED and whole > MOST_RATIO * max(held, 1):
        raise ValueError(
            f"{name} has {held:,} bytes and says that it becomes {whole:,} when it is unpacked: no data do, unpack it by hand"
        )


def arrays(path: str | Path) -> dict[str, np.ndarray]:
    """{name: array} of an .npz; {"": array} of an .npy. Raises one of DAMAGED where it is none, or holds more than plain arrays.

    What a header says is compared with what is there, before memory is taken for it.
    """
    with regular(path) as file:
        start, size = file.read(6), os.fstat(file.fileno()).st_size
        file.seek(0)
        if start == np.lib.format.MAGIC_PREFIX:
            return {"": _array(file, size)}
        found = {}
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                packed(info.filename, min(info.compress_size, size), info.file_size)
                with archive.open(info) as member:
                    found[info.filename.removesuffix(".npy")] = _array(member, info.file_size)
        return found


def _array(file, size):
    """The array of an .npy file of so many bytes."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"it is of version {version}")
    shape, _, dtype = _HEADERS[version](file, max_header_size=MOST_HEADER)
    if dtype.hasobject:
        raise ValueError("it has objects, which only a pickle holds: save numbers, or words as np.array(words)")
    held, wanted = size - file.tell(), math.prod(shape) * dtype.itemsize
    if wanted != held or min(shape, default=0) < 0:
        raise ValueError(f"it says {dtype}{list(shape)}, which is {wanted:,} bytes, and has {held:,}")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)

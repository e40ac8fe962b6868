"""Names that come from elsewhere, of classes and files: what is shown of them, and what becomes of them in a path."""

import contextlib
import hashlib
import os
import sys
import unicodedata
from collections.abc import Iterable
from typing import TextIO

MOST = 120  # characters of a class's name, and of a folder's
_HIDDEN = (
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
    "Zl",
    "Zp",
)  # controls, marks of direction, halves of characters, ends of lines
_NOWHERE = '<>:"/\\|?*'  # characters that some system has in no name
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}  # of Windows


def shown(text: object, lines: bool = False) -> str:
    r"""The text with what a terminal would obey, or not show, as \x1b, \u202e and the like. lines: its ends of lines stay."""
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if (lines and c == "\n") or _harmless(c) else _escaped(c) for c in text)


def tell(text: object, file: TextIO | None = None) -> None:
    """Prints lines, `shown`: to stdout, where no other file is given.

    A terminal that hung up, or a log on a disk that is full, takes no more of them: they are only words. Raises BrokenPipeError
    where nobody reads them any more.
    """
    file = file or sys.stdout
    try:
        print(shown(text, lines=True), file=file, flush=True)
    except BrokenPipeError:
        raise
    except OSError:
        silence(file)


def silence(file: TextIO) -> None:
    """Lets all that is still to be written there go nowhere; or Python, at its end, would try once more, and fail."""
    with contextlib.suppress(OSError, ValueError):  # no file of the system's
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)


def plain(names: Iterable[object]) -> tuple[str, ...]:
    """Names of classes that can be shown: `shown`, long ones cut, and told apart by a hash of what they were."""
    return tuple(_cut(shown(name), str(name)) for name in names)


def folders(names: Iterable[str]) -> list[str]:
    """Names of folders for these: their own where any system takes them, one part of a path each, no two alike on any."""
    given = list(names)
    parts = [_part(name) for name in given]
    found, taken = dict[int, str](), set[str]()
    for i in sorted(range(len(given)), key=lambda i: parts[i] != given[i]):  # whose own is one keeps it
        part = parts[i]
        while (alike := unicodedata.normalize("NFC", part).casefold()) in taken:
            part = f"{part}_{i}"
        found[i] = part
        taken.add(alike)
    return [found[i] for i in range(len(given))]


def _part(name):
    """One part of a path that any system takes."""
    part = "".join("_" if c in _NOWHERE or not _harmless(c) else c for c in name).strip(" .") or "_"
    if part.startswith("-") or part.partition(".")[0].strip().lower() in _DEVICES:
        part = f"_{part}"
    part = part[:MOST]
    while len(part.encode(errors="replace")) > 2 * MOST:  # a system counts bytes
        part = part[:-1]
    return part.rstrip(" .") or "_"


def _harmless(c):
    return c == " " or (c.isprintable() and unicodedata.category(c) not in _HIDDEN)


def _escaped(c):
    code = ord(c)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def _cut(name, was):
    if len(name) <= MOST:
        return name
    digest = hashlib.sha256(was.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{name[: MOST - 12]}... {digest}"

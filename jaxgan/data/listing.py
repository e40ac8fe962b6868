"""What lies in a folder or a zip: regular files by name, and what was passed over, with the reason."""

import contextlib
import errno
import os
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from jaxgan import reading
from jaxgan.data import content
from jaxgan.errors import BadInput

MOST_BYTES = 2**30  # of one file
_PIECE = 2**20
DEEPEST = 100  # folders within folders
_DEEP = f"below {DEEPEST} folders"
_ABSOLUTE = "with absolute names"
_HIDDEN, _RUN, _LINK, _SPECIAL = "hidden", "in the folder of a run", "broken links", "no regular files"
_AGAIN = "links to folders that are there already"
_OF_SYSTEMS = ("__MACOSX", "lost+found", "System Volume Information", "$RECYCLE.BIN")  # hidden, too
_STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


class Listing(NamedTuple):
    """Files by name, in a fixed order."""

    source: str
    names: tuple[str, ...]  # relative, with slashes
    open: Callable[[str], Any]  # name -> binary file. Raises BadInput where it is too large
    content: Callable[[Sequence[str]], bytes]  # names -> bytes that change with what they hold
    left_out: dict[str, int]  # reason -> how many files

    def below(self, folder: str) -> "Listing":
        """The Listing of one of its folders, as if that were all."""
        inside, start = f"{folder}/", len(folder) + 1
        names = tuple(name[start:] for name in self.names if name.startswith(inside))
        whole = lambda names: [inside + name for name in names]
        return Listing(
            f"{self.source}/{folder}",
            names,
            lambda name: self.open(inside + name),
            lambda names: self.content(whole(names)),
            self.left_out,
        )


def listing(source: str | Path) -> Listing:
    """Listing of a folder, whose linked folders are followed, each once, or of a zip.

    Hidden files (a part of the name begins with a dot), folders of systems, the folders of runs and what is no regular file
    are left out, and counted. Raises BadInput where the zip cannot be opened, or a folder not be looked into.
    """
    return _folder(Path(source)) if Path(source).is_dir() else _archive(Path(source))


def top(names: Sequence[str]) -> set[str | None]:
    """First folders of the names, None for those that lie in none."""
    return {PurePosixPath(name).parts[0] if "/" in name else None for name in names}


def _folder(source):
    left_out: Counter[str] = Counter()
    names: list[str] = []
    try:
        _look(source, names, left_out)
    except OSError as error:
        raise BadInput(
            f"{error.filename} cannot be looked into ({error.strerror}): give yourself the right to (chmod -R u+rX), or take it "
            "out"
        ) from error

    def opened(name):
        _bounded(source, name, (source / name).stat().st_size)
        return reading.regular(source / name)

    held = lambda names: content.digest(source, names)
    return Listing(str(source), tuple(sorted(names)), opened, held, dict(left_out))


def _look(source, names, left_out):
    """Adds what lies in a folder to the names, or to the counts of what is left out. Raises OSError where something is kept
    from us.
    """

    def again(_):
        left_out[_AGAIN] += 1

    for at, folders, files in _walk(source, again, _refuse):
        if len(at.relative_to(source).parts) == DEEPEST and folders:
            left_out[_DEEP] += sum(_count(at / name) for name in folders)
            folders.clear()
        if at != source and (at / "config.json").is_file() and (at / "checkpoints").is_dir():
            left_out[_RUN] += _count(at)
            folders.clear()
            continue
        for name in list(folders):
            if _hidden(name):
                left_out[_HIDDEN] += _count(at / name)
                folders.remove(name)
        folders.sort()
        for name in files:
            if _hidden(name):
                left_out[_HIDDEN] += 1
                continue
            try:
                mode = (at / name).stat().st_mode
            except OSError as error:
                if isinstance(error, PermissionError) and not (at / name).is_symlink():
                    raise
                left_out[_LINK] += 1
                continue
            if stat.S_ISREG(mode):
                names.append((at / name).relative_to(source).as_posix())
            else:
                left_out[_SPECIAL] += 1


def _walk(folder, again=lambda folder: None, refuse=None):
    """os.walk through linked folders too, each once: `again` is called with those that are left out, links back among them."""
    seen = set()
    for here, folders, files in os.walk(folder, followlinks=True, onerror=refuse):
        at, facts = Path(here), os.stat(here)
        if (facts.st_dev, facts.st_ino) in seen:
            again(at)
            folders.clear()
            continue
        seen.add((facts.st_dev, facts.st_ino))
        yield at, folders, files


def _refuse(error):
    if error.errno not in (errno.ENOENT, errno.ESTALE):  # what has just gone is not kept from us
        raise error


def _count(folder):
    """Files in and below a folder, however deep it goes."""
    count, todo = 0, [folder]
    while todo:
        with contextlib.suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)
                else:
                    count += 1
    return count


def _archive(source):
    try:
        archive = zipfile.ZipFile(source)
        infos = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        if any("\\" in name for name in infos) and not any(
            "/" in name for name in infos
        ):  # as old programs for Windows write
            infos = {name.replace("\\", "/"): info for name, info in infos.items() if not name.endswith("\\")}
    except reading.DAMAGED as error:
        raise BadInput(f"{source} cannot be read as a zip ({error}): copy it again") from error
    names, left_out = [], Counter()
    for name, info in sorted(infos.items()):
        if any(map(_hidden, PurePosixPath(name).parts)):  # a way up among them
            left_out[_HIDDEN] += 1
        elif PureWindowsPath(name).anchor:
            left_out[_ABSOLUTE] += 1
        elif info.flag_bits & 1:
            raise BadInput(f"{source}: {name} is locked by a password: unpack it, and give the folder")
        elif info.compress_type not in _STORED:
            raise BadInput(
                f"{source}: {name} is compressed in a way (number {info.compress_type}) that cannot be read, as Windows does "
                "above 2 GiB: unpack it, and give the folder"
            )
        else:
            names.append(name)

    def opened(name):
        info = infos[name]
        _bounded(source, name, info.file_size)
        try:
            reading.packed(name, min(info.compress_size, source.stat().st_size), info.file_size)
        except ValueError as error:
            raise BadInput(f"{source}: {error}") from error
        try:
            with archive.open(info) as member:  # ZipFile locks: several threads may read
                return BytesIO(b"".join(iter(lambda: member.read(_PIECE), b"")))
        except (MemoryError, RuntimeError, OverflowError, IndexError) as error:  # what damaged entries raise besides
            raise OSError(f"{type(error).__name__}: {error}") from error

    held = lambda names: repr([(name, infos[name].CRC, infos[name].file_size) for name in names]).encode()
    return Listing(str(source), tuple(names), opened, held, dict(left_out))


def _hidden(part):
    return part.startswith(".") or part in _OF_SYSTEMS


def _bounded(source, name, size):
    if size > MOST_BYTES:
        raise BadInput(
            f"{source}: {name} has {size:,} bytes, and a file of --data may have {MOST_BYTES:,}: take it out, or cut it in pieces"
        )


def peek(path: Path, most: int) -> Iterator[str]:
    """The first names of a folder's files, about so many, or of a zip's; nothing of what is neither: what a source may be of."""
    if path.is_dir():
        for _, folders, names in _walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from names[:most]
            most -= len(names)
            if most <= 0:
                return
    elif path.suffix.lower() == ".zip" and path.is_file():
        try:
            with zipfile.ZipFile(path) as archive:
                yield from archive.namelist()[:most]
        except reading.DAMAGED:
            return

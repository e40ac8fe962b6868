"""Labels in a table beside the images: classes, numbers, several at once."""

import csv
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from jaxgan import reading
from jaxgan.data.dataset import labels as labels_of
from jaxgan.data.listing import Listing
from jaxgan.errors import BadInput

NAMES = ("dataset.json", "labels.json", "labels.csv")  # in the folder; beside it FOLDER.json or FOLDER.csv
DEEPEST = 100  # brackets within brackets of a .json
MOST = 2**28  # bytes
_SHOWN = 80  # characters of a row in a message
# of whole numbers and others as programs write them: 01, 1_0 and 1e3 may be names
_PLAIN = re.compile(
    r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*(e[+-]?[0-9]+)?|e[+-][0-9]+)?|\.[0-9]+(e[+-]?[0-9]+)?|inf|infinity)|nan",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"^([+-]?[0-9]+),([0-9]+)([eE][+-]?[0-9]+)?$")
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*+("|$)|[\[\]{}]', re.DOTALL)  # a string that does not end takes all that follows


class Table(NamedTuple):
    """Rows of labels by the name that the table has for a file."""

    path: str
    columns: tuple[str, ...] | None  # names of the labels of a row
    rows: list[tuple[str, Any]] | None  # (file, its labels); None where it says that there are no labels
    within: bool = True  # whether it lies in what it is about, and so has to have a row for each image
    folder: str = ""  # of the names, where only those in one are meant
    every: tuple[str, ...] = ()  # the names in all folders, where only those in one are meant
    odd: str = ""  # why it is none


def beside(folder: Path) -> Table | None:
    """The Table beside a folder that is called after it, None where there is none. What cannot be read as one is odd."""
    if not folder.name.strip("."):  # "." and "..": what they are called is asked of the system
        folder = Path(os.path.abspath(folder))
    for end in (".json", ".csv"):
        path = folder.parent / f"{folder.name}{end}"
        if folder.name and path.is_file():
            with reading.regular(path) as file:
                raw = file.read(MOST + 1)
            try:
                return _table(str(path), raw)._replace(within=False)
            except BadInput as error:
                return Table(str(path), None, [], within=False, odd=str(error))
    return None


def inside(found: Listing) -> Table | None:
    """The Table at the top of a Listing, None where there is none."""
    for name in NAMES:
        if name in found.names:
            with found.open(name) as file:
                return _table(f"{found.source}/{name}", file.read(MOST + 1))
    return None


def below(table: Table, folder: str, every: Sequence[str]) -> Table:
    """The Table for the images in one folder of what it is about. every: names of the images in all of its folders."""
    return table._replace(folder=folder, every=tuple(every))


def labels(table: Table, names: Sequence[str]) -> tuple[np.ndarray | None, tuple[str, ...], list[str]]:
    """(label, classes, notes) of the images with these names; None and () where the table has none.

    A .csv has a head: file, then a name for each column; a .json is {file: label}, or StyleGAN's {"labels": [[file, label],
    ...]}. One word or whole number an image is a class; words in a list are several classes of one image; a fraction, a list
    of numbers or several columns are a label vector. Files are found by their name; by that with the folder before it; by that
    without its suffix, where it is the only one; and where none is so, by that without the folder, where it is the only one.
    Raises BadInput for images without a row, several rows for one, and rows that do not fit each other.
    """
    path, columns = table.path, table.columns
    if table.odd:
        return None, (), [f"{table.odd}; it is left aside"]
    if table.rows is None:
        said = f"{path} says that there are no labels: folders are no classes"
        return None, (), [said] if any("/" in name for name in names) else []
    found = _matched(table, names)
    missing = [name for name in names if name not in found]
    if len(missing) == len(names) and (table.folder or not table.within):
        return None, (), [f"{path} has not a row for each of the images: it is left aside"]
    if missing:
        raise BadInput(
            f"{path} has no row for {len(missing)} of {len(names)} images, the first is {missing[0]}: add them"
        )
    rows = [found[name] for name in names]
    empty = next((name for name in names if "" in found[name]), None)
    if empty is not None:
        raise BadInput(f"{path}: the label of {empty} is missing: add it, or take the image out")
    if columns is None and all(isinstance(x, str) for row in rows for x in row) and {len(row) for row in rows} != {1}:
        classes = tuple(sorted({x for row in rows for x in row}))
        return np.array([[float(name in row) for name in classes] for row in rows], np.float32), classes, []
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise BadInput(f"{path} has rows of {min(widths)} and of {max(widths)} labels: give every image as many")
    if columns is not None and (widths != {1} or _are_numbers([row[0] for row in rows])):
        rows = [[_number(word) for word in row] for row in rows]
    if widths == {1}:
        words = [row[0] for row in rows]
        if all(isinstance(x, int | float) and x == x // 1 for x in words):
            return *_checked(path, np.array([int(x) for x in words])), []
        if any(isinstance(word, str) for word in words):
            classes = tuple(sorted({str(word) for word in words}))
            number = {name: i for i, name in enumerate(classes)}
            return np.array([number[str(word)] for word in words], np.int32), classes, []
    for name, row in zip(names, rows, strict=True):
        if any(isinstance(x, str) for x in row):
            raise BadInput(f"{path}: the labels of {name} are {_short(row)}: give numbers where there are several")
    return *_checked(path, np.array(rows, np.float64), columns), []


def _matched(table, names):
    """{image: labels}, of the rows that are about one of the images."""
    start = f"{table.folder}/" if table.folder else ""
    whole = lambda name: _plain(start + name)
    bare = lambda name: str(PurePosixPath(whole(name)).with_suffix(""))
    found = _found(table, [{whole(name): name for name in names}, _single(names, bare)])
    if found:
        return found
    own = lambda name: PurePosixPath(_plain(name)).name
    stem = lambda name: PurePosixPath(own(name)).stem
    found = _found(table, [_single(names, part, table.every) for part in (own, stem)], without_folder=True)
    return found if len(found) == len(names) else {}


def _single(names, part, among=()):
    """{a part of a name: the image}, where only one of these has it, or of those that they are among."""
    count = Counter(map(part, among or names))
    return {part(name): name for name in names if count[part(name)] == 1}


def _found(table, ways, without_folder=False):
    """{image: labels} of the rows whose file is in one of the `ways`, {name: image}; of those without a folder alone."""
    found, taken = {}, {}
    for key, row in table.rows:
        parts = PurePosixPath(_plain(key)).parts
        ends = ["/".join(parts[i:]) for i in range(len(parts))]  # with ever less of the folders before it
        places = [
            known[end] for known in ways for end in ends if end in known and not (without_folder and len(parts) > 1)
        ]
        if not places:
            continue
        if places[0] in found:
            before, old = taken[places[0]]
            both = f"{_short(old)} and {_short(row)}"
            both = both if key == before else f"{before}, {_short(old)} and {key}, {_short(row)}"
            raise BadInput(
                f"{table.path} has two rows for {places[0]}: {both}: keep one (several labels of one image are a list in a .json)"
            )
        found[places[0]], taken[places[0]] = _row(table, key, row), (key, row)
    return found


def _row(table, name, row):
    """The labels of an image. Raises BadInput for those that are none."""
    path = table.path
    if table.columns is not None and len(row) != len(table.columns):
        count, head = len(row) + 1, len(table.columns) + 1
        raise BadInput(f"{path}: the row of {name} has {count} entries and the head {head}: mend it")
    row = row if type(row) is list else [row]
    if not row or any(type(x) not in (int, float, str) for x in row):
        raise BadInput(f"{path}: the label of {name} is {_short(row)}: give a number, a word or a list of either")
    return [x.strip() if isinstance(x, str) else x for x in row]


def _short(row):
    said = repr(row)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]} ..."


def _plain(name):
    """A file's name as all systems write it."""
    name = unicodedata.normalize("NFC", name.strip()).replace("\\", "/")
    return re.sub(r"^(\./)+|^[A-Za-z]:/|^/+", "", name)


def _table(path, raw):
    if len(raw) > MOST:
        raise BadInput(f"{path} has more than {MOST:,} bytes: take it away, or move it elsewhere")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no UTF-8 ({error}): save it as that") from error
    columns, rows = (_csv if Path(path).suffix == ".csv" else _json)(path, text)
    return Table(path, columns, rows)


def _checked(path, label, columns=None):
    label, spec = labels_of(path, label, len(label), columns)
    return label, spec.classes


def _csv(path, text):
    """(names of the columns, rows). The separator is that of , ; and tab that parts the head, the first of them."""
    lines: list[list[str]] = []
    for separator in ",;\t":
        try:
            made = csv.reader(io.StringIO(text), strict=False, delimiter=separator)
            lines = [[word.strip() for word in row] for row in made if row]
        except csv.Error as error:
            raise BadInput(f"{path} cannot be read ({error}): mend it, or take it away") from error
        if lines and len(lines[0]) > 1:
            break
    else:
        raise BadInput(f"{path} has no labels: give a head such as file,label and a row for each image")
    head, *body = lines
    if PurePosixPath(head[0].replace("\\", "/")).suffix:
        raise BadInput(f"{path} begins with the row of {head[0]}: give it a head, such as file,label")
    rows = [row for _, *row in body]
    if separator == ";" and {len(row) for row in rows} == {len(head) - 1}:  # where a comma is that of decimals
        rows = list(map(list, zip(*map(_with_points, zip(*rows, strict=True)), strict=True)))
    return tuple(head[1:]), [(name, row) for (name, *_), row in zip(body, rows, strict=True)]


def _with_points(words):
    """Words of a column with points for decimal commas, where all then are numbers; else as they are."""
    made = [_DECIMAL.sub(r"\1.\2\3", word) for word in words]
    return words if any(isinstance(_number(word), str) for word in made) else made


def _json(path, text):
    depth = deepest = 0
    for part in _PARTS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(part[0], 0)
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise BadInput(f"{path} has brackets {deepest} deep: labels need 3, take it away")
    try:
        content = reading.json_from(text, object_pairs_hook=_Pairs)
    except ValueError as error:
        raise BadInput(f"{path} is no JSON ({error}): mend it, or take it away") from error
    if isinstance(content, _Pairs):
        content = dict(content).get("labels", content)
    if content is None:  # StyleGAN's way of saying that there are none
        return None, None
    try:
        return None, [(str(name), label) for name, label in content]
    except (TypeError, ValueError) as error:
        raise BadInput(f'{path} is not {{file: label}} nor {{"labels": [[file, label], ...]}}: mend it') from error


class _Pairs(list):
    """A JSON object, with the keys that come twice."""


def _are_numbers(words):
    """Whether the words of a column are numbers and no names: all as programs write them, or one of them with a fraction."""
    if all(map(_PLAIN.fullmatch, words)):
        return True
    numbers = [_number(word) for word in words]
    return all(not isinstance(x, str) for x in numbers) and any(x % 1 for x in numbers)


def _number(word):
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word

"""Labels in a table beside the images: classes, numbers, several at once."""

import csv
import io
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
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*+("|$)|[\[\]{}]', re.DOTALL)  # a string that does not end takes all that follows


class Table(NamedTuple):
    """Rows of labels by the name that the table has for a file."""

    path: str
    columns: tuple[str, ...] | None  # names of the labels of a row
    rows: dict[str, list] | None  # None where it says that there are no labels
    within: bool = True  # whether it lies in what it is about, and so has to have a row for each image
    folder: str = ""  # of the names, where only those in one are meant


def beside(folder: Path) -> Table | None:
    """The Table beside a folder that is called after it, None where there is none."""
    for end in (".json", ".csv"):
        path = folder.parent / f"{folder.name}{end}"
        if folder.name and path.is_file():
            with reading.regular(path) as file:
                return _table(str(path), file.read(MOST + 1), within=False)
    return None


def inside(found: Listing) -> Table | None:
    """The Table at the top of a Listing, None where there is none."""
    for name in NAMES:
        if name in found.names:
            with found.open(name) as file:
                return _table(f"{found.source}/{name}", file.read(MOST + 1))
    return None


def below(table: Table, folder: str) -> Table:
    """The Table for the images in one folder of what it is about."""
    return table._replace(folder=folder, within=False)


def labels(table: Table, names: Sequence[str]) -> tuple[np.ndarray | None, tuple[str, ...], list[str]]:
    """(label, classes, notes) of the images with these names; None and () where the table has none.

    A .csv has a head: file, then a name for each column; a .json is {file: label}, or StyleGAN's {"labels": [[file, label],
    ...]}. One word or whole number an image is a class; words in a list are several classes of one image; a fraction, a list
    of numbers or several columns are a label vector. Files are found by their name; by that with the folder before it; by that
    without its suffix, where it is the only one. Raises BadInput for images without a row, several rows for one, and rows that
    do not fit each other.
    """
    path, columns = table.path, table.columns
    if table.rows is None:
        return None, (), []
    found = _matched(table, names)
    missing = [name for name in names if name not in found]
    if len(missing) == len(names) and not table.within:
        return None, (), [f"{path} has no row for any of the images: it is left aside"]
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
    if widths == {1}:
        words = [row[0] for row in rows]
        if all(isinstance(x, int | float) and x == x // 1 for x in words):
            return *_checked(path, np.array([int(x) for x in words])), []
        if any(isinstance(word, str) for word in words):
            classes = tuple(sorted({str(word) for word in words}))
            number = {name: i for i, name in enumerate(classes)}
            return np.array([number[str(word)] for word in words], np.int32), classes, []
    odd = next((name for name, row in zip(names, rows, strict=True) if any(isinstance(x, str) for x in row)), None)
    if odd is not None:
        raise BadInput(f"{path}: the labels of {odd} are {found[odd]}: give numbers where there are several")
    return *_checked(path, np.array(rows, np.float64), columns), []


def _matched(table, names):
    """{image: row}, of the rows that are about one of the images."""
    start = f"{table.folder}/" if table.folder else ""
    exact = {_plain(start + name): name for name in names}
    stems: dict[str, list] = {}
    for key, name in exact.items():
        stems.setdefault(str(PurePosixPath(key).with_suffix("")), []).append(name)
    single = {stem: alike[0] for stem, alike in stems.items() if len(alike) == 1}
    found, taken = {}, {}
    for key, row in table.rows.items():
        parts = PurePosixPath(_plain(key)).parts
        ends = ["/".join(parts[i:]) for i in range(len(parts))]  # with ever less of the folders before it
        places = [known[end] for known in (exact, single) for end in ends if end in known]
        if not places:
            continue
        if places[0] in found:
            raise BadInput(
                f"{table.path} has two rows for {places[0]}: {taken[places[0]]}, {found[places[0]]} and {key}, {row}: keep one "
                "(several labels of one image are a list in a .json)"
            )
        found[places[0]], taken[places[0]] = row, key
    return found


def _plain(name):
    """A file's name as all systems write it."""
    name = unicodedata.normalize("NFC", name.strip()).replace("\\", "/")
    return re.sub(r"^(\./)+|^[A-Za-z]:/|^/+", "", name)


def _table(path, raw, within=True):
    if len(raw) > MOST:
        raise BadInput(f"{path} has more than {MOST:,} bytes: take it away, or move it elsewhere")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no UTF-8 ({error}): save it as that") from error
    columns, rows = (_csv if Path(path).suffix == ".csv" else _json)(path, text)
    return Table(path, columns, rows, within)


def _checked(path, label, columns=None):
    label, spec = labels_of(path, label, len(label), columns)
    return label, spec.classes


def _csv(path, text):
    try:
        lines = [[word.strip() for word in row] for row in csv.reader(io.StringIO(text), strict=False) if row]
    except csv.Error as error:
        raise BadInput(f"{path} cannot be read ({error}): mend it, or take it away") from error
    if not lines or len(lines[0]) < 2:
        raise BadInput(f"{path} has no labels: give a head such as file,label and a row for each image")
    head, *body = lines
    if PurePosixPath(head[0].replace("\\", "/")).suffix:
        raise BadInput(f"{path} begins with the row of {head[0]}: give it a head, such as file,label")
    for row in body:
        if len(row) != len(head):
            raise BadInput(f"{path}: the row of {row[0]} has {len(row)} entries and the head {len(head)}: mend it")
    return tuple(head[1:]), _once(path, [(row[0], [_number(word) for word in row[1:]]) for row in body])


def _json(path, text):
    depth = deepest = 0
    for part in _PARTS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(part[0], 0)
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise BadInput(f"{path} has brackets {deepest} deep: labels need 3, take it away")
    try:
        content = reading.json_from(text, object_pairs_hook=lambda pairs: _unlike(path, pairs))
    except ValueError as error:
        raise BadInput(f"{path} is no JSON ({error}): mend it, or take it away") from error
    if isinstance(content, dict) and "labels" in content:
        content = content["labels"]
    if content is None:  # StyleGAN's way of saying that there are none
        return None, None
    try:
        pairs = content.items() if isinstance(content, dict) else [(name, label) for name, label in content]
        rows = [(str(name), label if isinstance(label, list) else [label]) for name, label in pairs]
    except (TypeError, ValueError) as error:
        raise BadInput(f'{path} is not {{file: label}} nor {{"labels": [[file, label], ...]}}: mend it') from error
    return None, _once(path, rows)


def _unlike(path, pairs):
    """A JSON object. Raises BadInput where it has a key twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        one, other = [value for key, value in pairs if key == name][:2]
        raise BadInput(f"{path} has two rows for {name}: {one} and {other}: keep one")
    return found


def _once(path, rows):
    """{file: row}. Raises BadInput where a file comes twice, with both."""
    found: dict[str, Any] = {}
    for name, row in rows:
        if name in found:
            raise BadInput(
                f"{path} has two rows for {name}: {found[name]} and {row}: keep one (several labels of one image are a list in a "
                ".json)"
            )
        odd = [x for x in row if type(x) not in (int, float, str)]
        if odd or not row:
            raise BadInput(f"{path}: the label of {name} is {row!r}: give a number, a word or a list of either")
        found[name] = [x.strip() if isinstance(x, str) else x for x in row]
    return found


def _number(word):
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word

"""Labels in a table beside the images: classes, numbers, several at once."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from jaxgan.data.dataset import labels as labels_of
from jaxgan.errors import BadInput

NAMES = ("dataset.json", "labels.json", "labels.csv")  # in the folder; beside it FOLDER.json or FOLDER.csv


def beside(folder: Path) -> tuple[str, str] | None:
    """(path, text) of the table in a folder or beside it, None where there is none."""
    places = [folder / name for name in NAMES] + [folder.parent / f"{folder.name}{end}" for end in (".json", ".csv")]
    for path in places:
        if path.is_file():
            return str(path), path.read_text()
    return None


def inside(archive: ZipFile, names: Sequence[str]) -> tuple[str, str] | None:
    """(name, text) of the table at the top of a zip, None where there is none."""
    for name in NAMES:
        if name in names:
            return f"{archive.filename}/{name}", archive.read(name).decode()
    return None


def labels(path: str, text: str, names: Sequence[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """(label, classes) of the images with these names, None and () where the table has none.

    A .csv has a head: file, then a name for each column; a .json is {file: label}, or StyleGAN's {"labels": [[file, label],
    ...]}. One word or whole number an image is a class; a fraction, a list or several columns are a label vector.
    Raises BadInput for images without a row, and rows that do not fit each other.
    """
    columns, rows = (_csv if Path(path).suffix == ".csv" else _json)(path, text)
    if rows is None:
        return None, ()
    missing = [name for name in names if name not in rows]
    if missing:
        raise BadInput(
            f"{path} has no row for {len(missing)} of {len(names)} images, the first is {missing[0]}: add them"
        )
    found = [rows[name] for name in names]
    widths = {len(row) for row in found}
    if len(widths) > 1:
        raise BadInput(f"{path} has rows of {min(widths)} and of {max(widths)} labels: give every image as many")
    if widths == {1}:
        words = [row[0] for row in found]
        if all(isinstance(word, int) for word in words):
            return _checked(path, np.array(words))
        if any(isinstance(word, str) for word in words):
            classes = tuple(sorted({str(word) for word in words}))
            return np.array([classes.index(str(word)) for word in words], np.int32), classes
    odd = next((name for name, row in zip(names, found, strict=True) if any(isinstance(x, str) for x in row)), None)
    if odd is not None:
        raise BadInput(f"{path}: the labels of {odd} are {rows[odd]}: give numbers where there are several")
    return _checked(path, np.array(found, np.float64), columns)


def _checked(path, label, columns=None):
    label, spec = labels_of(path, label, len(label), columns)
    return label, spec.classes


def _csv(path, text):
    lines = [row for row in csv.reader(io.StringIO(text)) if row]
    if not lines or len(lines[0]) < 2:
        raise BadInput(f"{path} has no labels: give a head such as file,label and a row for each image")
    head, *body = lines
    for row in body:
        if len(row) != len(head):
            raise BadInput(f"{path}: the row of {row[0]} has {len(row)} entries and the head {len(head)}: mend it")
    return tuple(head[1:]), {row[0]: [_number(word) for word in row[1:]] for row in body}


def _json(path, text):
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BadInput(f"{path} is no JSON ({error}): mend it, or take it away") from error
    if isinstance(content, dict) and "labels" in content:
        content = content["labels"]
    if content is None:  # StyleGAN's way of saying that there are none
        return None, None
    try:
        pairs = content.items() if isinstance(content, dict) else [(name, label) for name, label in content]
        rows = {name: label if isinstance(label, list) else [label] for name, label in pairs}
    except (TypeError, ValueError) as error:
        raise BadInput(f'{path} is not {{file: label}} nor {{"labels": [[file, label], ...]}}: mend it') from error
    odd = next((n for n, row in rows.items() if any(type(x) not in (int, float, str) for x in row)), None)
    if odd is not None:
        raise BadInput(f"{path}: the label of {odd} is {rows[odd]!r}: give a number, a word or a list of numbers")
    return None, rows


def _number(word):
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word

"""What every source becomes: named columns of samples by row number, and what each of them is."""

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from jaxgan import modalities
from jaxgan.data.lazy import Lazy
from jaxgan.errors import BadInput
from jaxgan.modalities.depths import Scale
from jaxgan.modalities.resize import Resize
from jaxgan.names import plain, shown

Column = np.ndarray | Lazy

_MOST = 2**31  # numbers of one sample
_LABEL_AXES = (0, 1)  # of one label
_DTYPES = ("bool", *(f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)))
ALIKE = 1.02  # of two rates that count as one, at most: 29.97 and 30 frames a second
NAMED = 1000  # classes that may be named though no sample has them
EXAMPLES = 8  # label vectors of a source that its Spec keeps, to draw samples by
LABEL = "label"  # the column that is no sample: a class number or a vector of numbers a row


class Spec(NamedTuple):
    """What a column is, as a recipe has to know it and a run keeps it."""

    shape: tuple[int, ...]  # of one sample: (H, W, C) of an image, (D,) of points, () of a class number
    dtype: str = "uint8"
    modality: str = "image"  # a name in jaxgan.modalities, "" of labels
    classes: tuple[str, ...] = ()  # names of the classes, or of a label vector's entries
    examples: tuple = ()  # some label vectors of the source
    rate: float = 0.0  # values of a sound, frames of a film a second, 0 where there is no time or nobody says
    scale: Scale = ()  # of the pictures of more than 8 bits that it was made of

    @property
    def kind(self) -> ModuleType:
        """The modality's module, which knows the rate, or the names of the classes, where these mean something to it."""
        return modalities.knowing(self.modality, self.rate, self.classes)


class DatasetInfo(NamedTuple):
    """What a run keeps of its data."""

    name: str
    size: int  # rows of its first column
    sha256: str  # of the content
    specs: dict[str, Spec]  # name -> Spec


def info_from_json(saved: Any) -> DatasetInfo:
    """DatasetInfo of the object of a JSON file. Raises ValueError or TypeError where it is none, or says what no data are."""
    if not isinstance(saved, dict) or not isinstance(saved.get("specs"), dict):
        raise TypeError("its data are no object with specs")
    info = DatasetInfo(**{**saved, "specs": {name: _spec(name, spec) for name, spec in saved["specs"].items()}})
    if not isinstance(info.name, str) or not isinstance(info.sha256, str) or not _whole_numbers((info.size,), 1):
        raise ValueError(f"its data are {info.name!r}, {info.size!r} samples of sha256 {info.sha256!r}")
    return info._replace(name=shown(info.name))


def _spec(name, saved):
    spec = Spec(**{key: _tuples(value) for key, value in saved.items()})
    if not isinstance(spec.shape, tuple) or not _whole_numbers(spec.shape, 1) or math.prod(spec.shape) > _MOST:
        raise ValueError(f"the shape of {name} is {spec.shape!r}")
    if spec.dtype not in _DTYPES or spec.modality not in ("", *modalities.names()):
        raise ValueError(f"{name} is {spec.modality!r} of {spec.dtype!r}")
    if len(spec.shape) not in (modalities.get(spec.modality).AXES if spec.modality else _LABEL_AXES):
        raise ValueError(f"the shape of {name} is {spec.shape!r}, and it is {spec.modality or 'a label'}")
    if type(spec.rate) not in (int, float) or not 0 <= spec.rate < _MOST:
        raise ValueError(f"the rate of {name} is {spec.rate!r}")
    kinds = tuple(type(x) for one in spec.scale for x in one) if isinstance(spec.scale, tuple) else (None,)
    if kinds != (str, float, float) * len(spec.scale):
        raise ValueError(f"the scale of {name} is {spec.scale!r}")
    words, examples = spec.classes, spec.examples
    if not isinstance(words, tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"the classes of {name} are {words!r}")
    if not isinstance(examples, tuple) or not all(_vector(one, len(words)) for one in examples):
        raise ValueError(f"the examples of {name} are {examples!r}")
    return spec if spec.modality == "text" else spec._replace(classes=plain(words))  # a text's are what it is made of


def _whole_numbers(values, low):
    return all(type(value) is int and low <= value < 2**63 for value in values)


def _vector(values, count):
    return isinstance(values, tuple) and len(values) == count and all(type(x) in (int, float) for x in values)


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


@dataclasses.dataclass(frozen=True, repr=False)
class Dataset:
    """Columns of samples: `dataset["image"]` is an array [N, ...], or a `Lazy` that stands in its place.

    Columns that belong to each other have as many rows. A column of another length is a stream of its own.
    """

    name: str
    columns: dict[str, Column]  # name -> array or Lazy
    specs: dict[str, Spec]  # name -> Spec
    notes: tuple[str, ...] = ()  # what was understood, where it could have been meant in another way
    names: tuple[str, ...] = ()  # of the files that the rows of the first column are from
    part: str = ""  # the split that they are, of a source that has some
    sizes: tuple[tuple[int, int], ...] = ()  # (height, width) of these files' pictures, as they are there

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __repr__(self) -> str:
        columns = ", ".join(f"{name}: {x.dtype}{list(x.shape)}" for name, x in self.columns.items())
        return f"Dataset({self.name!r}, {columns})"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes or of a label vector's entries, () without labels."""
        return self.specs[LABEL].classes if LABEL in self.specs else ()

    @property
    def size(self) -> int:
        """Rows of the first column."""
        return len(next(iter(self.columns.values())))

    @cached_property
    def sha256(self) -> str:
        """Hex digest over the content of all columns: computed once."""
        digest = hashlib.sha256()
        for name in sorted(self.columns):
            column = self.columns[name]
            digest.update(f"{name} {column.dtype}{column.shape}".encode())
            digest.update(np.ascontiguousarray(column).data if isinstance(column, np.ndarray) else column.identity())
        return digest.hexdigest()

    @property
    def info(self) -> DatasetInfo:
        """DatasetInfo."""
        return DatasetInfo(self.name, self.size, self.sha256, self.specs)

    def replace(self, **columns: Column) -> "Dataset":
        """Dataset with these columns in place of its own, of the same kind. Raises KeyError for columns that it has not."""
        specs = {name: self.specs[name]._replace(shape=x.shape[1:], dtype=str(x.dtype)) for name, x in columns.items()}
        return dataclasses.replace(self, columns={**self.columns, **columns}, specs={**self.specs, **specs})


def from_arrays(
    name: str, columns: Mapping[str, Any], classes: Iterable[str] | None = None, kinds: Mapping[str, str] | None = None
) -> Dataset:
    """Dataset of a user's arrays. Raises BadInput for dtypes, ranges and lengths that cannot be meant.

    columns: {"image": ..., "label": ..., ...}; what G makes comes first. classes: names of the labels. kinds: the modality of
    columns that have another name than theirs; without it an "image" or "input" of two axes is points.
    """
    kinds, made, specs = kinds or {}, {}, {}
    for column, x in columns.items():
        if column == LABEL:
            continue
        x = x if hasattr(x, "identity") else np.asarray(x)
        kind = kinds.get(column) or _kind(name, column, x)
        if kind == "mask" and column != "mask":
            raise BadInput(f"{name}: {column} is said to be a mask: name it mask, a step tells class numbers by that")
        if isinstance(x, np.ndarray):
            x = modalities.get(kind).check(f"{name}: {column}", x)
        made[column], specs[column] = x, Spec(x.shape[1:], str(x.dtype), kind)
    if columns.get(LABEL) is not None:
        size = len(next(iter(made.values())))
        made[LABEL], specs[LABEL] = labels(name, np.asarray(columns[LABEL]), size, classes)
    return Dataset(name, made, specs)


def _kind(name, column, x):
    """The modality of a column where nobody says it: that of its name, else what an image of so many axes is."""
    if column in modalities.names() and column != "image":
        return column
    if column in ("image", "input"):
        return modalities.taken_for(x)
    there = ", ".join(modalities.names())
    raise BadInput(f"{name}: {column} is {x.dtype}{list(x.shape)}, of what kind is not said: name it one of {there}")


def labels(name: str, label: np.ndarray, size: int, classes: Iterable[str] | None = None) -> tuple[np.ndarray, Spec]:
    """(label, Spec): int32 [size] of class numbers, float32 [size, K] of label vectors.

    Classes are words, or whole numbers from 0: those that occur, or those that are named. One column of them is no vector.
    Raises BadInput for other types, lengths and values, and for more names than 1,000 where there are fewer samples.
    """
    if label.ndim == 2 and label.shape[1] == 1 and (label.dtype.kind in "iubUS" or _whole(label)):
        label = label[:, 0]
    if label.shape == (size,) and label.dtype.kind in "US":
        if classes is not None:
            raise BadInput(f"{name}: label has words, and there are names of classes besides: take the names away")
        label = label if label.dtype.kind == "U" else np.char.decode(label, "utf-8", "backslashreplace")
        words, label = np.unique(label, return_inverse=True)
        return class_numbers(label, words.tolist())
    if label.ndim == 1 and (label.dtype.kind == "b" or _whole(label)):
        label = label.astype(np.int64)
    if label.ndim == 2 and len(label) == size and label.shape[1] and label.dtype.kind in "fiub":
        label = label.astype(np.float32)
        if not np.isfinite(label).all():
            raise BadInput(f"{name}: label has values that are not finite: remove those samples")
        classes = tuple(map(str, range(label.shape[1]))) if classes is None else tuple(classes)
        if len(classes) != label.shape[1]:
            raise BadInput(f"{name}: label is {list(label.shape)}, there are {len(classes)} names: give one a column")
        spread = np.linspace(0, len(label) - 1, EXAMPLES).round().astype(int)
        examples = tuple(map(tuple, label[spread].tolist()))
        return label, Spec(label.shape[1:], "float32", "", plain(classes), examples)
    if not np.issubdtype(label.dtype, np.integer) or label.shape != (size,):
        raise BadInput(
            f"{name}: label is {label.dtype}{list(label.shape)}, there are {size} images: give integers [N], "
            "or label vectors [N, K]"
        )
    if label.min() < 0:
        raise BadInput(f"{name}: label has {label.min()}, the lowest class is 0: number the classes from 0")
    if classes is None:
        found, label = np.unique(label, return_inverse=True)
        return class_numbers(label, map(str, found.tolist()))
    classes = tuple(classes)
    if label.max() >= len(classes):
        raise BadInput(f"{name}: label has {label.max()}, there are {len(classes)} classes: number them from 0")
    if len(classes) > max(size, NAMED):
        raise BadInput(f"{name} names {len(classes)} classes and has {size} samples: name those that occur")
    return class_numbers(label, classes)


def _whole(label):
    return label.dtype.kind == "f" and label.size and bool(np.isfinite(label).all() and (label == np.rint(label)).all())


def renumbered(data: Dataset, classes: tuple[str, ...]) -> Dataset:
    """Dataset whose class numbers, or columns of label vectors, are those of these names. Raises KeyError for other ones.

    Of vectors that say which words apply (0 and 1, some of them in each row and column) a word that none has is 0 in all. Raises
    BadInput where other numbers have not all of these names.
    """
    number = {name: i for i, name in enumerate(classes)}
    places, label = np.array([number[name] for name in data.classes], np.int32), np.asarray(data[LABEL])
    if label.ndim == 1:
        label, spec = places[label], data.specs[LABEL]._replace(classes=classes)
    else:
        words = np.isin(label, (0, 1)).all() and label.any(axis=0).all() and label.any(axis=1).all()
        if len(places) < len(classes) and not words:
            own, wanted = ", ".join(data.classes[:10]), ", ".join(classes[:10])
            raise BadInput(f"{data.name} has the numbers {own}, and {wanted} are wanted: give them all")
        whole = np.zeros((len(label), len(classes)), np.float32)
        whole[:, places] = label
        label, spec = labels(data.name, whole, len(label), classes)
    return dataclasses.replace(data, columns={**data.columns, LABEL: label}, specs={**data.specs, LABEL: spec})


def class_numbers(label: Any, classes: Iterable[str]) -> tuple[np.ndarray, Spec]:
    """(label int32 [N], Spec) of class numbers that are known to fit their names."""
    return np.asarray(label, np.int32), Spec((), "int32", "", plain(classes))


def labelled(
    name: str,
    image: Column,
    label: np.ndarray | None = None,
    classes: Iterable[str] | None = None,
    kind: str = "image",
    notes: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    part: str = "",
    sizes: Iterable[tuple[int, int]] = (),
) -> Dataset:
    """Dataset of samples of this kind, an array or a Lazy, and of their labels where there are any.

    The samples are taken as they are. Raises BadInput for labels that `labels` refuses.
    """
    columns, specs = {"image": image}, {"image": Spec(image.shape[1:], str(image.dtype), kind)}
    if label is not None:
        columns[LABEL], specs[LABEL] = labels(name, label, len(image), classes)
    return Dataset(name, columns, specs, notes, names, part, tuple(sizes))


def resized(data: Dataset, how: Resize) -> Dataset:
    """Dataset with all columns in memory brought to a Resize, each as its kind has it.

    What has a time and no rate of its own then has that of the Resize. Raises BadInput where a kind has no such thing.
    """
    moved = {
        name: data.specs[name].kind.resize(x, how) for name, x in data.columns.items() if data.specs[name].modality
    }
    made = data.replace(**moved)
    timed = [name for name in moved if hasattr(made.specs[name].kind, "TIMED") and not made.specs[name].rate]
    rated = {name: made.specs[name]._replace(rate=how.rate) for name in timed}
    return dataclasses.replace(made, specs={**made.specs, **rated})

"""tensorflow-datasets: prepared sets are read without TensorFlow, and any source can be written as one."""

import contextlib
import io
import logging
import os
import types
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.data import content, splits
from jaxgan.data.dataset import Dataset, labelled
from jaxgan.data.lazy import Lazy
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize, fit

NAMES = ()
WORDS = "tfds:NAME: a prepared set of tensorflow-datasets, read without TensorFlow"
_RANGE_BITS = {"uint8": 0, "uint16": 8}  # what is cut off for 8 bits


def home() -> Path:
    """Folder in which tensorflow-datasets keeps prepared sets: TFDS_DATA_DIR, or ~/tensorflow_datasets."""
    return Path(os.environ.get("TFDS_DATA_DIR", Path.home() / "tensorflow_datasets"))


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return word.partition(":")[0] == "tfds"


def held_out(word: str, how: Resize, split: str = "") -> Dataset | None:
    """Dataset of the test split, or of validation where that is trained on; None where there is none.

    Raises BadInput as `load` does.
    """
    there = list(_builder(word)[1].info.splits)
    own = _trained(word, there, split)
    other = next((name for name in ("test", "validation") if name in there and name != own), None)
    return None if other is None else load(word, how, 2**31, other)


def load(word: str, how: Resize, memory: int, split: str = "") -> Dataset:
    """Dataset of a split of a prepared set: NAME or NAME/CONFIG, the newest version, or the folder of one.

    split: by default the training split, or the first where there is none. In memory where it takes less than `memory` bytes,
    else read when needed. Raises BadInput at once, with the command that prepares it, where the set is not there or cannot be
    read without TensorFlow, and where there is no such split.
    """
    folder, builder = _builder(word)
    tfds, name = _import(), word.partition(":")[2]
    features, there = builder.info.features, list(builder.info.splits)
    image = next((key for key, kind in features.items() if len(kind.shape or ()) == 3), None)
    if image is None:
        raise BadInput(f"tfds:{name} has {', '.join(features)}, none is an image: give another set")
    split = _trained(word, there, split)
    view = TfdsView(folder, builder.as_data_source(split), image, how)
    label, classes = None, None
    if "label" in features:
        skip = {image: tfds.decode.SkipDecoding()}
        with _readable(folder):
            examples = list(builder.as_data_source(split, decoders=skip))
        label = np.stack([np.asarray(example["label"]) for example in examples])
        classes = getattr(features["label"], "names", None)
    name, image = f"tfds:{name}", view[:] if view.nbytes <= memory else view
    return labelled(name, image, label, classes)


def _trained(word, there, split):
    """The split that is trained on, of those there are. Raises BadInput where it is not there."""
    known = {name.lower(): name for name in there}
    return splits.chosen(word, known, split) if split else known.get("train", there[0])


def _builder(word):
    """(folder, builder) of a prepared set. Raises BadInput where it is not there, or cannot be read without TensorFlow."""
    name = word.partition(":")[2]
    folder = _version(name)
    tfds = _import()
    with _readable(folder):
        builder = tfds.builder_from_directory(folder)
    if builder.info.file_format.value != "array_record":
        raise BadInput(f"tfds:{name} in {folder} is stored as {builder.info.file_format.value}: {_prepare(name)}")
    return folder, builder


class TfdsView(Lazy):
    """The images [N, H, W, C] uint8 of a TFDS data source, each read when it is asked for."""

    def __init__(self, folder: Path, source: Any, key: str, how: Resize) -> None:
        self._folder, self._source, self._key, self._how = folder, source, key, how
        self.shape = (len(source), *self._fitted([0])[0].shape)

    def __getitem__(self, index: Any) -> np.ndarray:
        rows = self.rows(index)
        images = self._fitted(rows.reshape(-1).tolist())
        odd = next((image.shape for image in images if image.shape != self.shape[1:]), None)
        if odd is not None:
            raise BadInput(
                f"tfds: {self._folder} has images of {'x'.join(map(str, self.shape[1:]))} and of {'x'.join(map(str, odd))}: "
                "set --resolution to bring them to one"
            )
        return np.array(images, self.dtype).reshape(*rows.shape, *self.shape[1:])

    def identity(self) -> bytes:
        """What the set's files hold, and what is made of it."""
        names = sorted(path.name for path in Path(self._folder).iterdir() if path.is_file())
        return content.digest(self._folder, names) + repr(self._how).encode()

    def _fitted(self, rows):
        out = []
        with _readable(self._folder):
            examples = self._source.__getitems__(rows)
        for example in examples:
            image = np.asarray(example[self._key])
            if image.dtype.name not in _RANGE_BITS:
                raise BadInput(f"tfds: {self._folder} has images of {image.dtype}: 8 or 16 bits are expected")
            out.append(fit((image >> _RANGE_BITS[image.dtype.name]).astype(np.uint8), self._how))
        return out


def write(dataset: Dataset, name: str, folder: str | Path | None = None) -> Path:
    """Path of a new set NAME/1.0.0 under `folder` (default `home()`): a Dataset's images as PNGs in array_record files.

    `load("tfds:NAME")` reads it back. Raises BadInput where it is already there, and for what a set cannot hold.
    """
    if not name.isidentifier() or name != name.lower():
        raise BadInput(f"{name!r} is no name of a set: give lower-case letters, digits and _")
    if "image" not in dataset or set(dataset.columns) - {"image", "label"}:
        raise BadInput(
            f"{dataset.name} has {', '.join(dataset.columns)}: a set that is written has image and label alone"
        )
    image, label, spec = dataset["image"], dataset.columns.get("label"), dataset.specs["image"]
    if spec.modality != "image" or image.dtype != np.uint8:
        raise BadInput(f"{dataset.name} has {image.dtype} samples of {spec.shape}: give uint8 images")
    root = Path(folder) if folder else home()
    if any((root / name).rglob("dataset_info.json")):  # a set that was not written to its end has none
        raise BadInput(f"{root / name} is already there: give another name")
    if len({*dataset.classes}) < len(dataset.classes):
        raise BadInput(f"{dataset.name} has two classes of one name, which a set cannot tell apart: rename one")
    tfds = _import()

    def features():
        kinds = {"image": tfds.features.Image(shape=spec.shape)}
        if label is not None and label.ndim == 1:
            kinds["label"] = tfds.features.ClassLabel(names=list(dataset.classes))
        elif label is not None:
            kinds["label"] = tfds.features.Tensor(shape=label.shape[1:], dtype=np.float32)
        return tfds.features.FeaturesDict(kinds)

    def info(self):
        return tfds.core.DatasetInfo(
            builder=self, description=f"Written by jaxgan from {dataset.name}.", features=features()
        )

    def examples():
        for i in range(len(image)):
            example = {"image": _png(image[i : i + 1][0])}
            if label is not None:
                example["label"] = label[i] if label.ndim == 2 else int(label[i])
            yield i, example

    members = {
        "VERSION": tfds.core.Version("1.0.0"),
        "name": name,
        "_info": info,
        "_split_generators": lambda self, downloads: {"train": examples()},
        "_generate_examples": lambda self: examples(),
    }
    builder, options = tfds.core.GeneratorBasedBuilder, {"skip_registration": True}
    kind = types.new_class(name, (builder,), options, lambda namespace: namespace.update(members))
    with contextlib.redirect_stdout(io.StringIO()):  # it speaks of a download, and nothing is downloaded
        kind(data_dir=str(root), file_format="array_record").download_and_prepare()
    return root / name / "1.0.0"


def _import():
    """tensorflow_datasets, without its progress bars and warnings."""
    import tensorflow_datasets as tfds

    logging.getLogger("absl").setLevel(logging.CRITICAL)
    tfds.disable_progress_bar()
    return tfds


def _version(name):
    """Folder of the newest prepared version of a set."""
    place = Path(name).expanduser() if name.startswith((".", "/", "~")) else home() / name
    found = (
        [place]
        if (place / "dataset_info.json").is_file()
        else sorted(
            (p.parent for p in place.glob("*/dataset_info.json")),
            key=lambda p: [int(n) for n in p.name.split(".") if n.isdigit()],
        )
    )
    if not found:
        raise BadInput(f"tfds:{name} is not prepared in {place}: {_prepare(name)}")
    return found[-1]


@contextlib.contextmanager
def _readable(folder):
    try:
        yield
    except Exception as error:  # whatever damaged files make it raise
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise BadInput(f"tfds: {folder} cannot be read ({reason}): prepare it again, or write it again") from error


def _prepare(name):
    return (
        "prepare it with: pip install 'jaxgan[tf]' && python -c \"import tensorflow_datasets as tfds; "
        f"tfds.builder('{name}', file_format='array_record').download_and_prepare()\""
    )


def _png(image):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG")
    file.seek(0)
    return file

"""A folder of idx files, gzipped or not: MNIST's format (http://yann.lecun.com/exdb/mnist), as Fashion-MNIST has it."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from jaxgan.data.dataset import Dataset, from_arrays, resized
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize

NAMES = ()
_NAMED = ("", ".gz", ".idx3-ubyte")  # suffixes: shot_idx3.png is a picture
WORDS = "a folder of idx files: MNIST's format"


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return Path(word).is_dir() and find(word) is not None


def held_out(word: str, how: Resize) -> Dataset | None:
    """Dataset of the t10k part, None where there is none. Raises BadInput as `load` does."""
    return load(word, how, part="t10k") if find(word, "t10k") else None


def find(folder: str | Path, part: str | None = None) -> tuple[Path, Path | None] | None:
    """(images, labels or None): paths of a part by its name, else of the training part if there is one, else of the first.

    None where there is no such part.
    """
    images = sorted(p for p in Path(folder).iterdir() if "idx3" in p.name and p.suffix in _NAMED and p.is_file())
    named = [p for p in images if p.name.startswith(part or "train")]
    images = named if part else named or images
    if not images:
        return None
    part = images[0].name.split("images")[0]
    labels = sorted(p for p in Path(folder).iterdir() if "idx1" in p.name and p.name.startswith(part + "labels"))
    return images[0], labels[0] if labels else None


def load(folder: str, how: Resize, memory: int = 0, part: str | None = None) -> Dataset:
    """Dataset of the part that `find` finds, brought to a Resize. Raises BadInput as `read` and `from_arrays` do."""
    del memory
    found = find(folder, part)
    if found is None:
        raise BadInput(f"{folder} has no idx files: give a folder that has")
    images, labels = found
    columns = {"image": read(images), "label": None if labels is None else read(labels)}
    return resized(from_arrays(str(folder), columns), how)


def read(path: Path) -> np.ndarray:
    """Array of one idx file of bytes. Raises BadInput where its header and its length contradict each other."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path} is damaged ({error}): copy it again") from error
    if len(raw) < 4 or raw[:3] != b"\0\0\x08":
        raise BadInput(f"{path} starts with {raw[:4].hex()}, an idx file of bytes with 000008: it is none, or damaged")
    if len(raw) < 4 + 4 * raw[3]:
        raise BadInput(f"{path} ends within its header: copy it again")
    shape = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
    body = np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3])
    if body.size != np.prod(shape, dtype=np.int64):
        raise BadInput(f"{path} says {shape} and has {body.size} bytes: it is damaged, copy it again")
    return body.reshape(shape)

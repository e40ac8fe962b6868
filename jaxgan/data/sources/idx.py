"""A folder of idx files, gzipped or not: MNIST's format (http://yann.lecun.com/exdb/mnist), as Fashion-MNIST has it."""

import gzip
import math
import struct
from pathlib import Path

import numpy as np

from jaxgan import reading
from jaxgan.data.dataset import Dataset, from_arrays, resized
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize

NAMES = ()
_PIECE = 2**20  # bytes
_NAMED = ("", ".gz", ".idx3-ubyte")  # suffixes: shot_idx3.png is a picture
WORDS = "a folder of idx files: MNIST's format"


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return Path(word).is_dir() and find(word) is not None


def held_out(word: str, how: Resize) -> Dataset | None:
    """Dataset of the part t10k or test, None where there is none besides that which is trained on. Raises as `load` does."""
    part = next((part for part in ("t10k", "test") if find(word, part) not in (None, find(word))), None)
    return load(word, how, part=part) if part else None


def find(folder: str | Path, part: str | None = None) -> tuple[Path, Path | None] | None:
    """(images, labels or None): paths of a part by what its name has, else of the training part if there is one, else of the
    first. None where there is no such part.
    """
    images = sorted(p for p in Path(folder).iterdir() if "idx3" in p.name and p.suffix in _NAMED and p.is_file())
    named = [p for p in images if (part or "train") in p.name]
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
        with reading.regular(path) as held, gzip.open(held) if path.suffix == ".gz" else held as file:
            start = file.read(4)
            if len(start) < 4 or start[:3] != b"\0\0\x08":
                raise BadInput(
                    f"{path} starts with {start.hex()}, an idx file of bytes with 000008: it is none, or damaged"
                )
            sizes = file.read(4 * start[3])
            if len(sizes) < 4 * start[3]:
                raise BadInput(f"{path} ends within its header: copy it again")
            shape = struct.unpack(f">{start[3]}I", sizes)
            wanted, there = math.prod(shape), path.stat().st_size
            if path.suffix == ".gz":
                reading.packed("it", there, wanted)
            elif wanted > there:
                raise BadInput(f"{path} says {shape} and has {there:,} bytes: it is damaged, copy it again")
            body, found = np.empty(wanted, np.uint8), 0
            while found < wanted and (piece := file.read(min(_PIECE, wanted - found))):
                body[found : found + len(piece)] = np.frombuffer(piece, np.uint8)
                found += len(piece)
            more = file.read(1)
    except reading.DAMAGED as error:
        raise BadInput(f"{path} is damaged ({error}): copy it again") from error
    if found < wanted or more:
        has = "more" if more else f"{found:,}"
        raise BadInput(f"{path} says {shape} and has {has} bytes: it is damaged, copy it again")
    return body.reshape(shape)

"""A NumPy archive of columns: `image` and perhaps `label`, `input`, `mask`, ...; or one array of images."""

from pathlib import Path

import numpy as np

from jaxgan import modalities, reading
from jaxgan.data.dataset import LABEL, Dataset, from_arrays, resized
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize

NAMES = ()
WORDS = "an .npz: image and perhaps label, input, mask; or an .npy of images"


def takes(word: str) -> bool:
    """Whether the word is this source's."""
    return Path(word).suffix.lower() in (".npz", ".npy")


def load(word: str, how: Resize, memory: int = 0) -> Dataset:
    """Dataset of the archive's arrays, brought to a Resize: `image` [N, H, W, C] or [N, H, W], or points [N, D]; `input` alike.

    An array that is named after another kind of sample is of that kind; `label` [N] of numbers or words, or [N, K], and names
    for numbers, `classes`. An .npy is an `image`.
    Raises BadInput for what is no such archive, and for arrays of other names.
    """
    del memory
    try:
        arrays = {name or "image": array for name, array in reading.arrays(word).items()}
    except reading.DAMAGED as error:
        raise BadInput(
            f"{word} cannot be read as a NumPy archive of plain arrays ({error}): write it with np.savez"
        ) from error
    classes = arrays.pop("classes", None)
    known = ["image", *(name for name in (*modalities.names(), "input") if name != "image")]
    samples = [name for name in known if name in arrays]
    if not samples or samples == ["input"]:
        raise BadInput(f"{word} has {', '.join(arrays) or 'no arrays'}, not `image`: name the images so")
    odd = sorted(arrays.keys() - {*known, LABEL})
    if odd:
        raise BadInput(
            f"{word} has {', '.join(odd)}, which are no columns: take them out, or name them {', '.join(known)}"
        )
    columns = {name: arrays[name] for name in (*samples, LABEL) if name in arrays}
    return resized(
        from_arrays(word, columns, None if classes is None else tuple(map(str, np.atleast_1d(classes).tolist()))), how
    )

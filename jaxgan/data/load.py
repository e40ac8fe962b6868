"""From a word or a path to a Dataset: the same words for training, checking and evaluation."""

import inspect
from pathlib import Path

from jaxgan.data import sources
from jaxgan.data.dataset import Dataset
from jaxgan.errors import BadInput, unknown
from jaxgan.modalities.resize import HOW, Resize

MOST_IN_MEMORY = 2**31  # bytes of images above which files are read when they are needed


def load(
    source: str,
    resolution: int | None = None,
    *,
    fit: str = "crop",
    channels: int = 0,
    aspect: float = 1.0,
    split: str = "",
    memory: int = MOST_IN_MEMORY,
) -> Dataset:
    """Dataset of a source: a name, a folder of images or of idx files, a zip, an .npz, a large picture, tfds:NAME.

    resolution: the height that images are brought to, as `fit` ("crop", "stretch" or "pad") says; their width is `aspect`
    times it. channels: 1, 3 or 4, or 0 for those that are found. split: which folder of train, val, test and the like, where
    there are such; by default train. Raises BadInput for what cannot be used.
    """
    if fit not in HOW:
        raise unknown("--fit", fit, HOW)
    if channels not in (0, 1, 3, 4):
        raise BadInput(f"--channels is {channels}: give 1 (grey), 3 (colour), 4 (with transparency) or 0 (as found)")
    if aspect <= 0 or (aspect != 1 and not resolution):
        raise BadInput(f"--aspect is {aspect}: give a width / height above 0, and --resolution for the height")
    module = _source(source)
    return module.load(
        source, Resize(resolution or None, fit, channels, aspect), memory, **_split(module.load, source, split)
    )


def held_out(
    source: str,
    resolution: int | None = None,
    *,
    fit: str = "crop",
    channels: int = 0,
    aspect: float = 1.0,
    split: str = "",
) -> Dataset | None:
    """Dataset of the samples that `load` leaves out of a source, None where it has none.

    The val or test folder beside train, the t10k part of a folder of idx files, the test split of tfds:NAME. Raises BadInput
    as `load` does.
    """
    module = _source(source)
    find = getattr(module, "held_out", None)
    how = Resize(resolution or None, fit, channels, aspect)
    return None if find is None else find(source, how, **_split(find, source, split))


def _split(call, source, split):
    """The keyword of a source's function that takes splits. Raises BadInput where it takes none."""
    if not split:
        return {}
    if "split" in inspect.signature(call).parameters:
        return {"split": split}
    raise BadInput(f"--split {split}, but {source} has no folders train, val or test: remove it")


def _source(word):
    """The module that takes a word. Raises BadInput where none does."""
    if not str(word):
        raise BadInput("the source is empty: give a name, a folder or a file")
    every = sources.modules()
    for source in every:
        if source.takes(word):
            return source
    path, kinds = Path(word), f"give {'; '.join(sources.words())}"
    if path.exists():
        raise BadInput(f"{word} is a single file of a kind that cannot be used: {kinds}")
    if path.name == word:  # it may have been meant as a name
        names = [name for source in every for name in source.NAMES]
        raise BadInput(f"{unknown('source', word, names)}; nor is there such a file or folder")
    raise BadInput(f"there is no {word}: {kinds}")

"""What lies beside another Dataset, such as what is held out of its source: of its channels, length, rate, symbols and labels."""

import contextlib
import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from jaxgan.data import films, sound_files
from jaxgan.data.dataset import LABEL, Dataset, Spec, class_numbers, renumbered
from jaxgan.data.listing import listing
from jaxgan.data.sources import files
from jaxgan.errors import BadInput
from jaxgan.modalities.resize import Resize

Read = Callable[[str, Resize], Dataset | None]
_KEPT = {
    "image": ("channels", "scale"),
    "video": ("channels", "length", "scale"),
    "audio": ("channels", "length", "rate"),
    "text": ("symbols",),
}
_SUFFIXES = {"image": files.SUFFIXES, "video": (*files.SUFFIXES, *films.MOVIES), "audio": sound_files.SUFFIXES}


def reader(read: Read, spec: Spec) -> Read:
    """Function (word, how) -> Dataset or None, with what nobody asked for as a Spec has it: channels, length, rate, scale, ..."""
    kept = _KEPT.get(spec.modality, ())
    shape = lambda spec: {"channels": spec.shape[-1], "length": spec.shape[0]}
    of = lambda spec: {**shape(spec), "rate": spec.rate, "symbols": spec.classes, "scale": spec.scale}

    def read_alike(word, how):
        wanted = how._replace(**{name: getattr(how, name) or of(spec)[name] for name in kept})
        try:
            made = read(word, how)
        except BadInput as error:  # sounds of several rates, say
            with contextlib.suppress(BadInput):
                return read(word, wanted)
            raise error from None
        own = None if made is None else made.specs[next(iter(made.columns))]
        if own is None or own.modality != spec.modality or all(of(own)[name] == of(spec)[name] for name in kept):
            return made
        return read(word, wanted)

    return read_alike


def labelled(made: Dataset, source: str, spec: Spec) -> Dataset:
    """The Dataset of a source with labels as a Spec has them; as it is where it has others besides, or another kind of them.

    Files that all lie in the folder of one class, which by itself is taken for one around everything, are of that class.
    """
    first = next(iter(made.columns))
    if LABEL not in made:
        only = [name for name in _around(source, made.part, made.specs[first].modality) if name in spec.classes]
        if not only or spec.examples:
            return made
        label, own = class_numbers(np.full(len(made[first]), spec.classes.index(only[0])), spec.classes)
        return dataclasses.replace(made, columns={**made.columns, LABEL: label}, specs={**made.specs, LABEL: own})
    if made.classes == spec.classes or bool(made.specs[LABEL].shape) != bool(spec.shape):  # numbers, and vectors
        return made
    with contextlib.suppress(KeyError, BadInput):
        return renumbered(made, spec.classes)
    return made


def _around(source, part, modality):
    """Names of the folders that each hold all files of a part of a folder or zip, from the outermost on."""
    path = Path(str(source).removeprefix("video:"))
    if not path.is_dir() and path.suffix.lower() != ".zip":
        return []
    names = [name for name in listing(path).names if name.lower().endswith(_SUFFIXES.get(modality, ()))]
    every = [PurePosixPath(name).parent.parts for name in names]
    levels = zip(*[folders for folders in every if not part or part in folders], strict=False)
    return [level[0] for level in itertools.takewhile(lambda level: len(set(level)) == 1, levels)]

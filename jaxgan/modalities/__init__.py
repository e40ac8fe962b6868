"""One kind of sample a file. A module here is a modality, found by its name; nobody else decides what a sample is.

ONE: what one sample is called. EACH: how many samples are drawn in one picture, None where each has its own place in a grid.
SUFFIX: of the file that holds one sample, "" where none does. FEATURES: the feature network by
    default: "classifier", "" for none, any other name for the values themselves.
FORMS: numbers of axes of an array of samples that are taken for this kind where nobody says it, () where it has to be said.
AXES: numbers of axes that one sample may have.
check(name, samples) -> samples as a data set holds them. Raises BadInput for what cannot be meant.
resize(samples, how) -> samples brought to a `Resize`. Raises BadInput where that has no meaning.
to_step(x) -> x as a step takes it, from a file's numbers; to_file(x) -> what a file holds, from the step's: NumPy or JAX.
mirror(x): samples [..., *shape] seen in a mirror; absent where there is no such thing.
describe(shape) -> words. write(path, sample): one file.
sample_grid(path, samples, columns, titles=(), real=None), draw(ax, samples, columns, real=None): a picture of many, as a file and
    on Matplotlib's axes; `samples` as a file holds them.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Any

from jaxgan.errors import unknown

_TOOLS = {"canvas", "resize"}  # what modalities are made with


def names() -> list[str]:
    """Names of all modalities."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _TOOLS)


def taken_for(samples: Any) -> str:
    """Name of the modality that an array of samples is taken for where nobody says what they are."""
    return next((name for name in names() if samples.ndim in get(name).FORMS), "image")


def get(name: str) -> ModuleType:
    """The modality's module. Raises BadInput, with the nearest names, where there is none."""
    if name not in names():
        raise unknown("kind of sample", name, names())
    return importlib.import_module(f"{__name__}.{name}")

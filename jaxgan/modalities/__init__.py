"""One kind of sample a file. A module here is a modality, found by its name; nobody else decides what a sample is.

ONE: what one sample is called. EACH: how many samples are drawn in one picture, None where each has its own place in a grid.
SUFFIX: of the file that holds one sample, "" where none does. FEATURES: the feature network by
    default: "classifier", "" for none, any other name for the values themselves.
FORMS: numbers of axes of an array of samples that are taken for this kind where nobody says it, () where it has to be said.
AXES: numbers of axes that one sample may have.
check(name, samples) -> samples as a data set holds them. Raises BadInput for what cannot be meant.
resize(samples, how) -> samples brought to a `Resize`. Raises BadInput where that has no meaning.
to_step(x) -> x as a step takes it, from a file's numbers; to_file(x) -> what a file holds, from the step's: NumPy or JAX.
to_scale(x) -> what metrics look at in place of to_file(x) where nothing may be rounded away; absent where a sample is
    made of names.
mirror(x): samples [..., *shape] seen in a mirror; absent where there is no such thing.
describe(shape) -> words. write(path, sample): one file.
TIMED: names of the functions that take `rate=0`, how many of a sample's parts are a second; absent where there is no time.
NAMED: names of those that take `classes=()`, what the numbers in a sample are called; absent where they need not know.
renumber(samples, own, wanted) -> samples [N, ...] in the numbers of other names, beside NAMED. Raises BadInput where it cannot.
PLAYED, play(path, samples): suffix of, and writes, a file in which samples are heard or move; absent where nothing does.
    PLAYING: how many are enough beside a sheet; absent for all.
ROWS: of the sheets that a training draws; absent for 8. IMAGES: there, where a sample is a row of images [T, H, W, C], which
    metrics look at one by one.
features(samples) -> [N, D]: what metrics look at where FEATURES is a name of the kind's own; absent where these are the values.
sample_grid(path, samples, columns, titles=(), real=None), draw(ax, samples, columns, real=None): a picture of many, as a file and
    on Matplotlib's axes; `samples` as a file holds them.
"""

import importlib
import pkgutil
from functools import cache, partial
from types import ModuleType
from typing import Any

from jaxgan.errors import unknown

_TOOLS = {"canvas", "depths", "font", "resize", "scale", "spectrogram"}  # what modalities are made with


def names() -> list[str]:
    """Names of all modalities."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _TOOLS)


@cache
def knowing(name: str, rate: float = 0.0, classes: tuple[str, ...] = ()) -> ModuleType:
    """The modality's module, whose functions know what a Spec says, where that means something to it.

    rate: how many of a sample's parts are a second. classes: what the numbers in a sample are called.
    """
    module = get(name)
    told = {"rate": (rate, getattr(module, "TIMED", ())), "classes": (classes, getattr(module, "NAMED", ()))}
    bound = {
        part: partial(getattr(module, part), **{key: x}) for key, (x, parts) in told.items() if x for part in parts
    }
    if not bound:
        return module
    found = ModuleType(module.__name__, module.__doc__)
    found.__dict__.update({**vars(module), **bound})
    return found


def taken_for(samples: Any) -> str:
    """Name of the modality that an array of samples is taken for where nobody says what they are."""
    return next((name for name in names() if samples.ndim in get(name).FORMS), "image")


def get(name: str) -> ModuleType:
    """The modality's module. Raises BadInput, with the nearest names, where there is none."""
    if name not in names():
        raise unknown("kind of sample", name, names())
    return importlib.import_module(f"{__name__}.{name}")

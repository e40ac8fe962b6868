"""From a word or a path to a Dataset: the same words for training, checking and evaluation."""

from pathlib import Path

from jaxgan.data.sources import files, idx, npz, tfds
from jaxgan.data.sources.crops import crops, textures
from jaxgan.data.sources.digits import digits
from jaxgan.data.sources.points import grid, ring, swissroll
from jaxgan.data.sources.stacked import stacked
from jaxgan.errors import BadInput, unknown
from jaxgan.modalities.resize import HOW, Fit, fit_all, read

NAMED = {"digits": digits, "ring": ring, "grid": grid, "swissroll": swissroll}
MEMORY = 2**31  # bytes of images above which files are read when they are needed
_KINDS = (
    "give a folder of images or idx files, a .zip of images, an .npz, a large picture, tfds:NAME, stacked_mnist:FOLDER, "
    f"textures, {', '.join(NAMED)}"
)


def load(source, resolution=None, *, fit="crop", channels=0, aspect=1.0, memory=MEMORY):
    """Dataset of a source: a name, a folder of images or of idx files, a zip, an .npz, a large picture, tfds:NAME.

    resolution: the height that images are brought to, as `fit` ("crop", "stretch" or "pad") says; their width is `aspect`
    times it. channels: 1, 3 or 4, or 0 for those that are found. Raises BadInput for what cannot be used.
    """
    if fit not in HOW:
        raise unknown("--fit", fit, HOW)
    if channels not in (0, 1, 3, 4):
        raise BadInput(f"--channels is {channels}: give 1 (grey), 3 (colour), 4 (with transparency) or 0 (as found)")
    if aspect <= 0 or (aspect != 1 and not resolution):
        raise BadInput(f"--aspect is {aspect}: give a width / height above 0, and --resolution for the height")
    how, path = Fit(resolution or None, fit, channels, aspect), Path(source)
    kind, _, rest = source.partition(":")
    if source in NAMED:
        return fit_all(NAMED[source](), how)
    if source == "textures":
        return textures(how)
    if source == "stacked_mnist":
        raise BadInput("stacked_mnist is made of MNIST's idx files: give their folder, as stacked_mnist:FOLDER")
    if kind == "stacked_mnist":
        return stacked(rest, how)
    if kind == "tfds":
        return tfds.load(rest, how, memory)
    if not path.exists():
        if path.name == source:  # it may have been meant as a name
            raise BadInput(f"{unknown('source', source, [*NAMED, 'textures'])}; nor is there such a file or folder")
        raise BadInput(f"there is no {source}: {_KINDS}")
    if path.is_dir() and idx.find(path):
        return idx.load(path, how)
    if path.is_dir() or path.suffix == ".zip":
        return files.load(path, how, memory)
    if path.suffix == ".npz":
        return fit_all(npz.load(path), how)
    if path.suffix.lower() in files.SUFFIXES:
        return _picture(path, how)
    raise BadInput(f"{source} is a single file of a kind that cannot be used: {_KINDS}")


def held_out(source, resolution=None, *, fit="crop", channels=0, aspect=1.0):
    """Dataset of the samples that `load` leaves out of a source, None where it has none.

    The t10k part of a folder of idx files, the test split of tfds:NAME. Raises BadInput as `load` does.
    """
    how = Fit(resolution or None, fit, channels, aspect)
    kind, _, rest = source.partition(":")
    if kind == "tfds":
        return tfds.load(rest, how, MEMORY, split="test")
    if Path(source).is_dir() and idx.find(source, "t10k"):
        return idx.load(source, how, "t10k")
    return None


def _picture(path, how):
    try:
        with path.open("rb") as file:
            return crops(str(path), [read(file, how.channels)], how)
    except files.DAMAGED as error:
        raise BadInput(f"{path} is damaged ({error}): copy it again") from error

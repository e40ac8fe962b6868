"""From a word or a path to a Dataset: the same words for training, checking and evaluation."""

from pathlib import Path

from jaxgan.data import folder, idx, npz
from jaxgan.data.dataset import resize
from jaxgan.data.digits import digits
from jaxgan.data.points import grid, ring, swissroll
from jaxgan.errors import BadInput, unknown

NAMED = {"digits": digits, "ring": ring, "grid": grid, "swissroll": swissroll}


def load(source, resolution=None):
    """Dataset of a source: a name of NAMED, a folder of images or of idx files, or an .npz.

    resolution: images are cut to their centred square and resampled to it. Raises BadInput for what cannot be used.
    """
    path = Path(source)
    if source in NAMED:
        dataset = NAMED[source]()
    elif not path.exists():
        if path.name == source:  # it may have been meant as a name
            raise BadInput(f"{unknown('source', source, NAMED)}; nor is there such a file or folder")
        raise BadInput(f"there is no {source}: give a folder of images or idx files, an .npz, or {', '.join(NAMED)}")
    elif path.is_dir():
        dataset = idx.load(path) if idx.find(path) else folder.load(path, resolution)
    elif path.suffix == ".npz":
        dataset = npz.load(path)
    else:
        raise BadInput(
            f"{source} is a single file: give a folder of images or idx files, an .npz, or {', '.join(NAMED)}"
        )
    return dataset if resolution is None else resize(dataset, resolution)

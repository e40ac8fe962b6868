"""A NumPy archive with `image` and perhaps `label`."""

import zipfile
import zlib

import numpy as np

from jaxgan.data.dataset import from_arrays
from jaxgan.errors import BadInput


def load(path):
    """Dataset of the archive's `image` [N, H, W, C] or [N, H, W], `label` [N] and names `classes`."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files if name in ("image", "label", "classes")}
            names = archive.files
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(
            f"{path} cannot be read as a NumPy archive of plain arrays ({error}): write it with np.savez"
        ) from error
    if "image" not in arrays:
        raise BadInput(f"{path} has {', '.join(names) or 'no arrays'}, not `image`: name the images so")
    classes = arrays.get("classes")
    return from_arrays(str(path), arrays["image"], arrays.get("label"), None if classes is None else classes.tolist())

"""Checkpoints of other libraries, once made archives that ours are loaded from."""

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np

from jaxgan.errors import BadInput
from jaxgan.metrics.features import inception, torch_file, weights

_TURNED = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}  # PyTorch's [out, in, height, width] to [height, width, in, out]


def inception_of_torch(checkpoint: str | os.PathLike[str], out: str | os.PathLike[str]) -> str:
    """Writes the archive that inception.load reads from a PyTorch checkpoint of FID's Inception; SHA-256 of the source.

    The public one is pt_inception-2015-12-05-6726825d.pth; the archive says from which it was made (`source_sha256`).
    Raises BadInput for a checkpoint that cannot be read or is of another network, and where `out` exists: nothing is
    overwritten, and a conversion that fails leaves nothing behind.
    """
    out = Path(out)
    if out.exists():
        raise BadInput(f"{out} exists, and nothing is overwritten: give another path, or remove it")
    found = torch_file.read(checkpoint)
    shapes = inception.shapes()
    arrays = {}
    for name, x in found.items():
        if not name.endswith(".num_batches_tracked"):  # of training only
            arrays[name] = x.transpose(_TURNED.get(x.ndim, range(x.ndim)))
    weights.check(checkpoint, arrays, shapes)
    with open(checkpoint, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    part = out.with_name(out.name + ".part")
    try:
        with open(part, "wb") as file:
            np.savez(file, source_sha256=digest, **{name: np.ascontiguousarray(x) for name, x in arrays.items()})
        os.replace(part, out)
    except OSError as error:
        raise BadInput(f"{out} cannot be written ({error.strerror}): free space or give another path") from error
    finally:
        with contextlib.suppress(OSError):  # it is there only where something went wrong
            part.unlink()
    return digest

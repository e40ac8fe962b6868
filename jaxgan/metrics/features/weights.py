"""What networks of other people share: their weights from a file, and the images that they are shown."""

import os

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan import reading
from jaxgan.errors import BadInput


def read(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """{name: array} of a NumPy archive. Raises BadInput where it is none, or holds other than plain arrays."""
    try:
        return reading.arrays(os.fspath(path))
    except reading.DAMAGED as error:
        raise BadInput(
            f"{path} cannot be read as a NumPy archive of weights ({error}): convert or copy it anew"
        ) from error


def check(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]) -> None:
    """Raises BadInput unless `arrays` are float32 of exactly these names and shapes, naming what is not."""
    missing, more = sorted(set(shapes) - set(arrays)), sorted(set(arrays) - set(shapes))
    if missing:
        raise BadInput(
            f"{path} lacks {_some(missing)}: it holds {_some(sorted(arrays)) or 'nothing'}, take another file"
        )
    if more:
        raise BadInput(f"{path} holds {_some(more)}, which this network has not: take the weights of this network")
    for name, shape in shapes.items():
        found = arrays[name]
        if found.shape != shape or found.dtype != np.float32:
            raise BadInput(
                f"{path}: {name} is {found.dtype} {list(found.shape)}, not float32 {list(shape)}: "
                "take the weights of this network"
            )


def rgb(images: ArrayLike) -> jax.Array:
    """Images uint8 [B, H, W, 3] of [B, H, W, 1 or 3]: grey is repeated. Raises BadInput for other shapes and types."""
    shape, dtype = jnp.shape(images), jnp.result_type(images)
    if len(shape) != 4 or shape[-1] not in (1, 3) or dtype != jnp.uint8:
        raise BadInput(
            f"images are {dtype} {list(shape)}, not uint8 [B, H, W, 1 or 3]: this network sees grey and colour images only"
        )
    return jnp.broadcast_to(images, (*shape[:-1], 3))


def _some(names):
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

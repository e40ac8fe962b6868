"""How numbers of a file become numbers of a step, by their dtype: one table, whatever a sample is."""

import jax.numpy as jnp

from jaxgan.errors import BadInput
from jaxgan.sharing import Array, Batch

HALF = 127.5  # half of what a uint8 spans: what 1 in a step is above its middle
WAVE = 2**15  # number in a file of sounds that is 1 in a step
SCALED = {"uint8": lambda x: x / HALF - 1, "int16": lambda x: x / WAVE}
"""Dtypes of samples that a step takes in [-1, 1], and how."""
_AS_THEY_ARE = ("mask", "label", "index")  # columns of numbers that are names


def to_step(x: Array) -> Array:
    """[-1, 1] of uint8, as images are, and of int16, as sounds are; others as they are."""
    scale = SCALED.get(jnp.dtype(x.dtype).name)
    return x if scale is None else scale(x)


def batch_to_step(batch: Batch) -> Batch:
    """The batch with its columns as a step takes them, but for "mask", "label", "index", and columns [B] of one number each."""
    return {name: x if name in _AS_THEY_ARE or x.ndim < 2 else to_step(x) for name, x in batch.items()}


def check_scaled(name: str, x: Array, kinds: str) -> None:
    """Raises BadInput for pictures, clips, sounds [B, ..., C] that are still of one of these kinds: their range is not known."""
    if name not in _AS_THEY_ARE and x.ndim > 2 and x.dtype.kind in kinds:
        raise BadInput(f"{name} is {x.dtype}{list(x.shape)}: give {' or '.join(SCALED)}, or floats in [-1, 1]")

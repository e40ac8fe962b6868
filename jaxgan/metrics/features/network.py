"""What every feature network is: a name, weights, a pure function."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan.errors import BadInput

_CONVERSIONS = (jax.errors.TracerArrayConversionError, jax.errors.TracerIntegerConversionError)


class FeatureOutput(NamedTuple):
    """What a feature network returns for images."""

    features: Any  # float32 [B, D]
    logits: Any = None  # float32 [B, K], where it is a classifier


class FeatureNet(NamedTuple):
    """A network that metrics look through.

    Images are uint8, as a file would hold them: what a generator gives is rounded first, as everybody's is. Only the path
    length, of images that differ by less than that, gives float32 in 0 .. 255, which SqueezeNet and Inception refuse.
    """

    name: str  # as protocols say it: inception-tf, classifier-digits
    variables: Any  # its weights, a tree of arrays
    apply: Callable  # (variables, images uint8 [B, H, W, C], or points float32 [B, D]) -> FeatureOutput
    fixed: bool = (
        True  # whether name and weights say all, so that what it saw can be kept; a user's function may change
    )

    @property
    def sha256(self) -> str:
        """Hex digest over the weights."""
        digest = hashlib.sha256()
        for path, leaf in jax.tree_util.tree_leaves_with_path(self.variables):
            leaf = np.ascontiguousarray(leaf)
            digest.update(f"{jax.tree_util.keystr(path)}{leaf.dtype}{leaf.shape}".encode())
            digest.update(leaf.reshape(-1).view(np.uint8))
        return digest.hexdigest()


def from_function(function: Callable[[jax.Array], jax.Array], name: str) -> FeatureNet:
    """FeatureNet of a user's own function: images uint8 [B, H, W, C] -> features [B, D], traceable by JAX.

    It raises BadInput where it is called with a function that asks for the values of what is traced, as NumPy's do.
    """

    def apply(variables, images):
        try:
            return FeatureOutput(function(images))
        except (jax.errors.ConcretizationTypeError, *_CONVERSIONS) as error:
            raise BadInput(
                f"JAX cannot trace {name} ({type(error).__name__}): write it with jax.numpy, or call it within jax.pure_callback"
            ) from error

    return FeatureNet(name, {}, apply, fixed=False)

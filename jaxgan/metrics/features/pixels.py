"""What needs no network: pixels, and the coordinates of points."""

import jax
import jax.numpy as jnp

from jaxgan.metrics.features.network import FeatureNet, FeatureOutput

LARGEST = 32  # pixels of the longer side: 3,072 dimensions in colour


def pixels() -> FeatureNet:
    """FeatureNet of an image's values in [0, 1], averaged down to at most 32 pixels on the longer side; points as they are."""

    def apply(variables, images):
        if images.ndim == 4:
            height, width = images.shape[1:3]
            scale = min(1, LARGEST / max(height, width))
            size = (len(images), max(1, round(height * scale)), max(1, round(width * scale)), images.shape[-1])
            images = jax.image.resize(images.astype(jnp.float32) / 255, size, "linear")
        return FeatureOutput(images.reshape(len(images), -1).astype(jnp.float32))

    return FeatureNet("pixels", {}, apply)

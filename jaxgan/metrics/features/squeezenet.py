"""SqueezeNet 1.0, a classifier of ImageNet in 5 MB. Iandola et al. 2016, arXiv:1602.07360, table 1."""

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxgan.metrics.features import weights
from jaxgan.metrics.features.network import FeatureNet, FeatureOutput

if TYPE_CHECKING:
    import os

_SIZE = 227
_BLUE_GREEN_RED = (104.0, 117.0, 123.0)  # the mean colour of ImageNet, which Caffe's networks are shown less
_FIRE = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128), 6: (48, 192), 7: (48, 192), 8: (64, 256), 9: (64, 256)}
_POOLED = (4, 8)  # max pooling follows; at 227 pixels (111, 55, 27, 13) Caffe's ceil mode and VALID are the same


def load(path: "str | os.PathLike[str]") -> FeatureNet:
    """FeatureNet squeezenet of an archive with kernels [out, in, height, width] and biases: conv1.weight, fire2.conv1x1_1.

    Raises BadInput for an archive that cannot be read, missing or other names, shapes and types.
    """
    arrays = weights.read(path)
    weights.check(path, arrays, shapes())
    return FeatureNet("squeezenet", jax.device_put(arrays), apply)


def shapes() -> dict[str, tuple[int, ...]]:
    """{name: shape} of the weights: kernels [out, in, height, width]."""
    found = {"conv1": (96, 3, 7, 7)}
    channels = 96
    for i, (squeeze, expand) in _FIRE.items():
        found[f"fire{i}.conv1x1_1"] = (squeeze, channels, 1, 1)
        found[f"fire{i}.conv1x1_2"] = (expand, squeeze, 1, 1)
        found[f"fire{i}.conv3x3_2"] = (expand, squeeze, 3, 3)
        channels = 2 * expand
    found["conv_final"] = (1000, channels, 1, 1)
    return {f"{k}.{end}": s for k, v in found.items() for end, s in (("weight", v), ("bias", v[:1]))}


def apply(variables: dict[str, jax.Array], images: ArrayLike) -> FeatureOutput:
    """FeatureOutput of images uint8 [B, H, W, 1 or 3]: features [B, 512], fire9's mean over space, and logits [B, 1000].

    Images are brought to 227 x 227 bilinearly, with half-pixel centres and no filter against aliasing (large images
    should be made smaller before). Logits are not negative: a ReLU precedes their mean. Raises BadInput for others.
    """
    return _graph(variables, weights.rgb(images))


@jax.jit
def _graph(variables, images):
    x = images[..., ::-1].astype(jnp.float32)
    x = jax.image.resize(x, (len(x), _SIZE, _SIZE, 3), "bilinear", antialias=False)
    conv = lambda x, name, **how: _convolve(variables, x, name, **how)
    x = _max(conv(x - jnp.asarray(_BLUE_GREEN_RED)[None, None, None], "conv1", stride=2, padding="VALID"))
    for i in _FIRE:
        x = conv(x, f"fire{i}.conv1x1_1")
        x = jnp.concatenate([conv(x, f"fire{i}.conv1x1_2"), conv(x, f"fire{i}.conv3x3_2")], axis=-1)
        x = _max(x) if i in _POOLED else x
    return FeatureOutput(jnp.mean(x, axis=(1, 2)), jnp.mean(conv(x, "conv_final"), axis=(1, 2)))


def _convolve(variables, x, name, stride=1, padding="SAME"):
    order, strides = ("NHWC", "OIHW", "NHWC"), (stride, stride)
    kernel = variables[f"{name}.weight"]
    x = lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=order, precision=lax.Precision.HIGHEST)
    return jax.nn.relu(x + variables[f"{name}.bias"][None, None, None])


def _max(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")

"""SqueezeNet 1.0, a classifier of ImageNet in 5 MB. Iandola et al. 2016, arXiv:1602.07360, table 1."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxgan import layers
from jaxgan.errors import BadInput, unknown
from jaxgan.metrics.features import weights
from jaxgan.metrics.features.network import FeatureNet, FeatureOutput
from jaxgan.modalities import image

if TYPE_CHECKING:
    import os

_SIZE = 227
_BLUE_GREEN_RED = (104.0, 117.0, 123.0)  # the mean colour of ImageNet, which Caffe's networks are shown less
_FIRE = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128), 6: (48, 192), 7: (48, 192), 8: (64, 256), 9: (64, 256)}
_LAYERS = ("conv1", *(f"fire{i}" for i in _FIRE))
_POOLED = (1, 4, 8)  # max pooling follows behind these, conv1 being the first
_LEAST, _STEP = 35, 16  # sizes 35, 51, .. 227 .. where Caffe's ceil mode and VALID are the same, and every window fits


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


def taps(
    variables: dict[str, jax.Array],
    x: jax.Array,
    names: Sequence[str] = ("fire2", "fire4", "fire8"),
    relu: bool = False,
) -> dict[str, jax.Array]:
    """{name: activations float32 [B, H', W', C']} of floats [B, H, W, 1 or 3] in [-1, 1], for `losses.perceptual`.

    names: of "conv1", at half the size, "fire2" to "fire4" at a quarter, "fire5" to "fire8" at an eighth, "fire9" at a sixteenth.
    relu: behind the ReLU, or (Wang et al. 2018, arXiv:1809.00219, section 3.2) before it. Images keep their size. They are
    continued by their last pixels up to 16 n + 19, n > 0 (64 to 67, as 227 is), where each window fits and all is seen.
    Activations are as large as 0 .. 255 makes them, some 100 (fire9) to 1,000 (fire3): weigh them by as much less.
    Differentiable in x, also where it leaves the range. Raises BadInput for unknown names, other shapes and whole numbers.
    """
    for name in names:
        if name not in _LAYERS:
            raise unknown("activation of squeezenet", name, _LAYERS)
    if x.ndim != 4 or x.shape[-1] not in (1, 3) or not jnp.issubdtype(x.dtype, jnp.floating):
        raise BadInput(f"images are {x.dtype}{list(x.shape)}: give floats [B, H, W, 1 or 3] in [-1, 1]")
    middle = image.to_scale(jnp.zeros((), x.dtype))  # not to_scale of x, which cuts it off, and its gradient
    x = middle * (1 + jnp.broadcast_to(x.astype(jnp.float32), (*x.shape[:-1], 3)))
    missing = [max(_LEAST - n, (_LEAST - n) % _STEP) for n in x.shape[1:3]]
    x = jnp.pad(x, ((0, 0), *((n // 2, n - n // 2) for n in missing), (0, 0)), mode="edge")
    found: dict[str, jax.Array] = {}
    for name, before in _layers(variables, x, _fast):
        if name in names:
            found[name] = jax.nn.relu(before) if relu else before
        if len(found) == len(set(names)):
            break
    return found


@jax.jit
def _graph(variables, images):
    x = jax.image.resize(images.astype(jnp.float32), (len(images), _SIZE, _SIZE, 3), "bilinear", antialias=False)
    for _, before in _layers(variables, x, _convolve):
        x = jax.nn.relu(before)
    return FeatureOutput(
        jnp.mean(x, axis=(1, 2)), jnp.mean(jax.nn.relu(_convolve(variables, x, "conv_final")), axis=(1, 2))
    )


def _layers(variables, x, convolve) -> Iterator[tuple[str, jax.Array]]:
    """(name, what is before the ReLU) of each layer, for float32 [B, H, W, 3] in 0 .. 255, as far as they are asked for."""
    conv = lambda x, name, **how: convolve(variables, x, name, **how)
    x = conv(x[..., ::-1] - jnp.asarray(_BLUE_GREEN_RED)[None, None, None], "conv1", stride=2, padding="VALID")
    yield "conv1", x
    for i in _FIRE:
        x = jax.nn.relu(x)
        x = _max(x) if i - 1 in _POOLED else x
        x = jax.nn.relu(conv(x, f"fire{i}.conv1x1_1"))
        x = jnp.concatenate([conv(x, f"fire{i}.conv1x1_2"), conv(x, f"fire{i}.conv3x3_2")], axis=-1)
        yield f"fire{i}", x


def _convolve(variables, x, name, stride=1, padding="SAME"):
    order, strides = ("NHWC", "OIHW", "NHWC"), (stride, stride)
    kernel = variables[f"{name}.weight"]
    x = lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=order, precision=lax.Precision.HIGHEST)
    return x + variables[f"{name}.bias"][None, None, None]


def _fast(variables, x, name, stride=1, padding="SAME"):
    """As `_convolve`, by the convolutions whose gradients are fast."""
    x = layers.conv(x, variables[f"{name}.weight"].transpose(2, 3, 1, 0), stride=stride, padding=padding)
    return x + variables[f"{name}.bias"][None, None, None]


def _max(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")

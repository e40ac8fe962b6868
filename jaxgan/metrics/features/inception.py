"""Inception v3 as FID knows it: the TensorFlow graph of 2015-12-05, the network behind published FID numbers.

Szegedy et al. 2015, arXiv:1512.00567; FID: Heusel et al. 2017, arXiv:1706.08500. It differs from the paper's network:
1008 logits, average pooling that does not count its padding, and max pooling in the last block, Mixed_7c.
"""

import functools
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from jaxgan.metrics.features import weights
from jaxgan.metrics.features.network import FeatureNet, FeatureOutput
from jaxgan.sharing import Array

if TYPE_CHECKING:
    import os

SOURCE = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"  # SHA-256 of the public checkpoint
_SIZE, _LOGITS, _EPSILON = 299, 1008, 1e-3
_HIGHEST = lax.Precision.HIGHEST


class _Conv(NamedTuple):
    """Convolution, batch norm, ReLU."""

    name: str
    channels: int
    kernel: tuple = (1, 1)
    stride: int = 1
    padding: str = "SAME"


class _Fork(NamedTuple):
    """Chains of steps that see the same input; their outputs are put together, first chain first."""

    name: str
    chains: list


_MEAN, _MAX, _HALVE = "mean 3x3", "max 3x3", "max 3x3, stride 2"


def _a(pool):
    double = [_Conv("branch3x3dbl_1", 64), _Conv("branch3x3dbl_2", 96, (3, 3)), _Conv("branch3x3dbl_3", 96, (3, 3))]
    five = [_Conv("branch5x5_1", 48), _Conv("branch5x5_2", 64, (5, 5))]
    return [[_Conv("branch1x1", 64)], five, double, [_MEAN, _Conv("branch_pool", pool)]]


def _b():
    double = [_Conv("branch3x3dbl_1", 64), _Conv("branch3x3dbl_2", 96, (3, 3))]
    double = [*double, _Conv("branch3x3dbl_3", 96, (3, 3), 2, "VALID")]
    return [[_Conv("branch3x3", 384, (3, 3), 2, "VALID")], double, [_HALVE]]


def _c(inner):
    once, twice = [_Conv("branch7x7_1", inner)], [_Conv("branch7x7dbl_1", inner)]
    once += [_Conv("branch7x7_2", inner, (1, 7)), _Conv("branch7x7_3", 192, (7, 1))]
    twice += [_Conv("branch7x7dbl_2", inner, (7, 1)), _Conv("branch7x7dbl_3", inner, (1, 7))]
    twice += [_Conv("branch7x7dbl_4", inner, (7, 1)), _Conv("branch7x7dbl_5", 192, (1, 7))]
    return [[_Conv("branch1x1", 192)], once, twice, [_MEAN, _Conv("branch_pool", 192)]]


def _d():
    seven = [_Conv("branch7x7x3_1", 192), _Conv("branch7x7x3_2", 192, (1, 7)), _Conv("branch7x7x3_3", 192, (7, 1))]
    seven = [*seven, _Conv("branch7x7x3_4", 192, (3, 3), 2, "VALID")]
    return [[_Conv("branch3x3_1", 192), _Conv("branch3x3_2", 320, (3, 3), 2, "VALID")], seven, [_HALVE]]


def _e(pool):
    split = lambda name: _Fork("", [[_Conv(f"{name}a", 384, (1, 3))], [_Conv(f"{name}b", 384, (3, 1))]])
    double = [_Conv("branch3x3dbl_1", 448), _Conv("branch3x3dbl_2", 384, (3, 3)), split("branch3x3dbl_3")]
    once = [_Conv("branch3x3_1", 384), split("branch3x3_2")]
    return [[_Conv("branch1x1", 320)], once, double, [pool, _Conv("branch_pool", 192)]]


_GRAPH = [  # a number is a tap: that many channels, whose mean over space is kept
    _Conv("Conv2d_1a_3x3", 32, (3, 3), 2, "VALID"),
    _Conv("Conv2d_2a_3x3", 32, (3, 3), 1, "VALID"),
    _Conv("Conv2d_2b_3x3", 64, (3, 3)),
    _HALVE,
    64,
    _Conv("Conv2d_3b_1x1", 80),
    _Conv("Conv2d_4a_3x3", 192, (3, 3), 1, "VALID"),
    _HALVE,
    192,
    *(_Fork(f"Mixed_{n}.", c) for n, c in {"5b": _a(32), "5c": _a(64), "5d": _a(64), "6a": _b()}.items()),
    *(_Fork(f"Mixed_{n}.", c) for n, c in {"6b": _c(128), "6c": _c(160), "6d": _c(160), "6e": _c(192)}.items()),
    768,
    *(_Fork(f"Mixed_{n}.", c) for n, c in {"7a": _d(), "7b": _e(_MEAN), "7c": _e(_MAX)}.items()),
    2048,
]


def load(path: "str | os.PathLike[str]") -> FeatureNet:
    """FeatureNet of an archive that scripts/convert_inception.py wrote.

    Its name is inception-tf where the archive says that it was made from the public checkpoint
    pt_inception-2015-12-05-6726825d.pth, and inception- with the first 8 hex digits of the hash over the weights
    otherwise. The archive's word (`source_sha256`) is a note of where it came from, not a proof: anybody can write it,
    and the weights are not compared with the checkpoint's. To be sure, convert the checkpoint oneself, or compare the
    net's `sha256`, which is over the weights themselves. Raises BadInput for an archive that cannot be read, missing or
    other names, shapes and types.
    """
    arrays = weights.read(path)
    source = str(arrays.pop("source_sha256", ""))
    weights.check(path, arrays, shapes())
    net = FeatureNet("inception-tf", jax.device_put(arrays), apply)
    return net if source == SOURCE else net._replace(name=f"inception-{net.sha256[:8]}")


def apply(variables: dict[str, jax.Array], images: ArrayLike) -> FeatureOutput:
    """FeatureOutput of images uint8 [B, H, W, 1 or 3]: features [B, 2048], logits [B, 1008].

    The logits are without bias, as scores use them. Raises BadInput for other images.
    """
    found = taps(variables, images)
    return FeatureOutput(found["2048"], found["logits_unbiased"])


def taps(variables: dict[str, jax.Array], images: ArrayLike) -> dict[str, jax.Array]:
    """{"64", "192", "768", "2048": float32 [B, that many], means over space; "logits_unbiased", "logits": [B, 1008]}.

    Images are uint8 [B, H, W, 1 or 3] of any size. Raises BadInput for others.
    """
    return _graph(variables, resize(weights.rgb(images)))


def resize(images: Array, size: int = _SIZE) -> jax.Array:
    """float32 [B, size, size, C] of images [B, H, W, C]: bilinear as TensorFlow 1 has it.

    Output i reads from i * input / output, with no half-pixel centres and no filter against aliasing.
    """
    for axis in (2, 1):
        source = np.arange(size, dtype=np.float32) * np.float32(images.shape[axis] / size)
        low = source.astype(np.int32)
        part = np.expand_dims(source - low, tuple(i for i in range(4) if i != axis))
        high = np.minimum(low + 1, images.shape[axis] - 1)
        first, second = (jnp.take(images, i, axis=axis).astype(jnp.float32) for i in (low, high))
        images = first + (second - first) * part
    return images


@functools.cache
def shapes() -> dict[str, tuple[int, ...]]:
    """{name: shape} of the weights: kernels [height, width, in, out], the names of the checkpoint."""
    found = {}

    def look_up(name, shape):
        found[name] = tuple(shape)
        return jnp.zeros(shape)

    jax.eval_shape(lambda x: _walk(look_up, x), jax.ShapeDtypeStruct((1, _SIZE, _SIZE, 3), jnp.float32))
    return found


@jax.jit
def _graph(variables, images):
    return _walk(lambda name, shape: variables[name], images)


def _walk(look_up, x):
    found = {}
    _run(_GRAPH, (x - 128) / 128, look_up, found, "")
    kernel = look_up("fc.weight", (found["2048"].shape[-1], _LOGITS))
    found["logits_unbiased"] = jnp.matmul(found["2048"], kernel, precision=_HIGHEST)
    found["logits"] = found["logits_unbiased"] + look_up("fc.bias", (_LOGITS,))[None]
    return found


def _run(steps, x, look_up, found, prefix):
    for step in steps:
        match step:
            case _Conv():
                x = _convolve(step._replace(name=prefix + step.name), x, look_up)
            case _Fork(name, chains):
                x = jnp.concatenate([_run(c, x, look_up, found, prefix + name) for c in chains], axis=-1)
            case int(channels):
                found[str(channels)] = jnp.mean(x, axis=(1, 2))
            case _:
                x = {_MEAN: _mean, _MAX: lambda x: _max(x, 1, "SAME"), _HALVE: lambda x: _max(x, 2, "VALID")}[step](x)
    return x


def _convolve(step, x, look_up):
    kernel = look_up(f"{step.name}.conv.weight", (*step.kernel, x.shape[-1], step.channels))
    part = lambda name: look_up(f"{step.name}.bn.{name}", (step.channels,))
    strides, order = (step.stride, step.stride), ("NHWC", "HWIO", "NHWC")
    x = lax.conv_general_dilated(x, kernel, strides, step.padding, dimension_numbers=order, precision=_HIGHEST)
    scale = part("weight") * lax.rsqrt(part("running_var") + _EPSILON)
    shift = part("bias") - part("running_mean") * scale
    return jax.nn.relu(x * scale[None, None, None] + shift[None, None, None])


def _max(x, stride, padding):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, stride, stride, 1), padding)


def _mean(x):
    count = np.outer(*(np.convolve(np.ones(n), np.ones(3), "same") for n in x.shape[1:3]))[None, :, :, None]
    total = lax.reduce_window(x, 0.0, lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
    return total / count.astype(np.float32)

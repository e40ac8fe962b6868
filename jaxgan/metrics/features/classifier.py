"""A small classifier, trained on the real data themselves: features for any data set, with nothing to download."""

import functools
import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan.errors import BadInput
from jaxgan.layers import Conv, Dense
from jaxgan.metrics.features.network import FeatureNet, FeatureOutput
from jaxgan.modalities import image

FEATURES = 128
VERSION = 1  # changes with whatever changes the weights that the same data give
_BATCH, _RATE = 128, 1e-3
_LEAST_STEPS, _MOST_STEPS = 600, 1500
_TURNS = 4  # what unlabelled images are told apart by: quarter turns, or mirrorings where they are not square
_AT_ONCE = 500  # images that are looked at in one program
_HELD_OUT = 10  # every N-th image is kept to measure the accuracy on


class Classifier(nn.Module):
    """Images uint8 [B, H, W, C] -> FeatureOutput: strided convolutions down to 7 pixels or less, 128 features, logits."""

    classes: int

    @nn.compact
    def __call__(self, images: jax.Array) -> FeatureOutput:
        x = image.from_scale(images)
        halvings = max(1, math.ceil(math.log2(min(x.shape[1:3]) / 7)))
        for i in range(halvings):
            x = nn.relu(_halving(i)(x, False))
        x = nn.relu(Dense(FEATURES)(x.reshape(x.shape[0], -1), False))
        return FeatureOutput(x, Dense(self.classes)(x, False))


def taps(variables: dict, x: jax.Array, relu: bool = False) -> dict[str, jax.Array]:
    """{"Conv_0": activations float32 [B, H / 2, W / 2, 32], ...} of floats [B, H, W, C] in [-1, 1], for `losses.perceptual`.

    Those of each convolution of a trained Classifier, at the images' own size: behind the ReLU, or before it, as ESRGAN has
    them (Wang et al. 2018, arXiv:1809.00219, section 3.2). C is that of the images which it was trained on. Differentiable in
    x. Raises BadInput for other shapes and whole numbers.
    """
    params = variables["params"]
    channels = params["Conv_0"]["kernel"].shape[2]
    if x.ndim != 4 or x.shape[-1] != channels or not jnp.issubdtype(x.dtype, jnp.floating):
        raise BadInput(f"images are {x.dtype}{list(x.shape)}: give floats [B, H, W, {channels}] in [-1, 1]")
    found = {}
    for i in range(sum(name.startswith("Conv_") for name in params)):
        before = _halving(i).apply({"params": params[f"Conv_{i}"]}, x, False)
        x = nn.relu(before)
        found[f"Conv_{i}"] = x if relu else before
    return found


def classifier(name: str, variables: dict, classes: int) -> FeatureNet:
    """FeatureNet of trained variables."""
    return FeatureNet(name, variables, Classifier(classes).apply)


def train(images: Any, label: np.ndarray | None, classes: int, *, seed: int = 0) -> tuple[dict, float]:
    """(variables, accuracy in [0, 1] on every tenth image, which is not trained on), by Adam in 600 to 1,500 steps of 128.

    images: uint8 [N, H, W, C], or whatever gives them by row numbers. label: int32 [N]; None lets the network tell which
    of four ways an image was turned (Gidaris et al. 2018, arXiv:1803.07728), and `classes` is not used. About a minute
    on 2 cores. Raises BadInput for fewer than 20 images.
    """
    size = len(images)
    if size < 2 * _HELD_OUT:
        raise BadInput(f"there are {size} images to train a classifier on, {2 * _HELD_OUT} are the least: take pixels")
    if label is None:
        classes = _TURNS
    model, draw = Classifier(classes), np.random.default_rng(seed)
    held_out = np.arange(0, size, _HELD_OUT)[:2000]
    others = np.setdiff1d(np.arange(size), held_out)

    def examples(rows):
        if label is not None:
            return images[rows], label[rows]
        turn = draw.integers(_TURNS, size=len(rows))
        return np.stack([_turned(image, way) for image, way in zip(images[rows], turn, strict=True)]), turn

    steps = min(max(_LEAST_STEPS, 3 * len(others) // _BATCH), _MOST_STEPS)
    rows = lambda: draw.choice(others, _BATCH, replace=len(others) < _BATCH)
    variables = _optimised(model, images[held_out[:2]], lambda: examples(rows()), seed, steps)
    guess = jax.jit(lambda variables, image: jnp.argmax(model.apply(variables, image).logits, axis=1))
    right = []
    for first in range(0, len(held_out), _BATCH):
        image, truth = examples(np.resize(held_out[first : first + _BATCH], _BATCH))
        right.append((np.asarray(guess(variables, image)) == truth)[: len(held_out) - first])
    return variables, float(np.mean(np.concatenate(right)))


def fit(
    batch: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]],
    classes: int,
    *,
    seed: int = 0,
    steps: int = _LEAST_STEPS,
) -> dict:
    """Variables of a Classifier after so many steps of Adam on what `batch` draws: (images uint8 [B, H, W, C], label int [B])."""
    draw = np.random.default_rng(seed)
    return _optimised(Classifier(classes), batch(draw)[0], lambda: batch(draw), seed, steps)


def probabilities(variables: dict, images: Any, classes: int) -> np.ndarray:
    """float32 [N, classes]: what trained variables give to each class, of uint8 [N, H, W, C]."""
    seen, found = _seen(Classifier(classes)), []
    for first in range(0, len(images), _AT_ONCE):
        rows = np.minimum(np.arange(first, first + _AT_ONCE), len(images) - 1)  # so that one program does
        found.append(np.asarray(seen(variables, images[rows]))[: len(images) - first])
    return np.concatenate(found)


def by_channel(net: FeatureNet) -> FeatureNet:
    """FeatureNet of images whose channels are images for `net`, each of one of so many classes: stacked digits.

    Features side by side; the logits of classes ** C, the first channel's class being the highest figure.
    """

    def apply(variables, images):
        each = [net.apply(variables, images[..., c : c + 1]) for c in range(images.shape[-1])]
        logits = jnp.zeros((len(images), 1))
        for seen in each:
            logits = (logits[:, :, None] + jax.nn.log_softmax(seen.logits)[:, None]).reshape(len(images), -1)
        return FeatureOutput(jnp.concatenate([seen.features for seen in each], axis=1), logits)

    return FeatureNet(net.name, net.variables, apply)


def _optimised(model, like, batch, seed, steps):
    """Variables of the model, drawn by the seed for images like these, after so many steps on batch()."""
    opt, step = _step(model, steps)
    variables = jax.jit(model.init)(jax.random.key(seed), jnp.asarray(like))
    state = opt.init(variables)
    for _ in range(steps):
        variables, state = step(variables, state, *batch())
    return variables


@functools.cache
def _step(model, steps):
    """(optimizer, step), compiled once for many trainings."""
    opt = optax.adam(optax.cosine_decay_schedule(_RATE, steps))

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(variables, state, image, label):
        def loss(variables):
            logits = model.apply(variables, image).logits
            return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, label))

        updates, state = opt.update(jax.grad(loss)(variables), state)
        return optax.apply_updates(variables, updates), state

    return opt, step


@functools.cache
def _seen(model):
    return jax.jit(lambda variables, images: jax.nn.softmax(model.apply(variables, images).logits))


def _halving(i):
    """The i-th convolution."""
    return Conv(min(32 << i, 128), kernel=5, stride=2)


def _turned(image, way):
    if image.shape[0] == image.shape[1]:
        return np.rot90(image, way)
    return image[:: -1 if way & 1 else 1, :: -1 if way & 2 else 1]

"""What a generator of masks is told beside D: the true classes, and where there are none its own that D believes."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.errors import BadInput
from jaxgan.losses.content import Term


def cross_entropy(weight: ArrayLike = 1.0, ignored: int | None = None, axis_name: str | None = None) -> Term:
    """weight times the mean over pixels of -log softmax(fake)[class], the class of the column "mask" [B, H, W].

    Of fake logits [B, H, W, K]. Long et al. 2015, arXiv:1411.4038, section 4; Hung et al. 2018, arXiv:1802.07934, where
    it is a sum. Pixels of the class `ignored`, which may be one above K, count nothing; where there are no others it is 0.
    axis_name: devices that share the batch, and so the mean. Other classes below 0, or of K and more, make it NaN.
    The term raises BadInput where the batch has no masks, or of another size.
    """

    def loss(real, fake, context):
        del real
        if "mask" not in context.batch:
            raise BadInput(
                f"cross entropy takes a column 'mask', and the batch has {', '.join(sorted(context.batch))}: give it"
            )
        mask = context.batch["mask"]
        if mask.shape != fake.shape[:-1]:
            raise BadInput(f"masks are {list(mask.shape)}, and logits {list(fake.shape)}: bring both to one size")
        counted = jnp.ones(mask.shape, bool) if ignored is None else mask != ignored
        return weight * _mean(_surprise(fake, mask), counted, axis_name)

    return loss


def self_taught(threshold: float = 0.2, axis_name: str | None = None) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """(logits of G [B, H, W, K], logits of D [B, H, W]) -> float32 []: the cross entropy of pictures without masks.

    The class of a pixel is G's own, where the sigmoid of D's logit, its confidence, is above the threshold; other pixels count
    nothing. Neither has a gradient. Hung et al. 2018, arXiv:1802.07934, eq. 5; the mean over the pixels that count, as in the
    authors' code, where the equation has a sum. axis_name: devices that share the batch.
    Raises BadInput for a threshold outside of [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise BadInput(f"threshold is {threshold}: give a confidence in [0, 1], 0.2 as in the paper")

    def loss(logits, judged):
        believed = jax.nn.sigmoid(judged) > threshold
        return _mean(_surprise(logits, jnp.argmax(logits, axis=-1)), believed, axis_name)

    return loss


def log_smoothed_one_hot(mask: jax.Array, classes: int, smoothing: float = 0.1) -> jax.Array:
    """[B, H, W, classes] of mask [B, H, W]: logits whose softmax is 1 - smoothing for the class, and smoothing shared by all.

    So true masks go through the same softmax as those of G. Label smoothing: Szegedy et al. 2016, arXiv:1512.00567, section 7.
    Classes of `classes` and more, such as are ignored, are shared by all. Raises BadInput for a smoothing outside of (0, 1).
    """
    if not 0 < smoothing < 1:
        raise BadInput(f"smoothing is {smoothing}: choose it in (0, 1), of 0 there is no logarithm")
    return jnp.log((1 - smoothing) * jax.nn.one_hot(mask, classes) + smoothing / classes)


def _surprise(logits, mask):
    """-log softmax(logits)[mask], [B, H, W]; NaN where there is no such class."""
    classes = logits.shape[-1]
    # a sum and no look-up, whose gradient is a scatter: slow on a CPU
    found = -jnp.sum(jax.nn.one_hot(mask, classes) * jax.nn.log_softmax(logits.astype(jnp.float32)), axis=-1)
    return jnp.where((mask >= 0) & (mask < classes), found, jnp.nan)


def _mean(values, counted, axis_name):
    """Mean of the values [B, H, W] that are counted, on all devices; 0 where there are none."""
    count = jnp.sum(counted, dtype=jnp.float32)
    count = count if axis_name is None else jax.lax.pmean(count, axis_name)
    return jnp.sum(jnp.where(counted, values, 0)) / jnp.where(count > 0, count, 1)

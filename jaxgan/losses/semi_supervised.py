"""What D is told where it names classes too, and what G is told of D's features. Salimans et al. 2016, arXiv:1606.03498.

Logits of K classes stand for K + 1: that of fakes is always 0, as a softmax does not change where all logits move by one number
(section 5).
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.losses.content import Term


def realness(logits: jax.Array) -> jax.Array:
    """[B] of class logits [B, K]: the logit of D(x) = Z / (Z + 1), Z the sum of exp(logits). Section 5.

    So that any adversarial loss can be taken of it. Of `non_saturating` D's half is the paper's L_unsupervised.
    """
    return jax.nn.logsumexp(logits.astype(jnp.float32), axis=-1)


def class_surprise(logits: jax.Array, label: jax.Array) -> jax.Array:
    """[B]: -log of the softmax of logits [B, K] at the label int [B], the paper's L_supervised. Section 5.

    Of the K classes alone: p(y | x, y < K + 1). NaN where there is no such class.
    """
    classes = logits.shape[-1]
    # a sum and no look-up, whose gradient is a scatter: slow on a CPU
    found = -jnp.sum(jax.nn.one_hot(label, classes) * jax.nn.log_softmax(logits.astype(jnp.float32)), axis=-1)
    return jnp.where((label >= 0) & (label < classes), found, jnp.nan)


def match_features(weight: ArrayLike = 1.0, axis_name: str | None = None) -> Term:
    """weight times the mean square of E f(x) - E f(G(z)), f the features that D hands out [B, F]. Section 3.1.

    The paper has the sum over features, the authors' program the mean, as here. Real features have no gradient: it is G's.
    axis_name: devices that share the batch, and so both E.
    """

    def loss(real, fake, context):
        del real, fake
        mean = lambda x: _mean(jnp.mean(x.astype(jnp.float32), axis=0), axis_name)
        return weight * jnp.mean((mean(context.features_real) - mean(context.features_fake)) ** 2)

    return loss


def _mean(x, axis_name):
    return x if axis_name is None else jax.lax.pmean(x, axis_name)

"""What G is told directly, beside D: functions (real, fake, context) -> float32 [], added to G's loss."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan.errors import BadInput

Term = Callable[..., jax.Array]  # (real, fake, context) -> float32 []


class Context(NamedTuple):
    """What a content term can see besides real and fake samples."""

    given: tuple  # the inputs that G made the fakes of
    features_real: Any  # what D hands out beside its logits, a tree; None where it does not
    features_fake: Any
    batch: dict  # its columns, as the step takes them
    key: jax.Array  # of the turn
    logits_fake: Any = None  # D's, of the fakes, float32, a tree


def moment_matching(weight: ArrayLike = 1.0, axis_name: str | None = None) -> Term:
    """weight times the mean over pixels of |E x - E G(z)|^2 + |E x^2 - E G(z)^2|^2, E over the batch.

    Feature matching with the pixels and their squares as features: Salimans et al. 2016, arXiv:1606.03498, section 3.1.
    For discriminators whose batch norm hides just that. axis_name: devices that share the batch.
    """

    def loss(real, fake, context=None):
        del context
        mean = lambda x: _mean(jnp.mean(x, axis=0), axis_name)
        return weight * jnp.mean((mean(real) - mean(fake)) ** 2 + (mean(real**2) - mean(fake**2)) ** 2)

    return loss


def l1(weight: ArrayLike = 1.0) -> Term:
    """weight times the mean of |real - fake|. Isola et al. 2017, arXiv:1611.07004, eq. 3."""

    def loss(real, fake, context=None):
        del context
        return weight * jnp.mean(_size(_apart(real, fake)))

    return loss


def charbonnier(weight: ArrayLike = 1.0, epsilon: float = 1e-3) -> Term:
    """weight times the mean of sqrt((real - fake)^2 + epsilon^2), an L1 distance that is smooth at 0.

    Lai et al. 2017, arXiv:1704.03915, section 3.2, who add up pixels. Raises BadInput unless epsilon > 0.
    """
    if epsilon <= 0:
        raise BadInput(f"epsilon is {epsilon}: give a number above 0, or take l1")

    def loss(real, fake, context=None):
        del context
        return weight * jnp.mean(jnp.sqrt(_apart(real, fake) ** 2 + epsilon**2))

    return loss


def total_variation(weight: ArrayLike = 1.0) -> Term:
    """weight times the mean squares of the differences of neighbouring pixels of fake, down and across, added up.

    The R_V^beta of Mahendran & Vedaldi 2015, arXiv:1412.0035, with beta = 2, as the code of Johnson et al. 2016,
    arXiv:1603.08155, has it; of means in place of their sums, so that what it weighs does not change with the size.
    Images [B, H, W, C]; 0 along a side of one pixel.
    """

    def loss(real, fake, context=None):
        del real, context
        x = fake.astype(jnp.float32)
        steps = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
        return weight * sum((jnp.mean(step**2) for step in steps if step.size), jnp.float32(0))

    return loss


def feature_matching(weight: ArrayLike = 1.0) -> Term:
    """weight times the sum over D's features of the mean of |D_i(real) - D_i(fake)|, those of real constant.

    Wang et al. 2018 (pix2pixHD), arXiv:1711.11585, eq. 4, where the fake is of the real's input. Features of several D are one
    tree, and divided by how many logits there are, a leaf each D: as tasks take the mean of the adversarial losses of all D, and
    eq. 5 the sums of both, weight is its lambda. Raises BadInput where D hands out none, for which it gives a
    `DiscriminatorOutput`.
    """

    def loss(real, fake, context):
        del real, fake
        if not jax.tree.leaves(context.features_real):
            raise BadInput(
                "feature matching, and the discriminator hands out no features: take one that does, or no term"
            )
        judges = max(1, len(jax.tree.leaves(context.logits_fake)))
        return weight * _distance(context.features_real, context.features_fake, 1, None) / judges

    return loss


def perceptual(
    taps: Callable[[jax.Array], Any], weight: ArrayLike = 1.0, *, power: int = 1, layers: Any = None
) -> Term:
    """weight times the sum over activations of the mean of |taps(real) - taps(fake)|^power, those of real constant.

    taps: images [B, H, W, C] in [-1, 1] -> a tree of activations, of a network that does not move. power: 2 as in Johnson
    et al. 2016, arXiv:1603.08155, eq. 2, or 1 as in ESRGAN, Wang et al. 2018, arXiv:1809.00219, section 3.2, whose
    activations are those before the nonlinearity. layers: a tree like that of taps, with a weight for each.
    Raises BadInput for other powers, for taps without activations, and where `layers` is another tree.
    """
    if power not in (1, 2):
        raise BadInput(f"power is {power}: give 1 or 2")

    def loss(real, fake, context=None):
        del context
        seen = taps(real.astype(jnp.float32)), taps(fake.astype(jnp.float32))
        if not jax.tree.leaves(seen[0]):
            raise BadInput("taps hand out no activations: name at least one")
        if layers is not None and jax.tree.structure(layers) != jax.tree.structure(seen[0]):
            raise BadInput(
                f"layers is {jax.tree.structure(layers)} and taps give {jax.tree.structure(seen[0])}: "
                "give a weight for each of these"
            )
        return weight * _distance(*seen, power, layers)

    return loss


def _apart(real, fake):
    return real.astype(jnp.float32) - fake.astype(jnp.float32)


def _size(x):
    """|x|, of slope 0 at 0, where that of jnp.abs is 1."""
    return x * jax.lax.stop_gradient(jnp.sign(x))


def _distance(real, fake, power, weights):
    """The sum over leaves of the mean of |real - fake|^power, each times its weight. Real ones are constant."""
    one = lambda real, fake: jnp.mean(_size(_apart(jax.lax.stop_gradient(real), fake)) ** power)
    each = jax.tree.map(one, real, fake)
    if weights is not None:
        each = jax.tree.map(lambda value, weight: value * weight, each, weights)
    return sum(jax.tree.leaves(each))


def _mean(x, axis_name):
    return x if axis_name is None else jax.lax.pmean(x, axis_name)

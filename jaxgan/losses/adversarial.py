"""Adversarial losses: Pairs of functions (real, fake) -> unreduced loss, both to be minimised.

`real` and `fake` are D's logits (outputs before any sigmoid), of one shape; so is the result, so that the task takes the
one mean. sigmoid(logit) is the probability of being real.
"""

import jax
import jax.numpy as jnp
from jax.nn import relu, softplus

from jaxgan.core import Pair
from jaxgan.errors import BadInput


def _cross_entropy(real, fake):
    # -log sigmoid(real) - log(1 - sigmoid(fake)), finite at any logit
    return softplus(-real) + softplus(fake)


minimax = Pair(g=lambda real, fake: -softplus(fake), d=_cross_entropy)
"""log D(x) + log(1 - D(G(z))), that D maximises and G minimises. Goodfellow et al. 2014, arXiv:1406.2661, eq. 1."""

non_saturating = Pair(g=lambda real, fake: softplus(-fake), d=_cross_entropy)
"""As minimax, but G maximises log D(G(z)). Goodfellow et al. 2014, arXiv:1406.2661, section 3."""

least_squares = Pair(g=lambda real, fake: (fake - 1) ** 2 / 2, d=lambda real, fake: (real - 1) ** 2 / 2 + fake**2 / 2)
"""Targets a = 0, b = c = 1. Mao et al. 2017, arXiv:1611.04076, eq. 2 and 9."""

hinge = Pair(g=lambda real, fake: -fake, d=lambda real, fake: relu(1 - real) + relu(1 + fake))
"""Lim & Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, eq. 16 and 17."""

wasserstein = Pair(g=lambda real, fake: -fake, d=lambda real, fake: fake - real)
"""Arjovsky et al. 2017, arXiv:1701.07875, eq. 2. Only with a constraint on the critic: wgan_gp or clip_weights."""


def bce(smoothing: float = 0.0) -> Pair:
    """Binary cross-entropy with targets 1 - smoothing for real and 0 for fake in D, and 1 in G.

    One-sided label smoothing acts on the target of the real samples alone: Salimans et al. 2016, arXiv:1606.03498,
    section 3.4. With smoothing 0 it equals `non_saturating`. Raises BadInput for a smoothing outside [0, 0.5).
    """
    if not 0 <= smoothing < 0.5:
        raise BadInput(
            f"smoothing is {smoothing}: choose it in [0, 0.5), the target of the real samples is 1 - smoothing"
        )
    d = lambda real, fake: (1 - smoothing) * softplus(-real) + smoothing * softplus(real) + softplus(fake)
    return Pair(g=non_saturating.g, d=d)


class Made(Pair):
    """A loss that was made of another one, by `half_d`, `relativistic`, `relativistic_average` or `top_k`."""

    __slots__ = ()


# what the relativistic losses ask of a difference of logits: least squares of targets 1 and -1, whole, arXiv:1807.00734, appendix
_OF_DIFFERENCES = {least_squares: Pair(g=least_squares.g, d=lambda real, fake: (real - 1) ** 2 + (fake + 1) ** 2)}


def _of_differences(loss):
    """What a relativistic loss asks of differences. Raises BadInput for a loss whose G is told what its D is not: it is lost."""
    if isinstance(loss, Made):
        raise BadInput(
            "the loss was made of another one, and both sides of a relativistic loss are its D's: give that other one, and "
            "make the rest of what comes of it, as in top_k(relativistic(loss), share)"
        )
    return _OF_DIFFERENCES.get(loss, loss)


def relativistic(loss: Pair) -> Pair:
    """The relativistic pairing (RpGAN) of a loss: D judges real minus fake, sample by sample; G the opposite.

    f(D(x) - D(G(z))) for D and f(D(G(z)) - D(x)) for G, where f is what `loss` asks of real logits: Jolicoeur-Martineau
    2019, arXiv:1807.00734, section 3.3; with the non-saturating loss R3GAN's, Huang et al. 2024, arXiv:2501.05441,
    eq. 2. Half of the sum over both orders of the pair, which is the same for the symmetric losses; of `least_squares`
    (D(x) - D(G(z)) - 1)^2, the paper's. Raises BadInput for a loss that was made of another one: it is the first to be made.
    """
    loss = _of_differences(loss)
    return Made(
        g=lambda real, fake: loss.d(fake - real, real - fake) / 2,
        d=lambda real, fake: loss.d(real - fake, fake - real) / 2,
    )


def relativistic_average(loss: Pair, axis_name: str | None = None) -> Pair:
    """The relativistic average (RaGAN) of a loss: D judges each logit minus the mean logit of the other kind, of a batch.

    Where D judges patches, of the same place.
    Jolicoeur-Martineau 2019, arXiv:1807.00734, eq. 9 and 10; of `least_squares` with targets 1 and -1, the paper's RaLSGAN.
    axis_name: devices whose batches are one batch. Raises BadInput as `relativistic` does.
    """
    loss = _of_differences(loss)

    def mean(x):
        x = jnp.mean(x, axis=0, keepdims=True)
        return x if axis_name is None else jax.lax.pmean(x, axis_name)

    return Made(
        g=lambda real, fake: loss.d(fake - mean(real), real - mean(fake)),
        d=lambda real, fake: loss.d(real - mean(fake), fake - mean(real)),
    )


def half_d(loss: Pair) -> Pair:
    """The loss with D's side halved, so that D learns more slowly than G, where both are sums over real and fake.

    Isola et al. 2017, arXiv:1611.07004, section 3.3; Zhu et al. 2017, arXiv:1703.10593, section 4, whose squares have none of
    the halves of `least_squares`: of that, and of its `top_k`, D's side is as it is, and G's twice as much.
    """
    if loss is least_squares or (isinstance(loss, Made) and loss.d is least_squares.d):
        return Made(lambda real, fake: 2 * loss.g(real, fake), lambda real, fake: loss.d(real, fake))
    return Made(loss.g, lambda real, fake: loss.d(real, fake) / 2)

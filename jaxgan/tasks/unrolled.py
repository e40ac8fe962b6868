"""G plays against the D that will have answered."""

import jax

from jaxgan.core import GAN
from jaxgan.errors import BadInput
from jaxgan.sharing import average


def unrolled(gan: GAN, steps: int = 5, rate: float = 0.001, axis_name: str | None = None) -> GAN:
    """The GAN whose G is judged by a D that has made `steps` more steps of gradient descent of `rate`, derived through.

    Metz et al. 2017, arXiv:1611.02163, eq. 5-8: G's gradient knows how D will answer it. D itself learns as before. D's
    loss and its draws are those of the turn at every step, its stats stay; terms that are rare in the game it does not
    foresee. The paper unrolls from the D that both sides update at once; here G's turn comes after D's, and unrolls from
    there. For networks and samples that are small: time and memory of G's turn grow with `steps`. axis_name: devices whose
    batches are one batch, to which D answers.
    Raises BadInput for steps below 1 and a rate that is not above 0.
    """
    if steps < 1 or not rate > 0:
        raise BadInput(f"steps is {steps} and rate {rate}: give 1 step or more, and a rate above 0")

    def losses(d, fakes, batch, key):
        out, params = gan.losses(d, fakes, batch, key), d["params"]
        for _ in range(steps):  # a loop on the device would be slow to derive through on a CPU
            slope = jax.grad(lambda params: gan.losses({**d, "params": params}, fakes, batch, key).d)(params)
            params = jax.tree.map(lambda p, g: p - rate * g, params, average(slope, axis_name))
        then = gan.losses({**d, "params": params}, fakes, batch, key)
        return out._replace(g=then.g, metrics=out.metrics._replace(g=then.metrics.g))

    return gan._replace(losses=losses)

"""Averages of G's weights of any length, chosen after the training. Karras et al. 2024, arXiv:2312.02696, section 3.

`track` keeps a few power-function averages beside the optimizer; the state at every checkpoint is a snapshot of them; any
other average is very nearly a sum of snapshots, with weights by least squares.

    opt = jaxgan.Pair(averages.track(optax.adam(2e-4)), optax.adam(2e-4))
    ...
    params = averages.reconstruct([averages.snapshot(state.g.opt) for state in states], sigma=0.15)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike

from jaxgan.errors import BadInput

WIDEST = 0.2887  # the width of the plain mean, sqrt(1 / 12), with room for rounding


class Tracked(NamedTuple):
    """The state of `track`, and a snapshot: arrays that say of themselves what they are averages of."""

    inner: optax.OptState
    step: jax.Array  # int32 [], updates so far
    sigmas: jax.Array  # float32 [K]
    averages: tuple  # K trees like the params


def exponent(sigma: float) -> float:
    """gamma of the average whose weights are proportional to time^gamma and whose width is `sigma` of the training.

    sigma^2 = (gamma + 1) / ((gamma + 2)^2 (gamma + 3)), section 3.1; 0.05 is 16.97, 0.10 is 6.94. Raises BadInput for a
    sigma outside (0, WIDEST].
    """
    if not 0 < sigma <= WIDEST:
        raise BadInput(f"sigma is {sigma}: give a number in (0, {WIDEST}], the width as a share of the training")
    square = float(sigma) ** -2
    return float(np.roots([1, 7, 16 - square, 12 - square]).real.max())


def track(tx: optax.GradientTransformation, sigmas: Sequence[float] = (0.05, 0.10)) -> optax.GradientTransformation:
    """`tx`, keeping for each of `sigmas` the average of the updated params with weights k^(gamma + 1) - (k - 1)^(gamma + 1).

    Those are the integrals of the power function over the time of each update k: section 3.1, where beta at update k is
    (1 - 1 / k)^(gamma + 1). To be around all else that moves params; statistics of norms are not averaged. Raises
    BadInput for sigmas that `exponent` refuses.
    """
    powers, tx = [exponent(sigma) + 1 for sigma in sigmas], optax.with_extra_args_support(tx)

    def init(params):
        whole = jax.tree.map(lambda x: x.astype(jnp.promote_types(x.dtype, jnp.float32)), params)
        averages = tuple(whole for _ in sigmas)
        return Tracked(tx.init(params), jnp.zeros((), jnp.int32), jnp.asarray(sigmas, jnp.float32), averages)

    def update(updates, state, params, **extra):
        updates, inner = tx.update(updates, state.inner, params, **extra)
        new, step = optax.apply_updates(params, updates), state.step + 1

        def moved(average, power):
            share = -jnp.expm1(power * jnp.log1p(-1 / step.astype(jnp.float32)))  # 1 - (1 - 1 / step)^power
            return jax.tree.map(
                lambda old, new: old + share * (new - old), average, new
            )  # float32, whatever params are

        averages = tuple(map(moved, state.averages, powers))
        return updates, Tracked(inner, step, state.sigmas, averages)

    return optax.GradientTransformationExtraArgs(init, update)


def snapshot(opt_state: Any) -> Tracked:
    """The Tracked within an optimizer's state, or in the nested dicts that were read of one.

    Raises BadInput where there is none.
    """
    is_one = lambda x: isinstance(x, Tracked) or (isinstance(x, dict) and x.keys() == set(Tracked._fields))
    as_one = lambda x: Tracked(**x) if isinstance(x, dict) else x
    found = [as_one(leaf) for leaf in jax.tree.leaves(opt_state, is_leaf=is_one) if is_one(leaf)]
    if not found:
        raise BadInput("this optimizer's state has no averages: train with --posthoc-ema, or with optim.averages.track")
    return found[0]._replace(inner=())


def weights(steps: ArrayLike, sigmas: Sequence[float] | np.ndarray, step: float, sigma: float) -> np.ndarray:
    """Weights float64 [N] of the averages at steps [N] of widths [N] that come nearest to that at `step` of width `sigma`.

    Least squares between the power functions, in closed form, as in appendix C: each inner product is the integral of a
    power. Raises BadInput where `step` is none of `steps`: nothing that was kept ends there.
    """
    times, gammas = np.asarray(steps, np.float64), np.array([exponent(float(s)) for s in sigmas])
    if step not in times:
        raise BadInput(f"step is {step}: give one of the snapshots', {', '.join(f'{t:.0f}' for t in np.unique(times))}")
    gram = _inner(times[:, None], gammas[:, None], times[None], gammas[None])
    target = _inner(times, gammas, np.float64(step), exponent(sigma))
    return np.linalg.lstsq(gram, target, rcond=None)[0]


def reconstruct(snapshots: Sequence[Tracked], sigma: float, step: float | None = None) -> Any:
    """Params averaged with width `sigma` over the updates up to `step` (by default the last snapshot's).

    snapshots: Tracked of one training, as `snapshot` finds them. The more there are, and the denser, the nearer; a width
    between those tracked is found well, one that is narrower than the distance of snapshots is not in them.
    Summed in float64. Raises BadInput as `exponent` and `weights` do, and for a snapshot before the first update.
    """
    first = [int(each.step) for each in snapshots]
    if not first or min(first) < 1:
        raise BadInput(f"the snapshots are of updates {first}: give at least one, after the first update")
    steps = np.repeat(first, [len(each.averages) for each in snapshots])
    sigmas = np.concatenate([np.asarray(each.sigmas, np.float64) for each in snapshots])
    factors = weights(steps, sigmas, max(first) if step is None else step, sigma)
    trees = [average for each in snapshots for average in each.averages]

    def total(*leaves):
        exact = sum(factor * np.asarray(x, np.float64) for factor, x in zip(factors, leaves, strict=True))
        return exact.astype(leaves[0].dtype)

    return jax.tree.map(total, *trees)


def _inner(s, a, t, b):
    """Integral of the product of (a + 1) x^a / s^(a + 1) on [0, s] and (b + 1) x^b / t^(b + 1) on [0, t]."""
    last = np.minimum(s, t)
    return (a + 1) * (b + 1) / (a + b + 1) * (last / s) ** a * (last / t) ** b * last / (s * t)

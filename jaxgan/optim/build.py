"""From a Config's words to how both sides move."""

import optax

from jaxgan import losses
from jaxgan.core import Pair
from jaxgan.optim import averages
from jaxgan.optim.lookahead import lookahead


def optimizers(config):
    """Pair of optax transformations."""

    def side(rate, turns):
        length = (config.decay_steps or config.steps) * turns
        schedule = {
            "constant": lambda: rate,
            "linear": lambda: optax.linear_schedule(rate, 0.0, length),
            "cosine": lambda: optax.cosine_decay_schedule(rate, length),
        }[config.schedule]()
        clip = (optax.clip_by_global_norm(config.clip_norm),) if config.clip_norm else ()
        move = {
            "adam": lambda: optax.adam(schedule, config.b1, config.b2),
            "sgd": lambda: optax.sgd(schedule, config.b1 or None),
            "rmsprop": lambda: optax.rmsprop(schedule, config.b2),
            # Adam of Daskalakis et al. 2018, arXiv:1711.00141, algorithm 1, but for the first step, which is single
            "optimistic_adam": lambda: optax.optimistic_adam_v2(schedule, b1=config.b1, b2=config.b2, nesterov=False),
        }[config.optimizer]()
        return optax.chain(*clip, move)

    g, d = side(config.lr_g, 1), side(config.lr_d, config.d_steps)
    if config.clip_weights:
        d = optax.chain(d, losses.clip_weights(config.clip_weights))
    if config.lookahead:
        g, d = lookahead(g, config.lookahead), lookahead(d, config.lookahead * config.d_steps)
    return Pair(averages.track(g) if config.posthoc_ema else g, d)

"""From a Config's words to functions: losses, noise, optimizers, and the whole setup of a recipe."""

import copy
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import optax

from jaxgan import augment, core, losses, noise, tasks
from jaxgan.core import GAN, Pair
from jaxgan.errors import BadInput


class Rules(NamedTuple):
    """What a recipe's build takes from the Config's words."""

    loss: Pair
    penalties: tuple
    noise: Callable
    classes: int | None  # None for an unconditional game
    axis_name: str | None
    judge: Callable  # Net -> Net: the discriminator as it sees with what the Config asks for
    watchers: tuple

    def paired(self, generator, discriminator, **more):
        """`tasks.paired` of both under these rules."""
        rules = {"loss": self.loss, "penalties": self.penalties, "noise": self.noise, "watchers": self.watchers}
        return tasks.paired(generator, self.judge(discriminator), **rules, **more)


class Setup(NamedTuple):
    """All that a training is made of."""

    gan: GAN
    opt: Pair
    step: Callable
    noise: Callable


def setup(recipe, config, facts, axis_name=None):
    """Setup of a recipe for data with these facts. Raises BadInput where they do not fit each other."""
    start = _setup(recipe, config, facts, axis_name)
    if not config.ends:
        return start

    def step(state, batch):
        now = at(config, state.step.astype(jnp.float32) * config.batch_size)
        return _setup(recipe, now, facts, axis_name).step(state, batch)

    return start._replace(step=step)


def at(config, images):
    """The config as it is after so many images, which may be traced: what has an end is on its way there.

    start + (end - start) (1 - cos(pi t)) / 2 with t = min(images / burn_in_images, 1), as in R3GAN (Huang et al. 2024,
    arXiv:2501.05441, appendix). The values are not checked again.
    """
    t = jnp.minimum(images / config.burn_in_images, 1.0)
    gone = (1 - jnp.cos(jnp.pi * t)) / 2
    now = copy.copy(config)
    for name, end in config.ends.items():
        first = getattr(config, name)
        object.__setattr__(now, name, first + (end - first) * gone)  # past a check, which could not read a tracer
    return now


def _setup(recipe, config, facts, axis_name):
    rules = _rules(config, facts, axis_name)
    opt = optimizers(config)
    options = {
        "d_turns": config.d_turns,
        "fresh": config.fresh,
        "ema_halflife_images": config.ema_halflife_images,
        "ema_ramp": config.ema_ramp,
        "axis_name": axis_name,
    }
    gan = recipe.build(config, facts, rules)
    step = core.make_step(gan, opt, **options)
    if config.penalty_every > 1:
        plain = recipe.build(config, facts, rules._replace(penalties=()))
        step = core.lazy(core.make_step(plain, opt, **options), step, config.penalty_every)
    return Setup(gan, opt, step, rules.noise)


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
        }[config.optimizer]()
        return optax.chain(*clip, move)

    d = side(config.lr_d, config.d_turns)
    if config.clip_weights:
        d = optax.chain(d, losses.clip_weights(config.clip_weights))
    return Pair(side(config.lr_g, 1), d)


def _rules(config, facts, axis_name):
    found = len(facts.classes)
    if config.conditional and not found:
        raise BadInput(
            f"--conditional needs labels, {facts.name} has none: use sub-folders as classes, or --no-conditional"
        )
    if config.classes and config.classes != found:
        raise BadInput(
            f"--classes {config.classes}, but {facts.name} has {found}: leave --classes away, or give other data"
        )
    if config.flip and len(facts.shape) != 3:
        raise BadInput(f"--flip mirrors images, and {facts.name} has points: leave it away")
    loss = losses.bce(config.smoothing) if config.loss == "bce" else getattr(losses, config.loss)
    if config.relativistic == "paired":
        loss = losses.relativistic(loss)
    elif config.relativistic == "average":
        loss = losses.relativistic_average(loss, axis_name)
    penalties = tuple(getattr(losses, name)(config.penalty_weight * config.penalty_every) for name in config.penalties)
    judge, watchers = _sight(config, facts, axis_name)
    classes = found if config.conditional else None
    return Rules(loss, penalties, getattr(noise, config.noise)(config.z_dim), classes, axis_name, judge, watchers)


def _sight(config, facts, axis_name):
    """(Net -> Net, watchers): the discriminator with what it is to see in place of the samples."""
    if config.augment != "none" and len(facts.shape) != 3:
        raise BadInput(f"--augment {config.augment} is for images, and {facts.name} has points: leave it away")
    if config.augment == "diffaugment":
        return lambda d: augment.augmented(d, augment.diff_augment(), axis_name=axis_name), ()
    if config.augment == "ada" and config.augment_p is not None:
        fixed = lambda images, keys: augment.ada()(images, keys, config.augment_p)
        return lambda d: augment.augmented(d, fixed, axis_name=axis_name), ()
    if config.augment == "ada":
        steer = augment.controller(target=config.ada_target, per=config.ada_images, axis_name=axis_name)
        return lambda d: augment.augmented(d, augment.ada(), adaptive=True, axis_name=axis_name), (steer,)
    return lambda d: d, ()

"""From a Config's words to functions: losses, noise, optimizers, and the whole setup of a recipe."""

from collections.abc import Callable
from typing import NamedTuple

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
    held_back: bool = False  # leaves G's own penalties out: for the steps between, where they are lazy

    def paired(self, generator, discriminator, *, penalties_g=(), **more):
        """`tasks.paired` of both under these rules."""
        rules = {"loss": self.loss, "penalties": self.penalties, "noise": self.noise, "watchers": self.watchers}
        rules["penalties_g"] = () if self.held_back else penalties_g
        return tasks.paired(generator, self.judge(discriminator), **rules, **more)


class Setup(NamedTuple):
    """All that a training is made of."""

    gan: GAN
    opt: Pair
    step: Callable
    noise: Callable


def setup(recipe, config, facts, axis_name=None):
    """Setup of a recipe for data with these facts. Raises BadInput where they do not fit each other."""
    rules = _rules(config, facts, axis_name)
    opt = optimizers(config)
    options = {
        "d_turns": config.d_turns,
        "fresh": config.fresh,
        "ema_halflife_images": config.ema_halflife_images,
        "ema_ramp": config.ema_ramp,
        "axis_name": axis_name,
    }

    def at(number):
        """The step of this number: with those of the lazy penalties whose turn it is."""
        now = rules._replace(
            penalties=() if number % config.penalty_every else rules.penalties,
            held_back=number % config.penalty_g_every > 0,
        )
        return core.make_step(recipe.build(config, facts, now), opt, **options)

    step = at(1)
    for every in sorted({config.penalty_every, config.penalty_g_every} - {1}):
        step = core.lazy(step, at(every), every)
    return Setup(recipe.build(config, facts, rules), opt, step, rules.noise)


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
    if config.augment == "ada":
        steer = augment.controller(target=config.ada_target, per=config.ada_images, axis_name=axis_name)
        return lambda d: augment.augmented(d, augment.ada(), adaptive=True, axis_name=axis_name), (steer,)
    return lambda d: d, ()

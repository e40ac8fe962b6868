"""From a Config's words to functions: losses, noise, optimizers, and the whole setup of a recipe."""

import copy
from collections.abc import Callable
from functools import partial, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from jaxgan import augment, core, losses, noise, steps, tasks
from jaxgan.core import GAN, Pair
from jaxgan.errors import BadInput
from jaxgan.optim import averages
from jaxgan.optim.lookahead import lookahead


class Rules(NamedTuple):
    """What a recipe's build takes from the Config's words."""

    loss: Pair
    penalties: tuple
    noise: Callable
    classes: int | None  # None for an unconditional game
    axis_name: str | None
    judge: Callable  # Net -> Net: the discriminator as it sees with what the Config asks for
    watchers: tuple
    steady: tuple  # penalties that are never lazy
    outer: Callable  # GAN -> GAN
    held_back: bool = False  # leaves G's own penalties out: for the steps between, where they are lazy

    def paired(self, generator, discriminator, *, penalties_g=(), **more):
        """`tasks.paired` of both under these rules."""
        rules = {"loss": self.loss, "penalties": (*self.penalties, *self.steady)}
        rules |= {"noise": self.noise, "watchers": self.watchers, "penalties_g": () if self.held_back else penalties_g}
        return self.outer(tasks.paired(generator, self.judge(discriminator), **rules, **more))


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
    arXiv:2501.05441, appendix).
    """
    t = jnp.minimum(images / config.burn_in_images, 1.0)
    gone = (1 - jnp.cos(jnp.pi * t)) / 2
    first = {name: getattr(config, name) for name in config.ends}
    return with_values(config, {name: first[name] + (end - first[name]) * gone for name, end in config.ends.items()})


def with_values(config, values):
    """The config with these values in place of its own, which may be traced: they are not checked."""
    now = copy.copy(config)
    for name, value in values.items():
        object.__setattr__(now, name, value)  # past a check, which could not read a tracer
    return now


def kinds(recipe, config, facts):
    """[(share, step)]: the different steps that a training is made of, and how many of all each is.

    One with a share of 1 but for lazy penalties, which some steps have and others not.
    """
    _, _, numbered, (every_d, every_g) = _parts(recipe, config, facts, None)
    due = [(number % every_d == 0, number % every_g == 0) for number in range(max(every_d, every_g))]
    return [(due.count(kind) / len(due), numbered(due.index(kind))) for kind in dict.fromkeys(due)]


def _setup(recipe, config, facts, axis_name):
    rules, opt, numbered, every = _parts(recipe, config, facts, axis_name)
    step = numbered(1)
    for often in sorted({*every} - {1}):
        step = steps.lazy(step, numbered(often), often)
    return Setup(recipe.build(config, facts, rules), opt, step, rules.noise)


def _parts(recipe, config, facts, axis_name):
    """(Rules, optimizers, number of a step -> step, how often D's and G's lazy penalties are due)."""
    rules = _rules(config, facts, axis_name)
    opt = optimizers(config)
    options = {
        "d_turns": config.d_turns,
        "fresh": config.fresh,
        "microbatches": config.microbatches,
        "ema_halflife_images": config.ema_halflife_images,
        "ema_ramp": config.ema_ramp,
        "axis_name": axis_name,
    }

    every_d, every_g = config.penalty_every if rules.penalties else 1, config.penalty_g_every

    def numbered(number):
        """The step of this number: with those of the lazy penalties whose turn it is."""
        now = rules._replace(
            penalties=() if number % every_d else rules.penalties,
            held_back=number % every_g > 0,
        )
        return core.make_step(recipe.build(config, facts, now), opt, **options)

    return rules, opt, numbered, (every_d, every_g)


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

    g, d = side(config.lr_g, 1), side(config.lr_d, config.d_turns)
    if config.clip_weights:
        d = optax.chain(d, losses.clip_weights(config.clip_weights))
    if config.lookahead:
        g, d = lookahead(g, config.lookahead), lookahead(d, config.lookahead * config.d_turns)
    return Pair(averages.track(g) if config.posthoc_ema else g, d)


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
    if isinstance(config.top_k, jax.Array) or config.top_k < 1:  # on its way to its end, or swept
        loss = losses.top_k(loss, config.top_k, axis_name)
    penalties = tuple(getattr(losses, name)(config.penalty_weight * config.penalty_every) for name in config.penalties)
    if config.pack > 1:
        penalties = tuple(augment.packed_penalty(penalty, config.pack) for penalty in penalties)
    judge, watchers = _sight(config, facts, axis_name)
    return Rules(
        loss=loss,
        penalties=penalties,
        noise=getattr(noise, config.noise)(config.z_dim),
        classes=found if config.conditional else None,
        axis_name=axis_name,
        judge=judge,
        watchers=watchers,
        steady=_consistency(config, facts),
        outer=_outer(config, axis_name),
    )


def _consistency(config, facts):
    if config.consistency and len(facts.shape) != 3:
        raise BadInput(f"--consistency {config.consistency} moves images, and {facts.name} has points: leave it away")
    copy = augment.diff_augment(("flip", "translation"))
    return (losses.consistency(copy, config.consistency, config.consistency),) if config.consistency else ()


def _outer(config, axis_name):
    if not config.unroll:
        return lambda gan: gan
    return lambda gan: tasks.unrolled(gan, config.unroll, config.unroll_rate, axis_name)


def _sight(config, facts, axis_name):
    """(Net -> Net, watchers): the discriminator with what it is to see in place of the samples."""
    if config.augment != "none" and len(facts.shape) != 3:
        raise BadInput(f"--augment {config.augment} is for images, and {facts.name} has points: leave it away")
    around, watchers = [], []  # what is around D, from within: what is last comes first to the samples
    if config.pack > 1:
        around.append(partial(augment.packed, m=config.pack))
    if config.instance_noise:
        noisy = augment.instance_noise(config.instance_noise)
        around.append(partial(augment.augmented, augment=noisy, axis_name=axis_name))
    if config.augment == "diffaugment":
        around.append(partial(augment.augmented, augment=augment.diff_augment(), axis_name=axis_name))
    if config.augment == "ada":
        if facts.shape[2] not in (1, 3):
            raise BadInput(
                f"--augment ada knows images of 1 or 3 channels, and {facts.name} has {facts.shape[2]}: take diffaugment, or "
                "--channels 3"
            )
        transform = augment.ada(config.ada_groups)
        fixed = lambda images, keys: transform(images, keys, config.augment_p)
        adaptive = config.augment_p is None
        seen = {"augment": transform if adaptive else fixed, "adaptive": adaptive, "axis_name": axis_name}
        around.append(partial(augment.augmented, **seen))
        if adaptive:
            per = config.ada_images / config.microbatches  # it counts the images of one part
            watchers.append(augment.controller(target=config.ada_target, per=per, axis_name=axis_name))
    if config.lecam:
        watchers.append(losses.lecam(config.lecam, warm_up=config.lecam_warm_up))
    return lambda d: reduce(lambda d, wrap: wrap(d), around, d), tuple(watchers)

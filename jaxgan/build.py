"""From a Config's words to functions: losses, noise, optimizers, and the whole experiment of a recipe."""

import copy
from collections.abc import Callable
from functools import partial, reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxgan import augment, core, losses, noise, steps, tasks
from jaxgan.core import GAN, Pair
from jaxgan.data import batch as batches
from jaxgan.errors import BadInput
from jaxgan.optim.build import optimizers


class Ingredients(NamedTuple):
    """What a recipe's build takes from the Config's words."""

    loss: Pair
    penalties: tuple
    noise: Callable
    classes: int | None  # None where G is given no label
    axis_name: str | None
    wrap_discriminator: Callable  # Net -> Net: the discriminator with what the Config puts before its input
    trackers: tuple
    never_lazy: tuple  # penalties that are due at every step
    wrap_gan: Callable  # GAN -> GAN
    skip_lazy_g: bool = False  # leaves G's own penalties out: for the steps between, where they are lazy
    moves_alone: str = ""  # the flag of what moves x and nothing that is shown beside it

    def adversarial(self, generator, discriminator, *, penalties_g=(), **more):
        """`tasks.adversarial` of both with these ingredients."""
        if more.get("shown") is not None and self.moves_alone:
            raise BadInput(f"{self.moves_alone} moves x alone, and this game shows something beside it: remove it")
        own = {"loss": self.loss, "penalties": (*self.penalties, *self.never_lazy), "noise": self.noise}
        own |= {"trackers": self.trackers, "penalties_g": () if self.skip_lazy_g else penalties_g}
        return self.wrap_gan(tasks.adversarial(generator, self.wrap_discriminator(discriminator), **own, **more))


class Experiment(NamedTuple):
    """All that a training is made of."""

    gan: GAN
    opt: Pair
    step: Callable


def game(recipe, config, specs, axis_name=None):
    """GAN of a recipe for data of these Specs: networks and losses alone. Raises BadInput where they do not fit each other."""
    return recipe.build(config, specs, _ingredients(config, specs, axis_name))


def latents(config):
    """The distribution that a config's latents are drawn from: (key, index) -> z."""
    return getattr(noise, config.noise)(config.z_dim)


def experiment(recipe, config, specs, axis_name=None):
    """Experiment of a recipe for data of these Specs. Raises BadInput where they do not fit each other."""
    start = _experiment(recipe, config, specs, axis_name)
    if not config.ends:
        return start

    def step(state, batch):
        now = at(config, state.step.astype(jnp.float32) * config.batch_size)
        return _experiment(recipe, now, specs, axis_name).step(state, batch)

    return start._replace(step=step)


def fresh_state(made, config, specs, key=None):
    """State at step 0 of an Experiment, of the key or of the config's seed."""
    key = jax.random.key(config.seed) if key is None else key
    return core.init_state(made.gan, made.opt, key, batches.zeros(config, specs))


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


def kinds(recipe, config, specs):
    """[(share, step)]: the different steps that a training is made of, and how many of all each is.

    One with a share of 1 but for lazy penalties, which some steps have and others not.
    """
    _, _, with_index, (every_d, every_g) = _parts(recipe, config, specs, None)
    due = [(number % every_d == 0, number % every_g == 0) for number in range(max(every_d, every_g))]
    return [(due.count(kind) / len(due), with_index(due.index(kind))) for kind in dict.fromkeys(due)]


def _experiment(recipe, config, specs, axis_name):
    ingredients, opt, with_index, every = _parts(recipe, config, specs, axis_name)
    step = with_index(1)
    for often in sorted({*every} - {1}):
        step = steps.lazy(step, with_index(often), often)
    return Experiment(recipe.build(config, specs, ingredients), opt, step)


def _parts(recipe, config, specs, axis_name):
    """(Ingredients, optimizers, number of a step -> step, how often D's and G's lazy penalties are due)."""
    ingredients = _ingredients(config, specs, axis_name)
    opt = optimizers(config)
    options = {
        "d_steps": config.d_steps,
        "new_fakes": config.new_fakes,
        "microbatches": config.microbatches,
        "ema_halflife_images": config.ema_halflife_images,
        "ema_ramp": config.ema_ramp,
        "axis_name": axis_name,
    }

    every_d, every_g = config.penalty_every if ingredients.penalties else 1, config.penalty_g_every

    def with_index(number):
        """The step of this number: with those of the lazy penalties whose turn it is."""
        now = ingredients._replace(
            penalties=() if number % every_d else ingredients.penalties,
            skip_lazy_g=number % every_g > 0,
        )
        return core.make_step(recipe.build(config, specs, now), opt, **options)

    return ingredients, opt, with_index, (every_d, every_g)


def _ingredients(config, specs, axis_name):
    label, made = specs.get("label"), specs[config.real]
    found = len(label.classes) if label else 0
    if "label" in config.given and not found:
        raise BadInput(
            f"--conditional needs labels, {config.data} has none: use sub-folders as classes, or --no-conditional"
        )
    if config.classes and config.classes != found:
        raise BadInput(
            f"--classes {config.classes}, but {config.data} has {found}: remove --classes, or give other data"
        )
    if config.flip and not hasattr(made.kind, "mirror"):
        raise BadInput(f"--flip mirrors images, and {config.data} has {_kind(made)}: remove it")
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
    wrap_discriminator, trackers = _discriminator_input(config, made, axis_name)
    return Ingredients(
        loss=loss,
        penalties=penalties,
        noise=latents(config),
        classes=found if "label" in config.given else None,
        axis_name=axis_name,
        wrap_discriminator=wrap_discriminator,
        trackers=trackers,
        never_lazy=_consistency(config, made),
        wrap_gan=_wrap_gan(config, axis_name),
        moves_alone=f"--consistency {config.consistency}" if config.consistency else "",
    )


def _kind(spec):
    return f"samples of the kind {spec.modality}"


def _consistency(config, made):
    if config.consistency and made.modality != "image":
        raise BadInput(
            f"--consistency {config.consistency} moves images, and {config.data} has {_kind(made)}: remove it"
        )
    copy = augment.diff_augment(("flip", "translation"))
    return (losses.consistency(copy, config.consistency, config.consistency),) if config.consistency else ()


def _wrap_gan(config, axis_name):
    if not config.unroll:
        return lambda gan: gan
    return lambda gan: tasks.unrolled(gan, config.unroll, config.unroll_rate, axis_name)


def _discriminator_input(config, made, axis_name):
    """(Net -> Net, trackers): the discriminator with what it is to see in place of the samples."""
    if config.augment != "none" and made.modality != "image":
        raise BadInput(f"--augment {config.augment} is for images, and {config.data} has {_kind(made)}: remove it")
    around, trackers = [], []  # what is around D, from within: what is last comes first to the samples
    wrap = partial(augment.augmented, axis_name=axis_name)
    if config.pack > 1:
        around.append(partial(augment.packed, m=config.pack))
    if config.instance_noise:
        around.append(partial(wrap, augment=augment.instance_noise(config.instance_noise), beside=augment.unmoved))
    if config.augment == "diffaugment":
        around.append(partial(wrap, augment=augment.diff_augment(), beside=augment.diff_augment("translation")))
    if config.augment == "ada":
        if made.shape[2] not in (1, 3):
            raise BadInput(
                f"--augment ada knows images of 1 or 3 channels, and {config.data} has {made.shape[2]}: take diffaugment, or "
                "--channels 3"
            )
        adaptive = config.augment_p is None
        at_p = lambda f: f if adaptive else lambda images, keys: f(images, keys, config.augment_p)
        transform, geometry = augment.ada(config.ada_groups), augment.ada_geometry(config.ada_groups)
        around.append(partial(wrap, augment=at_p(transform), beside=at_p(geometry), adaptive=adaptive))
        if adaptive:
            per = config.ada_images / config.microbatches  # it counts the images of one part
            trackers.append(augment.controller(target=config.ada_target, per=per, axis_name=axis_name))
    if config.lecam:
        trackers.append(losses.lecam(config.lecam, warm_up=config.lecam_warm_up))
    return lambda d: reduce(lambda d, wrap: wrap(d), around, d), tuple(trackers)

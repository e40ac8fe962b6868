"""Config, Specs of the data and numbers that move -> game, optimizers, step: what the options do to a recipe's ingredients."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from jaxgan import core, options, steps, tasks
from jaxgan.core import GAN, Pair, State
from jaxgan.data import batch as batches
from jaxgan.data.dataset import Spec
from jaxgan.errors import BadInput
from jaxgan.modalities.scale import batch_to_step
from jaxgan.net import Net
from jaxgan.options import Config, burn_in
from jaxgan.options.latents import latents
from jaxgan.sharing import Batch, Key, Step

__all__ = [
    "Context",
    "Experiment",
    "Ingredients",
    "experiment",
    "game",
    "ingredients_of",
    "initial_state",
    "kinds",
    "latents",
]


class Context(NamedTuple):
    """What an option can see besides the Config."""

    specs: Mapping[str, Spec]  # name -> Spec of the data
    made: Spec  # of what G makes
    axis_name: str | None
    moving: frozenset  # names of the fields that are arrays: scheduled, or swept

    @property
    def kind(self) -> str:
        """What G makes, in words."""
        return f"samples of the kind {self.made.modality}"


class Ingredients(NamedTuple):
    """What a recipe's build takes from the options, each of which adds to it."""

    axis_name: str | None
    loss: Pair | None = None
    penalties: tuple = ()
    noise: Callable | None = None
    classes: int | None = None  # None where G is given no label
    wrap_discriminator: Callable = lambda d: d  # Net -> Net: the discriminator with what comes before its input
    trackers: tuple = ()
    never_lazy: tuple = ()  # penalties that are due at every step
    # steps between those with the other penalties of a side, which are as many times as strong
    rare_every: Pair = core.ALWAYS
    wrap_gan: Callable = lambda gan: gan  # GAN -> GAN
    opt: Pair | None = None  # of optax transformations
    step: Any = {}  # options of core.make_step
    guard: Callable = lambda step: step  # Step -> Step, around all of it
    draws: tuple = ()  # (batch, key) -> batch, in order: what a step does to its batch before anybody sees it
    weight: ArrayLike = 1.0  # of the adversary, beside content terms
    moves_alone: str = ""  # the flag of what moves x and nothing that is shown beside it
    see: Callable = lambda generator: None  # is shown the Net of G, as the recipe makes it

    def with_draw(self, draw: Callable[[Batch, Key], Batch]) -> "Ingredients":
        """With another (batch, key) -> batch of columns in [-1, 1] before the step, behind those that are there."""
        return self._replace(draws=(*self.draws, draw))

    def around_d(self, wrap: Callable[[Net], Net]) -> "Ingredients":
        """With another Net -> Net around the discriminator: what is added last comes first to the samples."""
        inner = self.wrap_discriminator
        return self._replace(wrap_discriminator=lambda d: wrap(inner(d)))

    def adversarial(
        self, generator: Net, discriminator: Net, *, penalties_g: Sequence[Callable[..., Any]] = (), **more: Any
    ) -> GAN:
        """`tasks.adversarial` of both with these ingredients, and more. Raises BadInput for more of what an option makes."""
        if more.get("shown") is not None and self.moves_alone:
            raise BadInput(f"{self.moves_alone} takes x alone, and this game shows something beside it: remove it")
        self.see(generator)
        lazy = Pair(*(every > 1 for every in self.rare_every))
        own: dict[str, Any] = {name: getattr(self, name) for name in ("loss", "noise", "weight", "trackers")}
        own = {name: made for name, made in own.items() if made is not self._field_defaults[name]}
        terms: dict[str, Any] = {"penalties_g": () if lazy.g else tuple(penalties_g)}
        terms["penalties"] = (*(() if lazy.d else self.penalties), *self.never_lazy)
        terms["rare"] = Pair(tuple(penalties_g) if lazy.g else (), self.penalties if lazy.d else ())
        own |= {name: made for name, made in terms.items() if any(made)}
        if twice := ", ".join(sorted(own.keys() & more.keys())):
            raise BadInput(
                f"the recipe gives the game its own {twice}, and an option makes one too, which would not count: leave that "
                'option out, as config.tailored(loss="the recipe has its own") does'
            )
        return self.wrap_gan(tasks.adversarial(generator, self.wrap_discriminator(discriminator), **own, **more))


class Experiment(NamedTuple):
    """All that a training is made of."""

    gan: GAN
    opt: Pair
    step: Callable
    rare_every: Pair = core.ALWAYS  # steps between those that have the rare terms of a side


def ingredients_of(
    config: Config,
    specs: Mapping[str, Spec],
    axis_name: str | None = None,
    values: Mapping[str, ArrayLike] | None = None,
) -> Ingredients:
    """Ingredients of a Config for data of these Specs. values: {name: number} of what moves, which may be arrays.

    Whether an option is on is read from the config, and from which names move; a number that does not move stays a Python
    number, since a traced constant changes bits. Raises BadInput where options and data do not fit each other.
    """
    values = values or {}
    context = Context(specs, specs[config.real], axis_name, frozenset(values))
    number = lambda name: values[name] if name in values else getattr(config, name)
    ingredients = Ingredients(axis_name, rare_every=Pair(config.penalty_g_every, 1))
    for module in options.of(config):
        if hasattr(module, "apply"):
            ingredients = module.apply(ingredients, config, number, context)
    return ingredients


def game(recipe: ModuleType, config: Config, specs: Mapping[str, Spec], axis_name: str | None = None) -> GAN:
    """GAN of a recipe for data of these Specs: networks and losses alone. Raises BadInput where they do not fit each other."""
    return recipe.build(config, specs, ingredients_of(config, specs, axis_name))


def computed(config: Config, device: jax.Device) -> Config:
    """The config that a device computes: on a CPU in float32 whatever its dtype is, which is never slower there."""
    return dataclasses.replace(config, dtype="float32") if device.platform == "cpu" else config


def experiment(
    recipe: ModuleType,
    config: Config,
    specs: Mapping[str, Spec],
    axis_name: str | None = None,
    values: Mapping[str, ArrayLike] | None = None,
) -> Experiment:
    """Experiment of a recipe for data of these Specs; what has an end moves with the step.

    values: {name: number} in place of the config's, which may be arrays. Raises BadInput where recipe, options and data do
    not fit each other.
    """
    values = values or {}
    start = _experiment(recipe, config, specs, axis_name, values)
    if not config.ends:
        return start

    def step(state, batch):
        now = burn_in.moved(config, state.step.astype(jnp.float32) * config.batch_size, values)
        return _experiment(recipe, config, specs, axis_name, {**values, **now}).step(state, batch)

    return start._replace(step=step)


def initial_state(made: Experiment, config: Config, specs: Mapping[str, Spec], key: Key | None = None) -> State:
    """State at step 0 of an Experiment, of the key or of the config's seed."""
    key = jax.random.key(config.seed) if key is None else key
    state = core.init_state(made.gan, made.opt, key, batches.zeros(config, specs))
    return state._replace(skips=steps.no_skips()) if config.counts_skips else state


def kinds(recipe: ModuleType, config: Config, specs: Mapping[str, Spec]) -> list[tuple[float, Step, Pair]]:
    """[(share, step, due)]: the different steps that a training is made of, and how many of all each is; the first is step 0's.

    One with a share of 1 but for lazy penalties; due: whether the step has those of G, of D.
    """
    ingredients = ingredients_of(config, specs)
    gan, (g, d) = recipe.build(config, specs, ingredients), ingredients.rare_every
    all_ = math.lcm(g, d)
    counts = {Pair(True, True): 1, Pair(True, False): all_ // g - 1, Pair(False, True): all_ // d - 1}
    counts[Pair(False, False)] = all_ - sum(counts.values())
    always = ingredients._replace(rare_every=core.ALWAYS)

    def step(due):
        rare = Pair(*(term if now else None for term, now in zip(gan.rare, due, strict=True)))
        return _step(gan._replace(rare=rare), config, always, None)

    return [(count / all_, step(due), due) for due, count in counts.items() if count]


def _experiment(recipe, config, specs, axis_name, values):
    ingredients = ingredients_of(config, specs, axis_name, values)
    gan = recipe.build(config, specs, ingredients)
    step = ingredients.guard(_step(gan, config, ingredients, axis_name))
    return Experiment(gan, ingredients.opt, step, ingredients.rare_every)


def _step(gan, config, ingredients, axis_name):
    """The step of a game, on a batch that is drawn as the ingredients say."""
    options = {"rare_every": ingredients.rare_every, **ingredients.step}
    step = core.make_step(gan, ingredients.opt, axis_name=axis_name, **options)
    if not ingredients.draws:
        return step

    def draw(batch, key):
        batch = batch_to_step(batch)
        for i, one in enumerate(ingredients.draws):
            batch = one(batch, jax.random.fold_in(key, i))
        return batch

    return steps.drawn(step, draw, config.d_steps, axis_name)

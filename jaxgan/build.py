"""Config, Specs of the data and numbers that move -> game, optimizers, step: what the options do to a recipe's ingredients."""

import dataclasses
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
    wrap_gan: Callable = lambda gan: gan  # GAN -> GAN
    opt: Pair | None = None  # of optax transformations
    step: Any = {}  # options of core.make_step
    guard: Callable = lambda step: step  # Step -> Step, around all of it
    skip_lazy_g: bool = False  # leaves G's own penalties out: for the steps between, where they are lazy
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
        """`tasks.adversarial` of both with these ingredients."""
        if more.get("shown") is not None and self.moves_alone:
            raise BadInput(f"{self.moves_alone} takes x alone, and this game shows something beside it: remove it")
        self.see(generator)
        own: dict[str, Any] = {"loss": self.loss, "penalties": (*self.penalties, *self.never_lazy), "noise": self.noise}
        own |= {
            "weight": self.weight,
            "trackers": self.trackers,
            "penalties_g": () if self.skip_lazy_g else penalties_g,
        }
        return self.wrap_gan(tasks.adversarial(generator, self.wrap_discriminator(discriminator), **own, **more))


class Experiment(NamedTuple):
    """All that a training is made of."""

    gan: GAN
    opt: Pair
    step: Callable


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
    ingredients = Ingredients(axis_name)
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


def kinds(recipe: ModuleType, config: Config, specs: Mapping[str, Spec]) -> list[tuple[float, Step]]:
    """[(share, step)]: the different steps that a training is made of, and how many of all each is.

    One with a share of 1 but for lazy penalties, which some steps have and others not.
    """
    _, of_number, (every_d, every_g) = _parts(recipe, config, specs, None, {})
    due = [(number % every_d == 0, number % every_g == 0) for number in range(max(every_d, every_g))]
    return [(due.count(kind) / len(due), of_number(due.index(kind))) for kind in dict.fromkeys(due)]


def _experiment(recipe, config, specs, axis_name, values):
    ingredients, of_number, every = _parts(recipe, config, specs, axis_name, values)
    step = of_number(1)
    for often in sorted({*every} - {1}):
        step = steps.lazy(step, of_number(often), often)
    return Experiment(recipe.build(config, specs, ingredients), ingredients.opt, ingredients.guard(step))


def _parts(recipe, config, specs, axis_name, values):
    """(Ingredients, number of a step -> step, how often D's and G's lazy penalties are due)."""
    ingredients = ingredients_of(config, specs, axis_name, values)
    every_d, every_g = config.penalty_every if ingredients.penalties else 1, config.penalty_g_every

    def of_number(number):
        """The step of this number: with those of the lazy penalties whose turn it is."""
        now = ingredients._replace(
            penalties=() if number % every_d else ingredients.penalties,
            skip_lazy_g=number % every_g > 0,
        )
        step = core.make_step(recipe.build(config, specs, now), now.opt, axis_name=axis_name, **now.step)
        if not now.draws:
            return step

        def draw(batch, key):
            batch = batch_to_step(batch)
            for i, one in enumerate(now.draws):
                batch = one(batch, jax.random.fold_in(key, i))
            return batch

        return steps.drawn(step, draw, config.d_steps, axis_name)

    return ingredients, of_number, (every_d, every_g)

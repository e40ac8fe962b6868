"""One option, or one group of them, a file: what can be chosen, and what it does to a game. Found by its name.

A module here has
    Group: a frozen dataclass of the fields, each with its docstring and its `marks`.
    apply(ingredients, config, number, context) -> ingredients: what the option does to the `Ingredients` of a game; absent where
        it does nothing to a game. number(name): the field's value, or what moves in its place, an array.
    check(config): raises BadInput for values that contradict each other; absent where none can.
    EVERY: False where only those recipes have it that ask for it.
    PLACE: where its flags stand in the help. ORDER: which come first to be applied; what is applied first to D stands next to it.
"""

import importlib
import pkgutil
from collections.abc import Callable
from types import ModuleType
from typing import Any

Config = Any  # a jaxgan.config.Config: the class is made of the options that are found here
Ingredients = Any  # of jaxgan.build
Context = Any  # of jaxgan.build
Number = Callable[[str], Any]  # name of a field -> its value, or what moves in its place, an array

_TOOLS = {"marks"}


def names() -> list[str]:
    """Names of all options, as their flags stand in the help."""
    found = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in _TOOLS]
    return sorted(found, key=lambda name: get(name).PLACE)


def common() -> list[str]:
    """Names of those that every recipe has."""
    return [name for name in names() if getattr(get(name), "EVERY", True)]


def get(name: str) -> ModuleType:
    """The option's module."""
    return importlib.import_module(f"{__name__}.{name}")


def of(config: Config) -> list[ModuleType]:
    """Modules of the options that a Config, or its class, has, in the order in which they are applied."""
    kind = config if isinstance(config, type) else type(config)
    found = [get(name) for name in names() if issubclass(kind, get(name).Group)]
    return sorted(found, key=lambda module: getattr(module, "ORDER", 0))

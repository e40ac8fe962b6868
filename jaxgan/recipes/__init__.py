"""One published or seed setup a file: a frozen Config with its defaults, TINY overrides and build(config, facts, rules).

A recipe's docstring is its README. A new file here can be trained, sampled, benchmarked and is under test.
"""

import ast
import importlib
import pkgutil
from pathlib import Path

from jaxgan.errors import unknown


def names():
    """Names of all recipes."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def get(name):
    """The recipe's module. Raises BadInput, with the nearest names, where there is none."""
    if name not in names():
        raise unknown("recipe", name, names())
    return importlib.import_module(f"{__name__}.{name}")


def describe(name):
    """First line of the recipe's docstring, without importing it."""
    source = (Path(__path__[0]) / f"{name}.py").read_text()
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def __getattr__(name):
    if name in names():
        return get(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

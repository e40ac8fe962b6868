"""One published or seed setup a file: a frozen Config with its defaults, TINY overrides and build(config, specs, ingredients).

A recipe's docstring is its README. A new file here can be trained, sampled, benchmarked and is under test; a file anywhere
else is a recipe by its path.
"""

import ast
import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from jaxgan.errors import BadInput, unknown

_PARTS = ("Config", "TINY", "build")


def names():
    """Names of all recipes of the package."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def get(recipe):
    """The recipe's module: of a name, of the path of a Python file, or the one given.

    Raises BadInput, with the nearest names, where there is none, and for a file that is no recipe.
    """
    if not isinstance(recipe, str | Path):
        return recipe
    if str(recipe).endswith(".py"):
        return _of_file(Path(recipe))
    if recipe not in names():
        raise unknown("recipe", recipe, [*names(), "path/to/my_recipe.py"])
    return importlib.import_module(f"{__name__}.{recipe}")


def name(recipe):
    """Its name: that of its file."""
    return recipe.__name__.rpartition(".")[2]


def origin(recipe):
    """{"path", "sha256"} of the file of a recipe that is none of the package, None for those that are."""
    if recipe.__name__.startswith(f"{__name__}."):
        return None
    path = getattr(recipe, "__file__", None)
    content = Path(path).read_bytes() if path else b""
    return {"path": str(path or ""), "sha256": hashlib.sha256(content).hexdigest()}


def describe(recipe):
    """First line of the docstring of a recipe of the package, by name and without importing it, or of a module."""
    if isinstance(recipe, ModuleType):
        return (recipe.__doc__ or "").strip().partition("\n")[0]
    source = (Path(__path__[0]) / f"{recipe}.py").read_text()
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def _of_file(path):
    if not path.is_file():
        raise BadInput(f"there is no {path}: give the Python file of a recipe, or one of {', '.join(names())}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError) as error:
        raise BadInput(f"{path} cannot be loaded as a recipe ({type(error).__name__}: {error}): mend it") from error
    missing = [part for part in _PARTS if not hasattr(module, part)]
    if missing:
        raise BadInput(
            f"{path} is no recipe, it has no {', '.join(missing)}: see jaxgan/recipes/digits.py for what one has"
        )
    return module


def __getattr__(name):
    if name in names():
        return get(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

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
import sysconfig
from pathlib import Path
from types import ModuleType

from jaxgan.errors import BadInput, unknown

REVISION = 2
"""Of the losses, options and layers that all recipes share: changes where they compute other numbers. A recipe's own, of its
networks and their settings, is its REVISION, 1 where it has none."""
_PARTS = ("Config", "TINY", "build")
_NOT_LOADED = ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'")
_ORIGIN = "__jaxgan_origin__"  # attribute of the module of a recipe that is none of the package


def names() -> list[str]:
    """Names of all recipes of the package."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def get(recipe: str | Path | ModuleType) -> ModuleType:
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


def of_package(name: object) -> ModuleType:
    """The module of a recipe of the package, of a name that a file says: no other file is run. Raises BadInput for others."""
    if name not in names():
        raise unknown("recipe", name, names())
    return get(str(name))


def name(recipe: ModuleType) -> str:
    """Its name: that of its file."""
    path = getattr(recipe, "__file__", None)
    return Path(path).stem if path else recipe.__name__.rpartition(".")[2]


def revision(recipe: ModuleType) -> str:
    """Of its networks, and of what all recipes share: two trainings of one revision are the same."""
    return f"{getattr(recipe, 'REVISION', 1)}.{REVISION}"


def word(recipe: ModuleType) -> str:
    """What a command names it by: its name, or the path of a file of one's own."""
    own = origin(recipe)
    return name(recipe) if own is None else own["path"]


def origin(recipe: ModuleType) -> dict[str, str] | None:
    """{"path", "sha256"} of the file of a recipe that is none of the package, None for those that are.

    The hash is of the file, and of the files beside and below it that its text imports, outside of functions and by their names,
    as they were when it was loaded.
    Raises BadInput for a module without a file: a run of it could not be opened again.
    """
    if recipe.__name__.startswith(f"{__name__}."):
        return None
    if not hasattr(recipe, _ORIGIN):
        path = getattr(recipe, "__file__", None)
        if not path:
            raise BadInput(
                f"the recipe {recipe.__name__} is in no file: write it to one, a run of it is opened by that"
            )
        setattr(recipe, _ORIGIN, _origin(Path(path)))
    return getattr(recipe, _ORIGIN)


def _origin(path):
    own, digest = path.resolve(), hashlib.sha256(path.read_bytes())
    there = {name: file for name, file in _files().items() if own.parent in file.parents}
    found, todo = {own}, [own]
    while todo:
        new = _named(todo.pop(), there) - found
        found |= new
        todo += new
    for file in sorted(found - {own}):
        digest.update(f"{file.relative_to(own.parent)}".encode() + file.read_bytes())
    return {"path": str(path.absolute()), "sha256": digest.hexdigest()}


def _files():
    """{name: file} of all modules that somebody has written for himself: of no library, and not the program that runs."""
    modules = {
        name: getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if name != "__main__"
    }
    files = {name: Path(file) for name, file in modules.items() if isinstance(file, str) and file.endswith(".py")}
    files = {name: file.resolve() for name, file in files.items() if file.is_absolute() and file.is_file()}
    theirs = {Path(sysconfig.get_path("stdlib")).resolve(), Path(__path__[0]).resolve().parent}
    return {
        name: file for name, file in files.items() if "site-packages" not in file.parts and not theirs & {*file.parents}
    }


def _named(path, there):
    """Which of these files, {name of a module: file}, a file's text imports when it is loaded, whoever has imported others."""
    found = set()
    for node in _loaded(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [".".join(filter(None, (node.module, alias.name))) for alias in node.names]
        else:
            continue
        for parts in (name.split(".") for name in names):
            heads = [parts[: i + 1] for i in range(len(parts))]
            if level := getattr(node, "level", 0):
                start = [*path.parents[level - 1 : level]]  # none beyond the top
                places = [*start, *(place.joinpath(*head) for place in start for head in heads)]
                found |= {file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")}
            else:
                found |= {there[name] for name in map(".".join, heads) if name in there}
    return found & {*there.values()}


def _loaded(node):
    """What of a module's text is run when it is loaded: no bodies of functions, nothing for type checkers or programs alone."""
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.If) and ast.unparse(node.test) in _NOT_LOADED:
            children = node.orelse
        todo += [x for x in children if not isinstance(x, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]


def describe(recipe: str | ModuleType) -> str:
    """First line of the docstring of a recipe of the package, by name and without importing it, or of a module."""
    if isinstance(recipe, ModuleType):
        return (recipe.__doc__ or "").strip().partition("\n")[0]
    source = (Path(__path__[0]) / f"{recipe}.py").read_text()
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def _of_file(path):
    if not path.is_file():
        raise BadInput(f"there is no {path}: give the Python file of a recipe, or one of {', '.join(names())}")
    own = f"jaxgan_recipe_{path.stem}"  # a name that no other module has
    spec = importlib.util.spec_from_file_location(own, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[own] = module  # dataclasses look their module up
    sys.path.append(str(path.resolve().parent))  # for what it imports from beside it
    try:
        from jaxgan import config

        spec.loader.exec_module(module)
        missing = [part for part in _PARTS if not hasattr(module, part)]
        if missing:
            raise BadInput(f"it has no {', '.join(missing)}, see jaxgan/recipes/digits.py for what one has")
        if not (isinstance(module.Config, type) and issubclass(module.Config, config.Base)):
            raise BadInput("its Config is no subclass of jaxgan.config.Config")
        setattr(module, _ORIGIN, _origin(path))
    except Exception as error:  # whatever somebody's code raises; --debug shows where
        sys.modules.pop(own)
        said = (
            f"is no recipe, {error}"
            if isinstance(error, BadInput)
            else f"cannot be loaded ({type(error).__name__}: {error})"
        )
        raise BadInput(f"{path} {said}: mend it") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def __getattr__(name):
    if name in names():
        return get(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

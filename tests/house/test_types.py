"""What is public says what it takes and what it gives."""

import ast
from pathlib import Path

import pytest

import jaxgan

HOUSE = Path(jaxgan.__file__).parent
SHARE = 0.95  # of the arguments of a room
FINISHED = (  # files and folders of jaxgan
    *("core.py", "sharing.py", "steps.py", "net.py", "noise.py", "parallel.py"),
    *("checkpoint", "errors.py", "progress.py", "runtime.py"),
    *("losses", "augment", "tasks", "optim", "modalities", "data", "layers", "models", "metrics"),
    *(
        "config.py",
        "build.py",
        "runs",
        "options",
        "recipes",
        "inference",
        "reports",
        "evaluation",
        "cost",
        "cli",
        "training",
    ),
)


def public(tree, within=""):
    """(name, function, whether it is a method) of the public functions of a module, and of its public classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{within}{node.name}", node, bool(within)


def arguments(function, method):
    """Its arguments, without self and cls."""
    own = function.args
    static = any(getattr(each, "id", "") == "staticmethod" for each in function.decorator_list)
    places = [*own.posonlyargs, *own.args][1 if method and not static else 0 :]
    return [*places, *own.kwonlyargs, *(each for each in (own.vararg, own.kwarg) if each is not None)]


def functions(room):
    place = HOUSE / room
    for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
        for name, function, method in public(ast.parse(path.read_text())):
            yield f"{path.relative_to(HOUSE)}: {name}", function, arguments(function, method)


@pytest.mark.parametrize("room", FINISHED)
def test_public_arguments_and_returns_have_types(room):
    found = list(functions(room))
    every = [f"{name}({each.arg})" for name, _, own in found for each in own]
    bare = [f"{name}({each.arg})" for name, _, own in found for each in own if each.annotation is None]
    assert found or (HOUSE / room).is_file(), f"nothing is public in {room}: is it called something else?"
    assert len(bare) <= (1 - SHARE) * len(every), f"without a type: {bare}"
    assert [name for name, function, _ in found if function.returns is None] == []


def test_what_counts():
    code = """
class Open:
    def method(self, a: int, *rest, key=None) -> int: ...
    @staticmethod
    def alone(b): ...
    def _hidden(self, c): ...
class _Closed:
    def method(self, d): ...
def function(e, /, **options): ...
"""
    found = {name: [each.arg for each in arguments(node, method)] for name, node, method in public(ast.parse(code))}
    assert found == {"Open.method": ["a", "key", "rest"], "Open.alone": ["b"], "function": ["e", "options"]}

"""Imports go down only, heavy ones are lazy, and what Python promises as a package is there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jaxgan

HOUSE = Path(jaxgan.__file__).parent
FLOORS = [  # a module imports from floors below its own, or from within itself
    {"errors"},
    {"sharing", "names", "reading"},
    {"processes"},
    {"core"},
    {"steps", "net", "noise"},
    {"layers", "losses", "modalities"},
    {"augment", "optim"},
    {"models", "tasks", "data", "metrics", "degrade", "parallel", "checkpoint"},
    {"options"},
    {"config", "progress", "runtime"},
    {"recipes"},
    {"build"},
    {"runs"},
    {"reports"},
    {"inference"},
    {"evaluation"},
    {"training"},
    {"cost"},
    {"cli"},
    {"__main__", "__init__"},
]
ONLY_IN = {  # a dependency and the modules that may know of it
    "flax": {"net", "layers", "models", "metrics"},
    "orbax": {"checkpoint"},
    "tyro": {"cli"},
    "matplotlib": {"modalities"},
    "sklearn": {"data"},
    "rich": {"progress"},
    "skimage": {"data"},
    "tensorflow_datasets": {"data"},
}
FILES = sorted(HOUSE.rglob("*.py"))


def part(path):
    return path.relative_to(HOUSE).with_suffix("").parts[0]


def imports(path):
    """(module, names) of every import in the file, lazy ones included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module, [alias.name for alias in node.names]


def floor(name):
    return next(i for i, floor in enumerate(FLOORS) if name in floor)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_imports_go_down_only(path):
    own = part(path)
    for module, names in imports(path):
        if module.split(".")[0] != "jaxgan":
            continue
        others = [module.split(".")[1]] if "." in module else [n for n in names if any(n in f for f in FLOORS)]
        for other in others:
            assert other == own or floor(other) < floor(own), f"{own} imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_dependencies_stay_where_they_belong(path):
    for module, _ in imports(path):
        root = module.split(".")[0]
        assert root not in ONLY_IN or part(path) in ONLY_IN[root], f"{part(path)} imports {module}"
        assert not module.startswith(("jax._src", "jax.core"))
        assert not module.startswith("jax.interpreters") or path.relative_to(HOUSE) == Path("layers/primitive.py")


COUNT_AXES = {"modalities", "layers", "losses", "augment", "metrics", "models"}  # rooms that check arrays
ALSO = {  # files elsewhere that count axes of labels, rows, metrics, features or weights, and never of samples
    *("training/member.py", "training/rarely.py", "tasks/pooled.py", "data/dataset.py", "data/inspect.py"),
    *("data/sources/tfds.py", "data/sources/crops.py", "reports/figure.py", "net.py"),
}


def test_modalities_alone_say_what_a_sample_is():
    counting = {
        str(p.relative_to(HOUSE)) for p in FILES if re.search(r"\.ndim\b|np\.ndim|len\([\w.]*shape\)", p.read_text())
    }
    assert {name for name in counting if name.split("/")[0] not in COUNT_AXES} == ALSO
    assert [p.relative_to(HOUSE).parts[0] for p in FILES if "127.5" in p.read_text()] == ["modalities"]


def test_no_module_is_long_and_few_lie_flat():
    lengths = {str(p.relative_to(HOUSE)): len(p.read_text().splitlines()) for p in FILES}
    assert max(lengths.values()) <= 300 and lengths["core.py"] <= 240
    assert len([p for p in HOUSE.iterdir() if p.is_file()]) <= 16  # py.typed among them


def test_pmap_is_said_in_one_file():
    assert [p.name for p in FILES if "jax.pmap" in p.read_text()] == ["parallel.py"]


def test_import_is_lazy():
    heavy = (
        "{'jax', 'flax', 'optax', 'orbax', 'tyro', 'numpy', 'matplotlib', 'sklearn', 'skimage', 'tensorflow_datasets'}"
    )
    code = f"import sys, jaxgan, jaxgan.cli; print(sorted({heavy} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_all_public_names_are_there():
    for name in jaxgan.__all__:
        assert getattr(jaxgan, name) is not None
    assert (HOUSE / "py.typed").exists()
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = jaxgan.nothing


def test_scripts_are_doors_to_the_command_or_tools_with_their_own_help():
    scripts = {p.stem: p for p in (HOUSE.parent / "scripts").glob("*.py")}
    doors, tools = {"bench", "evaluate", "report", "sample", "train"}, {"convert_inception", "same_numbers", "torture"}
    assert set(scripts) == doors | tools
    for name, path in scripts.items():
        out = subprocess.run([sys.executable, path, "--help"], capture_output=True, text=True, check=True).stdout
        assert (f"usage: jaxgan {name}" if name in doors else f"usage: {name}.py") in out


def test_nothing_is_printed_but_by_what_shows_a_terminal_no_commands():
    printing = {
        path.relative_to(HOUSE).as_posix()
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    }
    assert printing == {"names.py", "progress.py"}

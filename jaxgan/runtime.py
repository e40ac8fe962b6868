"""The process that everything runs in: its memory, its caches. Imports nothing heavy, so that it can come first."""

import ast
import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jaxgan.errors import BadInput

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # of glibc's mallopt
_MOST = 2**31 - 1
_PROGRAMS = 2**31  # bytes of compiled programs that are kept
_DETERMINISTIC = "--xla_gpu_deterministic_ops"


def keep_memory() -> None:
    """Lets glibc keep what is freed, for the process that trains on a CPU: XLA takes a step's temporary memory anew each time.

    Otherwise the system takes it back, and clears it page by page at the next step. Without glibc nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _MOST), (_TRIM_THRESHOLD, _MOST), (_TOP_PAD, 2**28)):
            mallopt(option, value)


def check_float32() -> None:
    """Raises BadInput where JAX is told to compute in float64, in which what a run keeps would be of another kind.

    JAX itself is not imported for that.
    """
    jax = sys.modules.get("jax")
    asked = os.environ.get("JAX_ENABLE_X64", "").lower() in ("y", "yes", "t", "true", "on", "1")
    if asked if jax is None else jax.config.jax_enable_x64:
        raise BadInput("JAX_ENABLE_X64 is on, or jax_enable_x64, and runs are float32: unset it")


def deterministic() -> None:
    """Lets XLA take only those programs of a GPU that give the same bits each time, which are slower. Before JAX sees a device.

    On a CPU and a TPU they always do.
    """
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_DETERMINISTIC}=true".strip()


def is_deterministic() -> bool:
    """Whether what is trained by this process gives the same bits each time, on the device that it is trained on."""
    import jax

    return jax.default_backend() != "gpu" or f"{_DETERMINISTIC}=true" in os.environ.get("XLA_FLAGS", "")


def constants(folder: str | Path, name: str) -> dict[str, Any]:
    """{module: value} of a constant of this name in the modules of a folder that have it, without importing them."""
    found = {}
    for path in sorted(Path(folder).glob("*.py")):
        for target, value in _assignments(path):
            pairs = zip(target.elts, value.elts, strict=True) if isinstance(target, ast.Tuple) else [(target, value)]
            for own, value in pairs:
                if getattr(own, "id", "") == name:
                    found[path.stem] = ast.literal_eval(value)
    return found


@functools.cache
def _assignments(path: Path) -> list[tuple[ast.expr, Any]]:
    """(target, value) of each assignment of a module."""
    return [(node.targets[0], node.value) for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)]


def keep_programs() -> None:
    """Lets JAX keep what takes longer than 0.1 s to compile in JAXGAN_CACHE/xla, where nobody told it another place.

    Only where nobody else can write to it: programs are code. Brought down to 2 GiB first, without those made longest ago.
    """
    import jax

    from jaxgan.data import caches

    if jax.config.jax_compilation_cache_dir is None and (folder := caches.own("xla")):
        caches.keep_newest(folder, _PROGRAMS)
        jax.config.update("jax_compilation_cache_dir", str(folder))
        if jax.config.jax_persistent_cache_min_compile_time_secs == 1:  # where nobody said otherwise
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def for_once() -> dict[str, Any] | None:
    """compiler_options of a program that runs once, as an initialisation does: on a CPU LLVM takes longer than the program.

    With its lower level DCGAN's takes 2.1 in place of 5.3 s of processor time to compile. What it gives may differ in a last bit.
    """
    import jax

    return {"xla_backend_optimization_level": 1} if jax.default_backend() == "cpu" else None


@contextlib.contextmanager
def forgotten_programs() -> Iterator[None]:
    """Within it JAX keeps every program, in a place that is empty at first and gone in the end."""
    import tempfile

    import jax
    from jax.experimental.compilation_cache import compilation_cache

    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name, value in zip(names, (folder, 0.0), strict=True):
                jax.config.update(name, value)
            compilation_cache.reset_cache()
            yield
        finally:
            for name, value in before.items():
                jax.config.update(name, value)
            compilation_cache.reset_cache()

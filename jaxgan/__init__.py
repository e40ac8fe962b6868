"""jaxgan: GANs as pure functions. A GAN is a game between two parameter trees.

Everything is loaded when it is first touched, so `import jaxgan` costs nothing.
"""

import importlib

from jaxgan._version import __version__

_NAMES = {
    "GAN": "core",
    "Pair": "core",
    "Losses": "core",
    "Player": "core",
    "State": "core",
    "Turns": "core",
    "init_state": "core",
    "make_turns": "core",
    "make_step": "core",
    "repeat": "core",
    "lazy": "core",
    "load": "runs",
    "BadInput": "errors",
}
_MODULES = (
    *(
        "assemble",
        "augment",
        "bench",
        "checkpoint",
        "config",
        "core",
        "data",
        "errors",
        "estimate",
        "layers",
        "loop",
        "losses",
    ),
    *(
        "models",
        "net",
        "noise",
        "optimizers",
        "parallel",
        "pictures",
        "posthoc",
        "recipes",
        "runs",
        "sampling",
        "tasks",
        "training",
        "metrics",
        "report",
        "writers",
        "evaluation",
    ),
)

__all__ = ["__version__", *_NAMES, *_MODULES]


def __getattr__(name):
    if name in _NAMES:
        return getattr(importlib.import_module(f"jaxgan.{_NAMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"jaxgan.{name}")
    raise AttributeError(f"module 'jaxgan' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)

"""jaxgan: GANs as pure functions. A GAN is a game between two parameter trees.

Everything is loaded when it is first touched, so `import jaxgan` costs nothing.
"""

import importlib

__version__ = "0.1.0.dev0"

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
    "repeat": "steps",
    "load": "inference",
    "BadInput": "errors",
}
_MODULES = (
    *(
        "augment",
        "build",
        "checkpoint",
        "config",
        "core",
        "cost",
        "data",
        "errors",
        "evaluation",
        "inference",
        "layers",
    ),
    *(
        "losses",
        "metrics",
        "modalities",
        "models",
        "net",
        "noise",
        "optim",
        "options",
        "parallel",
        "progress",
        "recipes",
    ),
    *("reports", "runs", "runtime", "sharing", "steps", "tasks", "training"),
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

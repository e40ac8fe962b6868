"""From a recipe and its config to a run folder: one training or several side by side, the loop, its hooks, and when it ends."""

from jaxgan.training.compiled import CompiledStep, compose, deadline, dispatch, held_out, loader, prepare
from jaxgan.training.population import Population, members
from jaxgan.training.rerun import Rerun, rerun
from jaxgan.training.train import RESUME, Stopped, train, train_population

__all__ = [
    "RESUME",
    "CompiledStep",
    "Population",
    "Rerun",
    "Stopped",
    "compose",
    "deadline",
    "dispatch",
    "held_out",
    "loader",
    "members",
    "prepare",
    "rerun",
    "train",
    "train_population",
]

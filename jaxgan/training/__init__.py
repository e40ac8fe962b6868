"""From a recipe and its config to a run folder: one training or many, the loop, its hooks, and when it ends."""

from jaxgan.training.train import (
    RESUME,
    CompiledStep,
    Stopped,
    compose,
    deadline,
    dispatch,
    held_out,
    loader,
    prepare,
    train,
)

__all__ = [
    "RESUME",
    "CompiledStep",
    "Stopped",
    "compose",
    "deadline",
    "dispatch",
    "held_out",
    "loader",
    "prepare",
    "train",
]

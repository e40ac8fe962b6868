"""From a recipe and its config to a run folder: one training or many, the loop, its hooks, and when it ends."""

from jaxgan.training.train import RESUME, Program, Stopped, compose, deadline, dispatch, feed, held_out, prepare, train

__all__ = ["RESUME", "Program", "Stopped", "compose", "deadline", "dispatch", "feed", "held_out", "prepare", "train"]

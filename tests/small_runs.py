"""Small runs of the ring, and what their folders hold."""

import json
import os
from pathlib import Path

import jax
import jax.numpy as jnp

from jaxgan.core import Player, State

RING = ["train", "ring", "--tiny", "--schedule", "constant", "--save-every-steps", "10", "--log-every-steps", "5"]
RING += ["--sample-every-steps", "20"]


def result(folder):
    return json.loads((Path(folder) / "result.json").read_text())


def rows(folder):
    return [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]


def saved(folder):
    return sorted(int(name) for name in os.listdir(Path(folder) / "checkpoints"))


def state(step=3):
    """A state of that step, of one kernel a side."""
    side = lambda x: Player({"kernel": jnp.full((4, 2), x)}, {}, (jnp.zeros(()),))
    return State(jnp.int32(step), jax.random.key(0), side(1.0), side(2.0), {"params": {"kernel": jnp.ones((4, 2))}})

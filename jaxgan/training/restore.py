"""The state that runs go on from."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from jaxgan.core import State
from jaxgan.errors import BadInput, Damaged
from jaxgan.training.member import Member


def restored(members: Sequence[Member], program: Any, home: Any, resume: str) -> tuple[State | None, dict[str, Any]]:
    """(state, note) of the newest step that all living members have whole; (None, {}) where there never was one.

    Later ones of members that were ahead by a save are put by. Raises BadInput where one is further ahead, where there was
    one and none is whole, or resume is "must"; TryAgain where one cannot be read now.
    """
    living = [member for member in members if member.diverged is None]
    if not living:
        raise BadInput(f"all {len(members)} runs in {home} have diverged: begin anew, with another --out")
    host = _host() if program.mode == "fsdp" else None
    shapes, damaged = jax.eval_shape(program.begin), [dict[int, Exception]() for _ in living]
    common = set.intersection(*(set(member.store.steps()) for member in living))
    for step in sorted(common, reverse=True):
        found: list[Any] = []
        for member, errors in zip(living, damaged, strict=True):
            try:
                found.append(member.store.restore(shapes, only=step, device=host))
            except Damaged as error:
                errors[step] = error
        if len(found) < len(living):
            continue
        known = max([step, *(n for errors in damaged for n in errors)]) + living[0].run.config.save_every_steps
        for member in living:
            if (newest := member.store.steps()[-1]) > known:
                raise BadInput(
                    f"{member.run.folder} has gone on by itself to step {newest}, and the others are at {step}: go on with each "
                    f"alone, --config {member.run.folder}/config.json --out {member.run.folder} --resume auto"
                )
        for member, errors in zip(living, damaged, strict=True):  # only now: there is something to go on from
            member.store.set_aside(errors)
            member.store.put_by(step)  # who is ahead could save nothing before it is there again
        states = iter(found)
        whole, notes = zip(*(next(states) if member.diverged is None else found[0] for member in members), strict=True)
        return program.restored(whole), notes[0] if len(members) == 1 else {**notes[0], "metrics": _beside(notes)}
    if common:
        raise BadInput(
            f"none of the checkpoints {sorted(common)} in {home} can be read: nothing was moved; train again, with another --out"
        )
    there = {member.run.folder.name: member.store.steps() for member in living}
    if any(there.values()):
        words = "; ".join(f"{name} has {', '.join(map(str, steps)) or 'none'}" for name, steps in there.items())
        raise BadInput(
            f"the runs in {home} have no checkpoint of the same step ({words}): go on with one of them alone, "
            f"--config {home}/00/config.json --out {home}/00 --resume auto"
        )
    if any(member.store.marked for member in living):
        raise BadInput(
            f"{home} had a checkpoint, and has none to go on from: put it back, or train again, with another --out"
        )
    if resume == "must":
        raise BadInput(f"--resume must, but {home} has no checkpoint to go on from: --resume auto begins it again")
    return None, {}


def _host():
    """The device that a state comes to before it is cut, None for the first, where JAX was told to see no CPU."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return None


def _beside(notes):
    """The rows of members in one: an array of each column's numbers."""
    rows = [note["metrics"] for note in notes]
    names = set.intersection(*(set(row) for row in rows))
    return {name: np.array([row[name] for row in rows], float) for name in names}

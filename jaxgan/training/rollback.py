"""Back to the last checkpoint after a divergence, and on with other draws."""

from pathlib import Path
from typing import Any

import jax

from jaxgan import reading, runs
from jaxgan.checkpoint.damage import of_the_machine
from jaxgan.core import State
from jaxgan.errors import BadInput, Diverged, TryAgain
from jaxgan.processes import agree
from jaxgan.reports import samples

MOST = 3
"""Rollbacks to one and the same checkpoint: what diverges more often does so for another reason than its draws."""
_FILE = "rollbacks.json"


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Rollbacks of a run so far: {"number", "to": step of the checkpoint, "why"} each. Raises BadInput where they are damaged."""
    path = folder / _FILE
    if not path.exists():
        return []
    try:
        found = reading.json_of(path)
        return [{"number": int(one["number"]), "to": int(one["to"]), "why": str(one["why"])} for one in found]
    except (OSError, ValueError, TypeError, KeyError) as error:
        if of_the_machine(error):
            raise TryAgain(f"{path} cannot be read now ({error}): nothing was changed, try the same again") from error
        raise BadInput(f"{path} cannot be read ({error}): which draws the run went on with is not known") from error


def check(folder: Path, to: int, error: Diverged) -> None:
    """Raises `error` where there were MOST rollbacks to the checkpoint of step `to`."""
    if sum(one["to"] == to for one in recorded(folder)) >= MOST:
        raise Diverged(f"{error}, and so it did after each of {MOST} rollbacks to step {to}") from error


def back(folder: Path, to: int, error: Diverged) -> int:
    """Number of the rollback to the checkpoint of step `to` that is to follow, recorded."""
    before = recorded(folder)
    number = len(before) + 1
    agree.gathered(0)  # all have read it
    if agree.writer():
        samples.drop_after(folder, to)
        (folder / "result.json").unlink(missing_ok=True)  # of an end that is none any more
        runs.write_json(folder / _FILE, [*before, {"number": number, "to": to, "why": str(error)}])
    agree.gathered(0)  # and read it again when it is written
    return number


def moved(state: State, folder: Path, known: int) -> tuple[State, int]:
    """(state, number of rollbacks that it has behind it) of a checkpoint that knew of `known` of them.

    Each rollback to it since has folded its number into the key that it was saved with.
    """
    step, there = int(state.step), recorded(folder)
    if known > len(there):
        raise BadInput(
            f"the checkpoint of step {step} has {known} rollbacks behind it, and {folder / _FILE} tells of {len(there)}: put "
            "that back, or train again, with another --out"
        )
    since = [one["number"] for one in there if one["number"] > known and one["to"] == step]
    if not since:
        return state, known
    return state._replace(key=jax.random.fold_in(state.key, since[-1])), since[-1]

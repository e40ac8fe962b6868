"""What a training says at its end, in words."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxgan import recipes
from jaxgan.layers import onednn


def diverged(error: Exception, members: Sequence[Any], home: Path) -> str:
    """That it diverged, what there is of it, what could be tried."""
    advice = "try lower --lr-g and --lr-d, or a --penalty"
    if len(members) > 1:
        return f"all {len(members)} trainings in {home} diverged: {error}; {advice}"
    whole = members[0].store.steps()
    saved = f"step {whole[-1]} in {home} is the last state that was saved" if whole else "nothing was saved yet"
    return f"the training diverged: {error}; {saved}; {advice}"


def computing(asked: str, dtype: str, before: str | None, start: int) -> list[str]:
    """What the networks compute in, where that is not what was asked for, or what they computed in before step `start`."""
    said = [f"computing in {dtype}: on a CPU {asked} is slower, and rounds more"] if dtype != asked else []
    if before not in (None, onednn.computed_in(dtype)):
        said.append(f"up to step {start} this run was computed in {before}: its numbers are no other machine's alone")
    return said


def command(recipe: Any, members: Sequence[Any], home: Path) -> str:
    """What goes on with it."""
    out, first, word = map(shlex.quote, (str(home), str(home / "00"), recipes.word(recipe)))
    again = f"the same command with --out {out} --resume auto"
    if len(members) == 1:
        return again
    config = shlex.quote(str(home / "00" / "config.json"))
    return f"{again}, or one of them, jaxgan train {word} --config {config} --out {first} --resume auto"
